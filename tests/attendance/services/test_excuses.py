"""Excuses: of whole days or instants, ahead or afterwards; they count, wait, or were withdrawn, and stay on record."""

import hashlib
from datetime import UTC, date, datetime

import pytest

from attendance.errors import ExcuseDocument, ExcuseSettled, ExcuseSpan, ExcuseUnknown, MonthClosed
from attendance.services.excuses import Excuses, span_of
from attendance.services.statuses import StatusesWanted
from attendance.timetable.ruleparts import Parts
from gallery import history
from gallery.errors import PersonUnknown
from gallery.repositories import approvals


@pytest.fixture
def school(app, draw):
    """Ada and Bob, for whom there is a lesson each Monday."""
    app.enroll(draw("ada.png", (1,)), name="Ada", external_id="A")
    app.enroll(draw("bob.png", (2,)), name="Bob", external_id="B")
    app.timetables.add(app.actor, "Lesson", Parts(weekly="MO", begins="08:00", ends="08:45"), first=date(2026, 2, 2))
    return app


def told(app) -> list[tuple]:
    """The events of excuses, in order."""
    with app.store.reading() as view:
        return [(e.action, e.subject, e.details) for e in history(view) if e.action.startswith("excuse.")]


def statuses(app, day: date) -> dict[str, str]:
    """By name, the status on a day."""
    found = app.statuses.derive(StatusesWanted(day, day))
    return {found.people[each.person].name: str(each.status) for each in found.rows}


def test_excused_ahead(school):
    """Who is excused for a day to come is excused in it, also by a look at it today; the log holds no reason."""
    day = date(2026, 3, 9)
    made = school.excuses.add(school.actor, "Ada", "2026-03-09", "2026-03-10", reason="competition")
    assert {"Ada": "excused", "Bob": "no log"} == statuses(school, day)
    assert ("counts", "2026-03-09 to 2026-03-10", "competition") == (made.state, made.span, made.stored.reason)
    assert [("excuse.add", str(made.stored.id), {"person": made.person.key})] == told(school)


def test_days_are_whole_and_instants_exact():
    """A day begins with its first instant and ends with its last, on the wall of the site; offsets are heard."""
    for begins, ends, wanted in (
        ("2026-03-29", "2026-03-29", ("2026-03-28T23:00", "2026-03-29T22:00")),
        ("2026-10-25", "2026-10-25", ("2026-10-24T22:00", "2026-10-25T23:00")),
        ("2026-03-02T10:00", "2026-03-02 11:30", ("2026-03-02T09:00", "2026-03-02T10:30")),
        ("2026-03-02T10:00Z", "2026-03-02T12:00+01:00", ("2026-03-02T10:00", "2026-03-02T11:00")),
        ("2026-03-02T10:00", "2026-03-02", ("2026-03-02T09:00", "2026-03-02T23:00")),
    ):
        found = span_of(begins, ends, "Europe/Berlin") if wanted[0] < wanted[1] else None
        assert wanted == tuple(f"{each:%Y-%m-%dT%H:%M}" for each in found)


@pytest.mark.parametrize(
    ("begins", "ends"),
    [
        ("2026-03-02", "2026-03-01"), ("2026-03-02T10:00", "2026-03-02T10:00"), ("tomorrow", "2026-03-02"), ("", ""),
        ("2026-02-30", "2026-03-02"), ("2026-03-02", "9999-12-31"), ("0001-01-01T00:00+12:00", "2026-03-02"),
        ("1969-12-30", "1969-12-31"), ("2026-03-02", "2031-03-31"),
    ],
)  # fmt: skip
def test_spans_that_are_none(school, begins, ends):
    """What is no day or instant, or ends before it begins, is refused, and nothing is kept."""
    with pytest.raises(ExcuseSpan):
        school.excuses.add(school.actor, "Ada", begins, ends, reason="x")
    assert [] == told(school)


def test_who_and_why_are_needed(school):
    """Nobody of the name, and no reason, are refused."""
    with pytest.raises(PersonUnknown):
        school.excuses.add(school.actor, "Zoe", "2026-03-02", "2026-03-02", reason="x")
    with pytest.raises(ExcuseSpan, match="reason"):
        school.excuses.add(school.actor, "Ada", "2026-03-02", "2026-03-02", reason="  ")


