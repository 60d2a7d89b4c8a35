"""Marks: one a person and session, whoever makes them, with the evidence and the story."""

from datetime import timedelta

import pytest

from attendance.errors import MarkUnknown, MarkVoided, SessionClosed
from gallery import history
from gallery.errors import GalleryError


@pytest.fixture
def ada(app, draw) -> int:
    return app.enroll(draw("ada.png", (1,)), name="Ada").person.key


@pytest.fixture
def session(app, clock):
    return app.sessions.open("Maths", at=clock.now)


def story(app, mark: str) -> list[str]:
    with app.store.reading() as transaction:
        return [event.action for event in history(transaction, subject=mark)]


def test_once(app, ada, session, clock):
    """The same sighting again returns the first mark, untouched."""
    first = app.marks.mark(ada, session, at=clock.now, how="file", evidence={"score": 0.5})
    again = app.marks.mark(ada, session, at=clock.now + timedelta(hours=1), how="camera", evidence={})
    assert (True, False) == (first.new, again.new)
    assert first.mark == again.mark == app.marks.of(ada, session.id)
    assert ["mark.add"] == story(app, first.mark.id)


def test_void_stays_void(app, ada, session, clock):
    """A voided mark keeps its row and reason, and no sighting makes it again."""
    made = app.marks.mark(ada, session, at=clock.now, how="camera", evidence={"score": 0.5}).mark
    gone = app.marks.void(ada, session, reason="a photo on a phone", at=clock.now)
    assert (False, "a photo on a phone", {"score": 0.5}) == (gone.valid, gone.void_reason, dict(gone.evidence))
    seen = app.marks.mark(ada, session, at=clock.now, how="camera", evidence={})
    assert (False, False) == (seen.new, seen.mark.valid)
    assert ["mark.add", "mark.void"] == story(app, made.id)


def test_by_hand_restores(app, ada, session, clock):
    """A mark by hand overrules the void one; the story tells of both."""
    made = app.marks.mark(ada, session, at=clock.now, how="camera", evidence={}).mark
    app.marks.void(ada, session, reason="wrong", at=clock.now)
    clock.forward(minutes=5)
    restored = app.marks.mark(ada, session, at=clock.now, how="manual", evidence={"note": "she was here"})
    assert (True, True, "manual", clock.now) == (
        restored.new,
        restored.mark.valid,
        restored.mark.how,
        restored.mark.at,
    )
    assert ["mark.add", "mark.void", "mark.restore"] == story(app, made.id)


def test_manual_mark_changes_no_valid_one(app, ada, session, clock):
    """Marking by hand who is marked already changes nothing."""
    made = app.marks.mark(ada, session, at=clock.now, how="camera", evidence={}).mark
    again = app.marks.mark(ada, session, at=clock.now, how="manual", evidence={})
    assert (made, False) == (again.mark, again.new)


def test_void_needs_a_valid_mark(app, ada, session, clock):
    """What is not there, or void already, cannot be voided."""
    with pytest.raises(MarkUnknown):
        app.marks.void(ada, session, reason="x", at=clock.now)
    app.marks.mark(ada, session, at=clock.now, how="camera", evidence={})
    app.marks.void(ada, session, reason="x", at=clock.now)
    with pytest.raises(MarkVoided):
        app.marks.void(ada, session, reason="y", at=clock.now)


def test_closed_session_takes_none(app, ada, session, clock):
    """A session that another program closed meanwhile takes no mark, but for one by hand."""
    app.sessions.close("Maths", at=clock.now)
    with pytest.raises(SessionClosed):
        app.marks.mark(ada, session, at=clock.now, how="camera", evidence={})
    assert [] == app.marks.of_session(session.id)
    assert app.marks.mark(ada, session, at=clock.now, how="manual", evidence={}).new, "a person may correct"


def test_removed_person_is_not_marked(app, ada, session, clock):
    """Somebody removed between judging and marking is refused, and nothing is half written."""
    app.gallery.remove(ada, at=clock.now, by="tester")
    with pytest.raises(GalleryError):
        app.marks.mark(ada, session, at=clock.now, how="camera", evidence={})
    assert [] == app.marks.of_session(session.id)
    assert [] == app.gallery.verify()
