"""Statuses follow from what is stored, and from nothing else."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from random import Random

import pytest

from attendance import Attendance
from attendance.errors import GroupUnknown, RuleUnknown
from attendance.services.backup import backup, key_file, restore
from attendance.services.statuses import Derived, StatusesWanted
from attendance.timetable.attended import Status
from attendance.timetable.rule import Pairing, Rule
from gallery.repositories import calendar, coverage, excuses, groups, marks, months, rules
from gallery.repositories.events import record

ZONES = ("Europe/Dublin", "Australia/Lord_Howe", "America/Santiago", "Africa/Casablanca", "UTC")
BEGIN = date(2025, 9, 1)
LESSON = Rule(time(8), time(8, 45), "UTC", BEGIN, "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR")
NIGHT = Rule(
    time(22), time(6), "UTC", BEGIN, "FREQ=DAILY;INTERVAL=2", pairing=Pairing.FIRST_LAST, auto_close=60, half_day=120
)


def told(found: Derived) -> list[str]:
    """Everything that a report could say of the rows, as text to compare."""
    return [
        "|".join(
            map(
                str,
                (
                    each.occurrence.day,
                    each.occurrence.name,
                    each.occurrence.version,
                    found.people[each.person].id,
                    each.status,
                    each.reasons,
                    each.arrived,
                    each.left,
                    each.late_s,
                    each.early_s,
                    each.present,
                    each.automatic,
                    each.worked_s,
                    each.worked_by_day,
                    each.marks,
                    len(each.excuses),
                ),
            )
        )
        for each in found.rows
    ]


class School:
    """A home with a year of made-up marks, rules that change, excuses, days off and cameras that were off."""

    def __init__(self, app: Attendance, clock, seed: int) -> None:
        self.app, self.clock = app, clock
        self.chance = Random(seed)  # noqa: S311 - made-up marks
        self.zone = self.chance.choice(ZONES)
        clock.now = datetime(2025, 8, 1, 12, tzinfo=UTC)
        at = clock.now
        self.people = []
        for number in range(5):
            member = ("7a",) if number < 3 else ("7b",)
            who = app.gallery.add_person(
                f"Person {number}", external_id=f"P-{number}", groups=member, at=at, by="clerk"
            )
            with app.store.atomic() as transaction:
                record(transaction, at=at, by="clerk", action="person.enroll", subject=who.id)
            self.people.append(who.id)

    def fill(self, days: int) -> None:
        """Rules, calendar and a year's marks."""
        chance, at = self.chance, self.clock.now
        with self.app.store.atomic() as transaction:
            group = groups.number_of(transaction, "7a")
            for name, rule, whom in (
                ("Maths", LESSON, {"group_id": group}),
                ("Night", NIGHT, {"person": self.people[4]}),
                ("Roll", LESSON, {}),
            ):
                made = rules.insert(transaction, name, at=at, **whom)
                for _ in range(chance.randint(1, 3)):
                    spec = {**rule.to_dict(), "zone": self.zone, "late_grace": chance.randint(0, 10)}
                    day = BEGIN + timedelta(days=chance.randrange(days))
                    rules.add_version(transaction, made, from_day=day, spec=spec, at=at, by="clerk")
            for _ in range(3):
                first = BEGIN + timedelta(days=chance.randrange(days))
                last = first + timedelta(days=chance.randint(0, 6))
                calendar.insert(transaction, "closed", first, last, name="off", source="by hand", at=at, by="clerk")
            for number in range(days):
                self._day(transaction, BEGIN + timedelta(days=number))
        self.clock.now = datetime.combine(BEGIN + timedelta(days=days), time(12), UTC)

    def _day(self, transaction, day: date) -> None:
        chance = self.chance
        midnight = datetime.combine(day, time(), UTC)
        if chance.random() < 0.8:
            begins = midnight - timedelta(hours=12)
            coverage.begin(
                transaction, "camera", "door", begins=begins, ends=begins + timedelta(hours=36), at=begins, by="clerk"
            )
        session = self.app.sessions.for_marks(None, midnight)
        for person in self.people:
            for _ in range(chance.randint(0, 4)):
                seen = midnight + timedelta(minutes=chance.randrange(24 * 60), seconds=chance.randrange(60))
                marks.add(
                    transaction,
                    person,
                    session.id,
                    at=seen,
                    entered=seen,
                    by="clerk",
                    method="face",
                    direction=chance.choice(["in", "out", None]),
                    unless="none",
                )
        if chance.random() < 0.3:
            ends = midnight + timedelta(hours=chance.randint(1, 48))
            excuses.insert(
                transaction, chance.choice(self.people), midnight, ends, reason="ill", at=midnight, by="clerk"
            )


@pytest.fixture
def school(home, clock, pipeline) -> Iterator[School]:
    """A school of two classes without anything in it yet."""
    with Attendance.open(home, clock=clock, pipeline=pipeline) as app:
        yield School(app, clock, 1)


