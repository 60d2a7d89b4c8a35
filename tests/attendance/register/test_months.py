"""Closed months: no mark, void, correction, approval, coverage by hand or recording touches a day in one."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from attendance import Attendance
from attendance.errors import MonthClosed
from attendance.register.marks import Customs, Marks
from attendance.register.months import refuse_closed
from attendance.scope import Scope
from gallery.repositories import months

LAST_DAY, FIRST_DAY = "2026-02-28", "2026-03-01"


@pytest.fixture
def ada(app, draw, clock) -> Attendance:
    """Ada is enrolled since January and was marked on the last of February; it is the second of March."""
    clock.forward(days=-60)
    app.enroll(draw("ada.png", (1,)), name="Ada", external_id="A")
    clock.forward(days=60)
    app.mark("Ada", session=LAST_DAY, at="08:00")
    return app


def say(app, *, closed: bool, month: str = "2026-02") -> None:
    with app.store.atomic() as step:
        months.add(step, month, closed=closed, at=app.clock.now, by="head", reason="r", digest="0" * 64)


@pytest.fixture
def shut(ada) -> Attendance:
    """February is closed."""
    say(ada, closed=True)
    return ada


CHANGES = {
    "mark": lambda app, _: app.mark("Ada", session=LAST_DAY, direction="out"),
    "mark at a time": lambda app, _: app.mark("Ada", at="2026-02-28T23:59:59"),
    "void": lambda app, _: app.void("Ada", session=LAST_DAY, reason="x"),
    "correct": lambda app, _: app.correct("Ada", session=LAST_DAY, at="08:05", reason="x"),
    "coverage by hand": lambda app, _: app.coverings.add(
        app.actor, begins="08:00", ends="08:15", day=date(2026, 2, 28), reason="x"
    ),
    "coverage across midnight": lambda app, _: app.coverings.add(
        app.actor, begins="2026-02-28T23:00", ends="2026-03-01T00:30", reason="x"
    ),
    "picture": lambda app, draw: list(app.check(draw("a.png", (1, 90)), session=LAST_DAY)),
    "decisions": lambda app, draw: app.record_picture(list(app.check(draw("a.png", (1, 90)), dry_run=True)), LAST_DAY),
    "empty picture": lambda app, _: app.record_picture([], LAST_DAY),
    "note": lambda app, _: app.note_check("file", LAST_DAY),
    "time shown": lambda app, _: app.desk.cover_shown(
        Scope(LAST_DAY), datetime(2026, 2, 28, 8, tzinfo=UTC), datetime(2026, 2, 28, 9, tzinfo=UTC)
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_closed_month_is_left_alone(shut, draw, change):
    """Whatever would change it is refused in a line with the month, since when, by whom, and the day; nothing stays."""
    before = everything(shut)
    with pytest.raises(MonthClosed) as refused:
        CHANGES[change](shut, draw)
    told = "2026-02: this month was closed at 2026-03-02T07:58:11.204Z by head, and 2026-02-28 would change"
    assert told == str(refused.value)
    assert before == everything(shut)


@pytest.mark.parametrize("change", CHANGES)
def test_opened_again_it_is_open(shut, draw, change):
    """The latest word on a month counts."""
    say(shut, closed=False)
    CHANGES[change](shut, draw)


def everything(app) -> list:
    found = app.gallery.stats()
    return [found.marks, found.sightings, app.sessions.checks(), app.coverings.list(date(2026, 2, 1), date(2026, 3, 2))]


def test_a_recording_is_refused_before_it_is_judged(shut, draw, pipeline, monkeypatch):
    """No picture of a closed month is read; a dry run, which writes nothing, may look."""
    picture = draw("a.png", (1, 90))
    assert ["present"] == [each.decision for each in shut.check(picture, session=LAST_DAY, dry_run=True)]
    monkeypatch.setattr(pipeline, "faces", None)
    with pytest.raises(MonthClosed):
        shut.check(picture, session=LAST_DAY)


def test_the_first_instant_of_the_next_month_is_free(shut):
    """00:00:00 of the first day may be changed, the second before may not."""
    assert shut.enter("Ada", at="2026-03-01T00:00:00").new
    with pytest.raises(MonthClosed):
        shut.enter("Ada", at="2026-02-28T23:59:59")


def test_the_day_is_that_of_the_wall(home, ada, pipeline, clock):
    """In Auckland the first of March begins thirteen hours before it does in UTC."""
    say(ada, closed=True)
    with Attendance.open(home, clock=clock, pipeline=pipeline, flags={"time_zone": "Pacific/Auckland"}) as app:
        assert app.enter("Ada", at="2026-02-28T11:00:00Z").new
        with pytest.raises(MonthClosed):
            app.enter("Ada", at="2026-02-28T10:59:59Z", direction="out")


def test_a_review_of_a_closed_month_marks_nobody(ada, draw):
    """Who confirms a review of a day in a closed month is refused, and the review goes on waiting."""
    (found,) = ada.check(draw("door.png", (1, 20)), session=LAST_DAY)
    say(ada, closed=True)
    for change in (
        lambda: ada.reviews.confirm(ada.actor, found.sighting),
        lambda: ada.reviews.reassign(ada.actor, found.sighting, "Ada"),
    ):
        with pytest.raises(MonthClosed):
            change()
    assert [found.sighting] == [each.sighting.id for each in ada.reviews.waiting()]


@pytest.mark.usefixtures("ada")
def test_an_approval_in_a_closed_month(home, pipeline, clock):
    """What waits of a closed month can be neither approved nor refused."""
    flags = {"second_approval": True}
    with Attendance.open(home, clock=clock, pipeline=pipeline, flags=flags) as app:
        made = app.mark("Ada", session=LAST_DAY, direction="out")
        say(app, closed=True)
        other = replace(app.actor, name="head")
        for change in (app.approvals.approve, lambda *given: app.approvals.refuse(*given, reason="x")):
            with pytest.raises(MonthClosed):
                change(other, [made.id])
        assert [made.id] == [each.id for each in app.approvals.waiting()]


def test_a_camera_asks_nothing_of_closed_months(shut, pipeline):
    """What is seen now is recorded, and costs no look at the months: the present one cannot be closed."""
    (decision,) = shut.judge([pipeline._face(0, 1, 90, 80)], source="door")
    assert "present" == shut.record(replace(decision, track=1), how="camera").decision


def test_days_that_a_mark_also_belongs_to(ada, clock):
    """A mark of the first of March that belongs to a night begun in a closed February is refused, by hand."""
    say(ada, closed=True)
    at = datetime(2026, 3, 1, 5, tzinfo=UTC)
    asked = []

    def also(transaction, person, instant):
        assert transaction is not None
        asked.append((person, instant))
        return [date(2026, 2, 28)]

    ada_id = ada.gallery.find("A").id
    marks = Marks(ada.store, "t", Customs(also=also))
    session = ada.sessions.by_hand(FIRST_DAY, clock.now)
    with pytest.raises(MonthClosed):
        marks.mark(ada_id, session, at=at, how="manual", entered=clock.now)
    assert [(ada_id, at)] == asked


def test_a_month_that_nobody_spoke_of_is_open(app):
    """Without a word on it every month is open."""
    with app.store.reading() as view:
        refuse_closed(view, [date(2026, 2, 28)])
        refuse_closed(view, [])
