"""What is listed of when people were looked for, what somebody adds by hand, and what recordings of a day show."""

from datetime import UTC, date, datetime, timedelta

import pytest

from attendance import Attendance
from attendance.errors import CoverageSpan, GroupUnknown, PlaceUnknown, ReportPeriod, SourceCut
from attendance.live import LiveSummary
from attendance.services import watching
from attendance.services.doctor import Doctor
from gallery import history
from gallery.repositories import coverage

MONDAY, SUNDAY = date(2026, 3, 2), date(2026, 3, 1)


@pytest.fixture
def people(app, draw, clock) -> Attendance:
    """Ada of 7b is enrolled since a week; it is Monday, 18:00."""
    clock.now = datetime(2026, 2, 23, tzinfo=UTC)
    app.enroll(draw("ada.png", (1,)), name="Ada", external_id="A", groups=["7b"])
    clock.now = datetime(2026, 3, 2, 18, tzinfo=UTC)
    return app


def at(hour: float, day: date = MONDAY) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=hour)


def looked(app, begin, end, source="Door", kind="camera", day=MONDAY):
    with app.store.atomic() as step:
        coverage.begin(step, kind, source, begins=at(begin, day), ends=at(end, day), at=at(end, day), by="t")


def listed(app, *days) -> list[tuple]:
    return [(each.what, each.source, each.begins.hour, each.ends.hour) for each in app.coverings.list(*days)]


def test_spans_and_the_gap_between(people):
    """A camera that was off from nine to eleven has two spans and a gap between them, each with its times."""
    looked(people, 8, 9)
    looked(people, 11, 17)
    assert [("span", "Door", 8, 9), ("gap", "Door", 9, 11), ("span", "Door", 11, 17)] == listed(people)
    gap = people.coverings.list()[1].to_dict()
    assert ("2026-03-02T09:00:00+00:00", "2026-03-02T11:00:00+00:00", None) == (gap["begins"], gap["ends"], gap["by"])


def test_days_are_asked_for(people):
    """Without days it is today; one day alone is that day; what reaches into a day is listed with it."""
    looked(people, 8, 9)
    looked(people, 20, 25, day=SUNDAY)
    looked(people, 8, 9, day=date(2026, 2, 27))
    today = [("span", "Door", 20, 1), ("gap", "Door", 1, 8), ("span", "Door", 8, 9)]
    assert today == listed(people)
    assert [("span", "Door", 20, 1)] == listed(people, SUNDAY) == listed(people, None, SUNDAY)
    assert today == listed(people, SUNDAY, MONDAY)
    assert [] == listed(people, date(2026, 2, 28))
    with pytest.raises(ReportPeriod):
        people.coverings.list(MONDAY, SUNDAY)


def test_somebody_has_watched(people):
    """What is added by hand is a span of its own kind, with who says so and why, and the log tells of it."""
    made = people.coverings.add(people.actor, begins="8:00", ends="08:15", reason="I took the roll")
    assert [made] == people.coverings.list()
    assert ("hand", "in person", at(8), at(8.25), None, "I took the roll", people.actor.name) == (
        made.kind, made.source, made.begins, made.ends, made.group, made.reason, made.by,
    )  # fmt: skip
    with people.store.reading() as view:
        (event,) = history(view, action="coverage.add")
    assert (people.actor.name, {"place": None, "seconds": 900}) == (event.by, event.details)


def test_somebody_has_watched_at_a_place_for_a_group(people):
    """Given a place and a group it is for these; a whole instant may lie on another day."""
    people.places.add(people.actor, "Gym", kind="kiosk", site="North")
    people.coverings.add(
        people.actor, begins="2026-02-27T23:30", ends="2026-02-28T00:30Z", place="Gym", group="7b", reason="party"
    )
    (made,) = people.coverings.list(date(2026, 2, 28))
    assert ("Gym", "North", "7b") == (made.source, made.site, made.group)


