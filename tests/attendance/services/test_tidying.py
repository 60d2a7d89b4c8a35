"""What has been kept long enough goes while the service runs, without anybody's doing."""

import time

from attendance.access import Actor
from attendance.register.retention import UNDO
from gallery.repositories import news


def test_settled_faces_and_old_news_go(app, draw, clock):
    """A face goes some minutes after it was settled, and news after a month; what is newer stays."""
    app.enroll(draw("ada.png", (1,)), name="Ada", external_id="E-1")
    (found,) = app.check(draw("door.png", (1, 20)))
    app.review_desk.settle(Actor("Grace"), None, found.sighting, "right")
    app.tidying.once()
    assert app.reviews.face(found.sighting) is not None
    clock.forward(seconds=UNDO.total_seconds() + 1)
    app.tidying.once()
    assert app.reviews.face(found.sighting) is None
    clock.forward(days=29)
    app.tidying.once()
    with app.store.reading() as view:
        before = news.latest(view)
        assert news.after(view, 0)
    clock.forward(days=2)
    app.tidying.once()
    with app.store.reading() as view:
        assert ([], True) == (news.after(view, 0), before > 0)


def test_it_runs_beside_and_ends_when_told(app, monkeypatch):
    """It begins at once, goes on, and is over when the service closes it; begun twice it runs once."""
    done = []
    monkeypatch.setattr("attendance.services.tidying.EVERY_S", 0.001)
    monkeypatch.setattr(app.tidying, "once", lambda: done.append(1))
    app.tidying.start()
    app.tidying.start()
    last = time.monotonic() + 10
    while len(done) < 3 and time.monotonic() < last:
        time.sleep(0.005)
    app.tidying.close()
    count = len(done)
    time.sleep(0.02)
    assert (True, count) == (count >= 3, len(done))
