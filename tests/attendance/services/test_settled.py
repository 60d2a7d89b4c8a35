"""A closed month stays as it was closed: what would change it from outside is refused, what does not goes through."""

from datetime import UTC, date, datetime

import pytest

from attendance import Attendance
from attendance.access import Actor
from attendance.errors import MonthClosed, MonthInvalid
from attendance.scope import Scope
from attendance.services.statuses import StatusesWanted
from attendance.timetable.digest import digest
from attendance.timetable.ruleparts import Parts
from gallery.repositories import coverage

HEAD, CLERK = Actor("head"), Actor("clerk")
MARCH = "2026-03"
PHRASE = "correct horse battery staple"
LAST, NEXT = date(2026, 3, 31), date(2026, 4, 1)
NIGHT = Parts(rrule="FREQ=DAILY", begins="22:00", ends="06:00", pairing="first-last")
MORNING = Parts(rrule="FREQ=DAILY", begins="06:00", ends="14:00", pairing="first-last")


@pytest.fixture
def school(app, draw, clock):
    """Ada and Bob have a lesson each day of March, which somebody watches; Ann is Ada once more, without photos."""
    clock.now = datetime(2026, 2, 20, 12, tzinfo=UTC)
    for number, name in enumerate(("Ada", "Bob"), 1):
        app.enroll(draw(f"{name}.png", (number,)), name=name, external_id=name[0], groups=["7b"])
    app.gallery.add_person("Ann", external_id="N", at=clock.utc(), by="x")
    lesson = Parts(rrule="FREQ=DAILY", begins="08:00", ends="08:45", site="Hall")
    app.timetables.add(HEAD, "Lesson", lesson, first=date(2026, 3, 1), group="7b")
    app.places.add(HEAD, "door", kind="kiosk", site="Hall")
    clock.now = datetime(2026, 3, 4, 12, tzinfo=UTC)
    app.mark("Ada", at="2026-03-02T08:02Z")
    app.coverings.add(HEAD, begins="07:55", ends="09:00", reason="x", place="door")
    clock.now = datetime(2026, 4, 2, 12, tzinfo=UTC)
    return app


@pytest.fixture
def closed(school):
    """March is closed."""
    school.months.close(HEAD, MARCH)
    return school


def said(app: Attendance) -> str:
    return digest(app.statuses.derive(StatusesWanted(date(2026, 3, 1), LAST)).rows)


CHANGING = {
    "deactivate since a day": lambda app: app.leaving.set_active(HEAD, "Bob", False, since=date(2026, 3, 20)),
    "deactivate from ever": lambda app: app.leaving.set_active(HEAD, "Bob", False, since=date(2026, 1, 1)),
    "merge": lambda app: app.people.merge(HEAD, "Bob", "Ada"),
    "merge of somebody expected into somebody who is not": lambda app: app.people.merge(HEAD, "Ada", "Ann"),
    "a place at another site": lambda app: app.places.change(HEAD, "door", site="Gym"),
}


@pytest.mark.parametrize("change", CHANGING)
def test_what_would_change_it_is_refused(closed, change):
    """The month is named, with since when and by whom; nothing stays of the change."""
    before, people = said(closed), closed.gallery.people(active=None)
    with pytest.raises(MonthClosed, match=r"2026-03: this month was closed at .* by head, and statuses of it would"):
        CHANGING[change](closed)
    assert (before, people) == (said(closed), closed.gallery.people(active=None))
    assert closed.months.verify(MARCH).same


@pytest.mark.parametrize("change", CHANGING)
def test_opened_again_it_is_done(closed, change):
    """Each of them does change the month, once somebody has opened it."""
    before = said(closed)
    closed.months.open(HEAD, MARCH, reason="x")
    CHANGING[change](closed)
    assert before != said(closed)