@pytest.mark.parametrize(
    ("begins", "ends", "error"),
    [
        ("08:15", "08:15", CoverageSpan),
        ("09:00", "08:00", CoverageSpan),
        ("17:00", "18:01", CoverageSpan),
        ("8", "9", CoverageSpan),
        ("08:00", "soon", CoverageSpan),
        ("2026-03-03T08:00", "2026-03-03T09:00", CoverageSpan),
    ],
)
def test_times_that_are_no_span(people, begins, ends, error):
    """A time that cannot be read, or has not come yet, or is not before the other, is refused; nothing is noted."""
    with pytest.raises(error):
        people.coverings.add(people.actor, begins=begins, ends=ends, reason="x")
    assert [] == people.coverings.list()


@pytest.mark.parametrize(("more", "error"), [({"place": "Hall"}, PlaceUnknown), ({"group": "7c"}, GroupUnknown)])
def test_what_is_not_there(people, more, error):
    """A place or a group that is not there is refused."""
    with pytest.raises(error):
        people.coverings.add(people.actor, begins="08:00", ends="09:00", reason="x", **more)


# --- recordings of a day gone by -------------------------------------------------------------------------------


def shown(app) -> list[tuple]:
    return [(each.begins, each.ends, each.group) for each in app.coverings.list(SUNDAY)]


def test_a_recording_that_somebody_says_the_time_of(people, draw):
    """With its time a recording of yesterday covers that, for the group looked for, once it was looked through."""
    list(people.check(draw("a.png", (1, 90)), session="2026-03-01", group="7b", covers="08:00-08:15"))
    assert [(at(8, SUNDAY), at(8.25, SUNDAY), "7b")] == shown(people)


def test_without_its_time_it_covers_nothing(people, draw):
    """Who is on a recording of yesterday is marked, and nobody was absent by it."""
    found = list(people.check(draw("a.png", (1, 90)), session="2026-03-01"))
    assert (["present"], []) == ([each.decision for each in found], shown(people))


@pytest.mark.parametrize("more", [{"dry_run": True}, {}])
def test_what_was_not_looked_through_whole_covers_nothing(people, draw, tmp_path, more):
    """Where one of the files cannot be read, or nothing is written at all, the time given is not noted."""
    (tmp_path / "broken.png").write_bytes(b"no picture")
    said, files = [], [draw("a.png", (1, 90)), *([] if more else [tmp_path / "broken.png"])]
    list(
        people.check(
            *files, session="2026-03-01", covers="08:00-08:15", on_problem=lambda _: None, on_status=said.append, **more
        )
    )
    assert [] == shown(people)
    told = "not all of it could be looked through, so the time given with --covers is not noted"
    assert ([] if more else [told]) == said


@pytest.mark.parametrize(
    ("frames", "state", "covered"), [(100, "ended", 1), (91, "ended", 1), (89, "ended", 0), (100, "stopped", 0)]
)
def test_a_video_that_may_be_cut_covers_nothing(people, tmp_path, monkeypatch, frames, state, covered):
    """A video that ends well before it says, or that somebody stopped, does not show the whole time."""
    monkeypatch.setattr(
        watching, "check_video", lambda *_, **__: LiveSummary(frames, 0, 0, 0, 25.0, state, declared=100)
    )
    (tmp_path / "a.mp4").write_bytes(b"film")
    list(people.check(tmp_path / "a.mp4", session="2026-03-01", covers="08:00-08:15"))
    assert covered == len(shown(people))


def test_a_video_that_breaks_off_covers_nothing(people, tmp_path, monkeypatch):
    """A video that could be read in part does not show the whole time."""

    def cut(*_, **__):
        raise SourceCut("a.mp4", "breaks off")

    monkeypatch.setattr(watching, "check_video", cut)
    (tmp_path / "a.mp4").write_bytes(b"film")
    list(people.check(tmp_path / "a.mp4", session="2026-03-01", covers="08:00-08:15", on_problem=lambda _: None))
    assert [] == shown(people)