@pytest.mark.parametrize("seed", range(6))
def test_derived_again_it_is_the_same(home, clock, pipeline, tmp_path, seed):
    """Nothing derived is kept: another process, and a home restored elsewhere, tell the same of a year, to the byte."""
    days = 120
    wanted = StatusesWanted(BEGIN, BEGIN + timedelta(days=days - 1))
    with Attendance.open(home, clock=clock, pipeline=pipeline, zone="UTC") as app:
        School(app, clock, seed).fill(days)
        before = told(app.statuses.derive(wanted))
    assert {Status.ABSENT, Status.NO_LOG, Status.LATE, Status.EXCUSED} <= {
        Status(line.split("|")[4]) for line in before
    }
    with Attendance.open(home, clock=clock, pipeline=pipeline, read_only=True) as app:
        assert before == told(app.statuses.derive(wanted))
    backup(home, tmp_path / "moved.backup", clock)
    restore(tmp_path / "moved.backup", tmp_path / "elsewhere", key_file(home))
    with Attendance.open(tmp_path / "elsewhere", clock=clock, pipeline=pipeline, read_only=True) as app:
        assert before == told(app.statuses.derive(wanted))


@pytest.mark.parametrize("seed", range(3))
def test_a_span_tells_what_its_days_tell(home, clock, pipeline, seed):
    """The status of a day does not depend on which days are asked for beside it."""
    days = 60
    with Attendance.open(home, clock=clock, pipeline=pipeline, zone="UTC") as app:
        School(app, clock, seed).fill(days)
        whole = told(app.statuses.derive(StatusesWanted(BEGIN, BEGIN + timedelta(days=days - 1))))
        each = [BEGIN + timedelta(days=number) for number in range(days)]
        assert whole == [line for day in each for line in told(app.statuses.derive(StatusesWanted(day, day)))]


def test_of_some_alone_it_tells_what_it_tells_of_all(school):
    """One person, one group or one entry of the timetable: the same rows as among all of them."""
    school.fill(30)
    first, last = BEGIN, BEGIN + timedelta(days=29)
    all_of_them = told(school.app.statuses.derive(StatusesWanted(first, last)))
    one = told(school.app.statuses.derive(StatusesWanted(first, last, person=school.people[0])))
    assert [line for line in all_of_them if "|P-0|" in line] == one
    entry = told(school.app.statuses.derive(StatusesWanted(first, last, entry="Maths")))
    assert [line for line in all_of_them if "|Maths|" in line] == entry
    group = told(school.app.statuses.derive(StatusesWanted(first, last, group="7b")))
    assert [line for line in all_of_them if "|P-3|" in line or "|P-4|" in line] == group


def test_what_is_unknown_is_refused(school):
    """A group or an entry that is not there is no empty report."""
    school.fill(1)
    with pytest.raises(GroupUnknown):
        school.app.statuses.derive(StatusesWanted(BEGIN, BEGIN, group="9z"))
    with pytest.raises(RuleUnknown, match="did you mean Maths"):
        school.app.statuses.derive(StatusesWanted(BEGIN, BEGIN, entry="Mahts"))


def test_whoever_is_entered_later_is_no_part_of_a_closed_month(school):
    """What was settled without somebody is so still; of other days before they were entered nothing is known."""
    school.fill(40)
    gallery, now = school.app.gallery, school.clock.now
    wanted = StatusesWanted(BEGIN, BEGIN + timedelta(days=39), entry="Roll")
    with school.app.store.atomic() as transaction:
        months.add(transaction, "2025-09", closed=True, at=now - timedelta(hours=1), by="clerk", reason="")
    before = told(school.app.statuses.derive(wanted))
    gallery.add_person("New", external_id="P-new", groups=("7a",), at=now, by="clerk")
    after = told(school.app.statuses.derive(wanted))
    new = [line.split("|") for line in after if "|P-new|" in line]
    assert before == [line for line in after if "|P-new|" not in line]
    assert {"2025-10"} == {line[0][:7] for line in new}
    assert {Status.NO_LOG} == {line[4] for line in new}


def test_who_comes_from_an_archive_was_not_looked_for_before(home, clock, pipeline, tmp_path):
    """A watch that was noted before somebody came here makes them absent in nothing."""
    with Attendance.open(tmp_path / "other", clock=clock, pipeline=pipeline, zone="UTC") as other:
        other.gallery.add_person("Ada", external_id="A", at=clock.now, by="clerk")
        other.archives.export(tmp_path / "people.zip")
    clock.forward(days=3)  # Thursday, 5 March
    begins = datetime(2026, 3, 4, 8, tzinfo=UTC)
    with Attendance.open(home, clock=clock, pipeline=pipeline, zone="UTC") as app:
        with app.store.atomic() as transaction:
            rule = rules.insert(transaction, "Roll", at=clock.now)
            rules.add_version(transaction, rule, from_day=BEGIN, spec=LESSON.to_dict(), at=clock.now, by="clerk")
            ends = begins + timedelta(hours=1)
            coverage.begin(transaction, "hand", "in person", begins=begins, ends=ends, at=clock.now, by="clerk")
        clock.forward(minutes=1)
        app.archives.take_in(app.actor, tmp_path / "people.zip")
        (row,) = app.statuses.derive(StatusesWanted(begins.date(), begins.date())).rows
    assert (Status.NO_LOG, ("unrecognisable",)) == (row.status, row.reasons)