SPARING = {
    "deactivate now": lambda app: app.leaving.set_active(HEAD, "Bob", False),
    "deactivate since a day after it": lambda app: app.leaving.set_active(HEAD, "Bob", False, since=NEXT),
    "merge of somebody never expected": lambda app: app.people.merge(HEAD, "Ann", "Ada"),
    "a place with another group": lambda app: app.places.change(HEAD, "door", group="7b"),
    "everybody leaves the group": lambda app: [app.people.put_in(HEAD, each, []) for each in ("Ada", "Bob")],
    "another name": lambda app: app.people.rename(HEAD, "Ada", "Ada King"),
}


@pytest.mark.parametrize("change", SPARING)
def test_what_changes_nothing_goes_through(closed, change):
    """The month is as it was afterwards."""
    SPARING[change](closed)
    assert closed.months.verify(MARCH).same


def test_who_comes_back_since_a_day(school):
    """To have been there all along is refused, too, for somebody who was away when the month was closed."""
    school.leaving.set_active(HEAD, "Bob", False, since=date(2026, 3, 10))
    school.months.close(HEAD, MARCH)
    with pytest.raises(MonthClosed):
        school.leaving.set_active(HEAD, "Bob", True, since=date(2026, 3, 12))
    school.leaving.set_active(HEAD, "Bob", True, since=NEXT)
    assert school.months.verify(MARCH).same


def test_whom_an_archive_brings_is_no_part_of_it(closed, clock, pipeline, tmp_path):
    """Somebody known elsewhere since long ago was not here when the month was closed."""
    with Attendance.open(tmp_path / "elsewhere", clock=clock, pipeline=pipeline) as there:
        there.gallery.add_person("Zoe", external_id="Z", groups=["7b"], at=datetime(2026, 1, 1, tzinfo=UTC), by="x")
        there.archives.export(tmp_path / "people.zip")
    clock.forward(seconds=1)
    closed.archives.take_in(HEAD, tmp_path / "people.zip")
    assert closed.months.verify(MARCH).same
    april = closed.statuses.derive(StatusesWanted(NEXT, NEXT)).rows
    assert ["A", "B", "Z"] == [closed.gallery.find(each.person).external_id for each in april]


# Since when people can be recognised


@pytest.fixture
def watched(app, draw, clock, pipeline, tmp_path):
    """Zoe comes with her photo from an archive on 20 March; a camera has looked on the 10th and on the 24th."""
    clock.now = datetime(2026, 1, 7, 12, tzinfo=UTC)
    with Attendance.open(tmp_path / "elsewhere", clock=clock, pipeline=pipeline) as there:
        there.enroll(draw("zoe.png", (9,)), name="Zoe", external_id="Z", groups=["7b"])
        there.archives.export(tmp_path / "people.zip", passphrase=PHRASE)
    clock.now = datetime(2026, 3, 20, 12, tzinfo=UTC)
    app.archives.take_in(HEAD, tmp_path / "people.zip", passphrase=PHRASE)
    app.timetables.add(HEAD, "Lesson", Parts(rrule="FREQ=DAILY", begins="08:00", ends="08:45"), first=date(2026, 3, 1))
    with app.store.atomic() as step:
        for day in (10, 24):
            at = datetime(2026, 3, day, 7, tzinfo=UTC)
            coverage.begin(step, "camera", "hall", begins=at, ends=at.replace(hour=10), at=at, by="x")
    clock.now = datetime(2026, 4, 2, 12, tzinfo=UTC)
    return app


def on(app: Attendance, day: int) -> str:
    (row,) = app.statuses.derive(StatusesWanted(date(2026, 3, day), date(2026, 3, day))).rows
    return str(row.status)


def test_from_an_archive_they_are_recognised_since_it_came(watched):
    """A camera that looked before did not know them, whenever they were enrolled elsewhere."""
    assert ("no log", "absent") == (on(watched, 10), on(watched, 24))


def test_more_photos_change_nothing_of_before(watched, draw):
    """Nor does a photo that is enrolled later, or that the old templates are of another pipeline now."""
    before = said(watched)
    watched.enroll(draw("again.png", (9,), seed=1), name="Zoe", external_id="Z")
    assert before == said(watched)
    watched.gallery.go_by("another")
    assert before == said(watched)