def test_nobody_to_recognise(app, draw):
    """Where nobody can be recognised the time is not noted, and that is said."""
    said = []
    list(app.check(draw("a.png", (9,)), session="2026-03-01", covers="06:00-06:15", on_status=said.append))
    assert ["nobody could be recognised, so the time given with --covers is not noted"] == said
    assert [] == shown(app)


@pytest.mark.parametrize(
    ("covers", "session"),
    [
        ("08:00-08:15", None),
        ("08:00-08:15", "2026-03-02"),
        ("08:00-08:15", "Maths"),
        ("08:00", "2026-03-01"),
        ("08:15-08:00", "2026-03-01"),
        ("a-b", "2026-03-01"),
        ("", "2026-03-01"),
    ],
)
def test_what_no_recording_shows(people, draw, clock, covers, session):
    """A time is told of recordings of a day gone by alone: what is checked for today is taken for what is seen now."""
    people.sessions.open("Maths", at=clock.now)
    with pytest.raises(CoverageSpan):
        people.check(draw("a.png", (1, 90)), session=session, covers=covers)


def test_the_time_is_that_of_the_days_session(people, home, clock, pipeline):
    """A day that has a session already goes by the clock of that session's zone, wherever the site is now."""
    people.mark("Ada", session="2026-03-01")
    with Attendance.open(home, clock=clock, pipeline=pipeline, flags={"time_zone": "Asia/Tokyo"}) as app:
        assert (at(8, SUNDAY), at(9, SUNDAY)) == app.coverings.shown("08:00\N{EN DASH}09:00", "2026-03-01")
        saturday = date(2026, 2, 28)
        assert (at(-1, saturday), at(0, saturday)) == app.coverings.shown("08:00 - 09:00", "2026-02-28")


# --- doctor ----------------------------------------------------------------------------------------------------


def found(app) -> list:
    return [each for each in Doctor(app.home, app.clock).examine() if each.check == "coverage"]


def test_doctor_names_gaps_of_today_and_yesterday(people, monkeypatch):
    """A camera that paused within a day is named with its times, as a note that is no problem; older ones are not."""
    monkeypatch.setenv("ATTENDANCE_TIME_ZONE", "Europe/Berlin")
    for begin, end, day in (
        (8, 9, MONDAY), (9.5, 17, MONDAY), (8, 9, SUNDAY), (11, 12, SUNDAY), (8, 9, date(2026, 2, 28)),
        (11, 12, date(2026, 2, 28)),
    ):  # fmt: skip
        looked(people, begin, end, day=day)
    notes = found(people)
    assert [
        "Door has not looked from 2026-03-01 10:00 to 12:00: nobody counts as absent by it then",
        "Door has not looked from 2026-03-02 10:00 to 10:30: nobody counts as absent by it then",
    ] == [each.detail for each in notes]
    assert {("coverage.gap", 0, True)} == {(each.id, each.exit_code, each.ok) for each in notes}
    assert "attendance coverage add" in notes[0].repair


def test_a_place_is_found_as_everywhere_else(people):
    """However its letters are put together the name is the place's; an address in its stead shows no password."""
    people.places.add(people.actor, "Caf\u00e9", kind="kiosk")
    span = {"begins": "2026-03-01T08:00", "ends": "2026-03-01T09:00", "reason": "party"}
    assert "Caf\u00e9" == people.coverings.add(people.actor, place=" Cafe\u0301 ", **span).source
    with pytest.raises(PlaceUnknown) as refused:
        people.coverings.add(people.actor, place="rtsp://root:geheim@cam/1", **span)
    assert "geheim" not in refused.value.line


def test_doctor_on_a_normal_evening(people):
    """A night, a short pause and a picture are no gaps; where no camera looks nothing is said."""
    assert [] == found(people)
    looked(people, 8, 9, "files", "file")
    assert [] == found(people)
    looked(people, 8, 17, day=SUNDAY)
    looked(people, 8, 9)
    looked(people, 9 + 4 / 60, 17)
    (note,) = found(people)
    assert (None, "no camera has paused for more than five minutes, yesterday or today") == (note.id, note.detail)