def test_a_document_is_known_by_its_hash(school, tmp_path):
    """The SHA-256 is kept, the file is not; what cannot be read is refused before anything is kept."""
    note = tmp_path / "note.pdf"
    note.write_bytes(b"ill")
    made = school.excuses.add(school.actor, "Ada", "2026-03-02", "2026-03-02", reason="ill", document=note)
    assert hashlib.sha256(b"ill").hexdigest() == made.to_dict()["document"]
    for bad in (tmp_path / "none.pdf", tmp_path):
        with pytest.raises(ExcuseDocument):
            school.excuses.add(school.actor, "Ada", "2026-03-02", "2026-03-02", reason="ill", document=bad)
    assert 1 == len(school.excuses.all())


def test_the_list(school):
    """Those of a person, of a span of days they reach, and the withdrawn ones where wanted."""
    first = school.excuses.add(school.actor, "Ada", "2026-03-01", "2026-03-03", reason="ill")
    school.excuses.add(school.actor, "Bob", "2026-03-09", "2026-03-09", reason="trip")
    names = lambda **wanted: [each.person.name for each in school.excuses.all(**wanted)]  # noqa: E731 - short
    assert (["Ada", "Bob"], ["Bob"], ["Ada"], ["Ada"]) == (
        names(), names(person="Bob"), names(first=date(2026, 3, 3), last=date(2026, 3, 8)), names(last=date(2026, 3, 2))
    )  # fmt: skip
    school.excuses.withdraw(school.actor, first.stored.id, reason="well again")
    assert (["Bob"], ["Ada", "Bob"]) == (names(), names(withdrawn_too=True))
    with pytest.raises(ExcuseSpan):
        names(first=date(2026, 3, 3), last=date(2026, 3, 1))


def test_withdrawn_once(school):
    """A withdrawn excuse counts no longer and stays; again, and one that is not there, are refused."""
    day = date(2026, 3, 9)
    made = school.excuses.add(school.actor, "Ada", "2026-03-09", "2026-03-09", reason="ill")
    gone = school.excuses.withdraw(school.actor, made.stored.id, reason="well again")
    assert ("withdrawn", "no log") == (gone.state, statuses(school, day)["Ada"])
    assert ["excuse.add", "excuse.withdraw"] == [action for action, *_ in told(school)]
    with pytest.raises(ExcuseSettled):
        school.excuses.withdraw(school.actor, made.stored.id, reason="again")
    for number in (0, -1, 99, 2**70):
        with pytest.raises(ExcuseUnknown):
            school.excuses.withdraw(school.actor, number, reason="x")


def test_with_four_eyes_it_waits(school):
    """With a second approval an excuse counts once somebody else has granted it."""
    book = Excuses(school.gallery, school.sessions, school.clock, school.statuses, second_approval=True)
    made = book.add(school.actor, "Ada", "2026-03-09", "2026-03-09", reason="ill")
    assert ("awaits approval", "no log") == (made.state, statuses(school, date(2026, 3, 9))["Ada"])
    with school.store.atomic() as transaction:
        approvals.add(transaction, granted=True, at=school.clock.utc(), by="head", reason="", excuse=made.stored.id)
    assert ("counts", "excused") == (
        school.excuses.find(made.stored.id).state, statuses(school, date(2026, 3, 9))["Ada"]
    )  # fmt: skip


def test_a_closed_month_refuses_what_reaches_it(school):
    """Excuses of its days, and of a night that began on its last day, are refused, and so is taking one back."""
    night = Parts(rrule="FREQ=DAILY", begins="22:00", ends="06:00", closes_after=0)
    school.timetables.add(school.actor, "Night", night, first=date(2026, 2, 20))
    kept = school.excuses.add(school.actor, "Ada", "2026-02-27", "2026-02-27", reason="ill")
    school.clock.now = datetime(2026, 3, 2, 12, tzinfo=UTC)
    school.months.close(school.actor, "2026-02")
    for refused in (
        lambda: school.excuses.add(school.actor, "Ada", "2026-02-28", "2026-03-02", reason="x"),
        lambda: school.excuses.add(school.actor, "Ada", "2026-03-01", "2026-03-01", reason="x"),
        lambda: school.excuses.add(school.actor, "Ada", "2026-03-01T05:59", "2026-03-01T20:00", reason="x"),
        lambda: school.excuses.withdraw(school.actor, kept.stored.id, reason="x"),
    ):
        with pytest.raises(MonthClosed):
            refused()
    assert 1 == len(told(school))
    school.excuses.add(school.actor, "Ada", "2026-03-01T06:00", "2026-03-01T20:00", reason="x")