def test_photos_of_a_number_merged_away_count(watched, clock):
    """Who was enrolled under another number could be recognised since then."""
    clock.now = datetime(2026, 3, 22, 12, tzinfo=UTC)
    watched.gallery.add_person("Zo", external_id="Z2", at=clock.utc(), by="x")
    clock.now = datetime(2026, 4, 2, 12, tzinfo=UTC)
    watched.people.merge(HEAD, "Z", "Z2")
    assert ("no log", "absent") == (on(watched, 10), on(watched, 24))


# The night before


@pytest.fixture
def shifts(app, draw, clock):
    """Ada's night shifts go over into morning shifts; she came in on the last evening of March."""
    clock.now = datetime(2026, 2, 20, 12, tzinfo=UTC)
    app.enroll(draw("ada.png", (1,)), name="Ada", external_id="A")
    app.timetables.add(HEAD, "Night", NIGHT, first=date(2026, 3, 30))
    app.timetables.add(HEAD, "Morning", MORNING, first=date(2026, 3, 30))
    clock.now = datetime(2026, 3, 31, 22, 1, tzinfo=UTC)
    app.mark("Ada", direction="in")
    return app


def test_a_night_that_a_mark_may_still_carry_on_is_waited_for(shifts, clock):
    """While she can go out of the shift that follows, that may say until when she was there."""
    clock.now = datetime(2026, 4, 1, 14, 29, 59, tzinfo=UTC)
    with pytest.raises(MonthInvalid, match="1 of its statuses are not settled"):
        shifts.months.close(HEAD, MARCH)
    clock.forward(seconds=1)
    assert shifts.months.close(HEAD, MARCH).closed


@pytest.mark.parametrize("at", ["2026-04-01T13:55Z", "2026-04-01T06:20Z"])
def test_a_mark_that_would_carry_a_closed_night_on_is_refused(shifts, clock, at, tmp_path):
    """Out of the next morning's shift is a word on the night before; so it is in a device's list."""
    clock.now = datetime(2026, 4, 3, 12, tzinfo=UTC)
    shifts.months.close(HEAD, MARCH)
    with pytest.raises(MonthClosed):
        shifts.mark("Ada", direction="out", at=at)
    path = tmp_path / "list.csv"
    path.write_text(f"person,at,direction\nA,{at},out\n")
    from attendance.services.markimport import MarksWanted

    done = shifts.mark_import.take_in(CLERK, MarksWanted(path))
    assert (0, ["month.closed"]) == (done.new, [each.code for each in done.refused])
    assert shifts.mark("Ada", at="2026-04-02T13:00Z", direction="out")
    assert shifts.months.verify(MARCH).same


def test_a_mark_that_carries_a_closed_night_on_stays(shifts, clock):
    """What closes a presence of a closed month is not taken back."""
    clock.now = datetime(2026, 4, 3, 12, tzinfo=UTC)
    out = shifts.mark("Ada", direction="out", at="2026-04-01T13:55Z")
    shifts.months.close(HEAD, MARCH)
    with pytest.raises(MonthClosed):
        shifts.void("Ada", session="2026-04-01", reason="x", mark=out.id)
    assert shifts.months.verify(MARCH).same


def test_whole_nights_keep_nobody_from_the_next_morning(shifts, clock):
    """Who has gone out of the night itself is marked for the morning shift as ever."""
    clock.now = datetime(2026, 4, 3, 12, tzinfo=UTC)
    shifts.mark("Ada", direction="out", at="2026-04-01T05:58Z")
    shifts.months.close(HEAD, MARCH)
    shifts.mark("Ada", direction="in", at="2026-04-01T06:31Z")
    shifts.mark("Ada", direction="out", at="2026-04-01T13:58Z")
    assert shifts.months.verify(MARCH).same


LOOKS = {
    "by hand": lambda app, _: app.coverings.add(HEAD, begins="00:30", ends="01:00", day=NEXT, reason="x"),
    "without a gap": lambda app, _: app.coverings.add(HEAD, begins="06:04", ends="07:00", day=NEXT, reason="x"),
    "recordings": lambda app, _: app.desk.cover_shown(
        Scope(f"{NEXT}"), datetime(2026, 4, 1, 1, tzinfo=UTC), datetime(2026, 4, 1, 2, tzinfo=UTC)
    ),
    "an excuse": lambda app, _: app.excuses.add(HEAD, "Ada", "2026-04-01T01:00", "2026-04-01T02:00", reason="x"),
    "an excuse approved": lambda app, excuse: app.approvals.approve(CLERK, [str(excuse)]),
    "an excuse withdrawn": lambda app, excuse: app.excuses.withdraw(HEAD, excuse, reason="x"),
}


@pytest.mark.parametrize("look", LOOKS)
def test_what_is_of_the_night_before_is_refused(shifts, clock, look):
    """A look or an excuse after midnight is of the night that began in the closed month."""
    clock.now = datetime(2026, 4, 3, 12, tzinfo=UTC)
    shifts.excuses._awaits = True  # as the setting second_approval says
    excuse = shifts.excuses.add(HEAD, "Ada", "2026-04-01T01:00", "2026-04-01T02:00", reason="x").stored.id
    shifts.months.close(HEAD, MARCH)
    with pytest.raises(MonthClosed):
        LOOKS[look](shifts, excuse)
    shifts.coverings.add(HEAD, begins="06:06", ends="07:00", day=NEXT, reason="x")
    assert shifts.months.verify(MARCH).same


def test_another_zone_of_the_site_changes_no_status(home, clock, pipeline, closed):
    """Rules keep the zone they were made in, marks their instants and sessions: old statuses are what they were."""
    before = said(closed)
    closed.close()
    with Attendance.open(home, clock=clock, pipeline=pipeline, flags={"time_zone": "Pacific/Apia"}) as moved:
        assert (before, True) == (said(moved), moved.months.verify(MARCH).same)


# What lies beside it


@pytest.fixture
def nights(app, draw, clock):
    """Ada of the nights went out ten minutes after the last night of March; the early ones begin then."""
    clock.now = datetime(2026, 2, 20, 12, tzinfo=UTC)
    app.enroll(draw("ada.png", (1,)), name="Ada", external_id="A", groups=["nights"])
    app.enroll(draw("bob.png", (2,)), name="Bob", external_id="B", groups=["early"])
    app.timetables.add(HEAD, "Night", NIGHT, first=date(2026, 3, 30), until=NEXT, group="nights")
    app.timetables.add(HEAD, "Early", MORNING, first=NEXT, group="early")
    clock.now = datetime(2026, 4, 1, 14, 31, tzinfo=UTC)
    app.mark("Ada", at="2026-03-31T22:00Z")
    app.mark("Ada", at="2026-04-01T06:10Z")
    return app


BESIDE = {
    "a rule": lambda app: app.timetables.add(HEAD, "More", MORNING, first=NEXT, group="nights"),
    "a group": lambda app: app.people.put_in(HEAD, "Ada", ["nights", "early"], since=NEXT),
}


@pytest.mark.parametrize("change", BESIDE)
def test_what_would_take_a_mark_of_the_last_night_is_refused(nights, clock, change):
    """The mark counts for what it lies in: with a shift on the first of April the night would be left without end."""
    nights.months.close(HEAD, MARCH)
    clock.forward(days=1)
    before = said(nights)
    with pytest.raises(MonthClosed):
        BESIDE[change](nights)
    assert (before, True) == (said(nights), nights.months.verify(MARCH).same)
    nights.months.open(HEAD, MARCH, reason="x")
    BESIDE[change](nights)
    assert before != said(nights)


def test_what_takes_no_mark_goes_through(nights, clock):
    """The same shift a day later, or for others, leaves the month as it was."""
    nights.months.close(HEAD, MARCH)
    clock.forward(days=1)
    nights.timetables.add(HEAD, "More", MORNING, first=date(2026, 4, 2), group="nights")
    nights.timetables.add(HEAD, "Other", MORNING, first=NEXT, group="early")
    nights.people.put_in(HEAD, "Bob", ["nights"], since=NEXT)
    assert nights.months.verify(MARCH).same
