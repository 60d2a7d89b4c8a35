"""Closed months: nothing of them changes, and whether anything has can be told, of whom and of which day."""

from datetime import UTC, date, datetime

import pytest

from attendance.errors import MonthClosed, MonthInvalid, MonthState
from attendance.services.doctor import Doctor
from attendance.services.statuses import StatusesWanted
from attendance.timetable.digest import digest
from attendance.timetable.ruleparts import Parts
from gallery import history
from gallery.repositories import coverage, excuses

LESSON = Parts(weekly="MO,WE", begins="08:00", ends="08:45")


@pytest.fixture
def march(app, draw, clock):
    """It is April; in March Ada and Bob had a lesson on Mondays and Wednesdays, Ada came once."""
    clock.now = datetime(2026, 2, 20, 12, tzinfo=UTC)
    app.enroll(draw("ada.png", (1,)), name="Ada", external_id="A")
    app.enroll(draw("bob.png", (2,)), name="Bob", external_id="B")
    app.timetables.add(app.actor, "Lesson", LESSON, first=date(2026, 3, 2))
    clock.now = datetime(2026, 3, 4, 12, tzinfo=UTC)
    app.mark("Ada", at="2026-03-02T08:02Z")
    with app.store.atomic() as transaction:
        day = datetime(2026, 3, 4, 7, tzinfo=UTC)
        coverage.begin(transaction, "hand", "me", begins=day, ends=day.replace(hour=10), at=day, by="me")
    clock.now = datetime(2026, 4, 2, 12, tzinfo=UTC)
    return app


def behind(app, day: int) -> None:
    """Ada is excused on a day of March by somebody who writes into the database itself."""
    with app.store.atomic() as transaction:
        begins = datetime(2026, 3, day, tzinfo=UTC)
        (ada,) = [each.id for each in app.gallery.people() if each.name == "Ada"]
        excuses.insert(transaction, ada, begins, begins.replace(hour=23), reason="x", at=app.clock.utc(), by="nobody")


def test_what_a_month_comes_to(march):
    """Before it is closed the totals are told, and what is still open of it."""
    found = march.months.look("2026-03")
    assert ({"present": 1, "late": 0, "left early": 0, "partial": 0, "excused": 0, "absent": 2, "no log": 15}, 18) == (
        dict(found.totals), found.rows
    )  # fmt: skip
    assert [
        "2026-03: 1 present, 2 absent, 15 no log",
        "open: 15 statuses are no log: 'attendance coverage list --from 2026-03-01 --to 2026-03-31'",
    ] == list(found.lines())


def test_a_month_is_closed_and_opened(march):
    """The digest is that of its statuses; every word stays with who and why, in the log, too."""
    state = march.months.close(march.actor, "2026-03", reason="payroll")
    derived = march.statuses.derive(StatusesWanted(date(2026, 3, 1), date(2026, 3, 31)))
    assert (digest(derived.rows), "payroll", march.actor.name) == (state.digest, state.reason, state.by)
    assert ["2026-03"] == [each.month for each in march.months.closed()]
    with pytest.raises(MonthState):
        march.months.close(march.actor, "2026-03")
    with pytest.raises(MonthClosed):
        march.timetables.change(march.actor, "Lesson", Parts(late_grace=9), first=date(2026, 3, 31))
    march.months.open(march.actor, "2026-03", reason="one more note")
    with pytest.raises(MonthState):
        march.months.open(march.actor, "2026-03", reason="again")
    assert [(True, "payroll"), (False, "one more note")] == [(each.closed, each.reason) for each in march.months.all()]
    with march.store.reading() as view:
        said = [e for e in history(view) if e.action.startswith("month.")]
    assert [("month.close", "2026-03"), ("month.open", "2026-03")] == [(e.action, e.subject) for e in said]
    assert {"rows", "totals", "people", "days"} == said[0].details.keys()
    assert march.timetables.change(march.actor, "Lesson", Parts(late_grace=9), first=date(2026, 3, 31)).new


@pytest.mark.parametrize(
    "month", ["2026-04", "2026-13", "2026-3", "March", "", "2026-03-01", "9999-12", "0000-01", "0001-01", "1969-12"]
)
def test_months_that_cannot_be_closed(march, month):
    """One that is not over, and what is no month, are refused."""
    with pytest.raises(MonthInvalid):
        march.months.close(march.actor, month)
    assert [] == march.months.all()


def test_a_night_that_goes_on_is_waited_for(march, clock):
    """On the first of the next month a month waits until marks of its last night count no more."""
    night = Parts(on="2026-03-31", begins="22:00", ends="06:00", auto_close="120", pairing="first-last")
    march.timetables.add(march.actor, "Night", night)
    clock.now = datetime(2026, 4, 1, 7, 59, tzinfo=UTC)
    with pytest.raises(MonthInvalid, match="2 of its statuses are not settled"):
        march.months.close(march.actor, "2026-03")
    clock.now = datetime(2026, 4, 1, 8, 0, tzinfo=UTC)
    assert march.months.close(march.actor, "2026-03").closed


def test_a_month_that_is_as_it_was(march, clock):
    """Rules changed from later on, another year and another name change nothing of it."""
    march.months.close(march.actor, "2026-03")
    march.timetables.change(march.actor, "Lesson", Parts(begins="09:00", ends="09:30"), first=date(2026, 4, 1))
    march.timetables.skip(march.actor, "Lesson", date(2026, 4, 6))
    march.people.rename(march.actor, "Ada", "Ada Lovelace")
    clock.forward(days=400)
    found = march.months.verify("2026-03")
    assert (True, ()) == (found.same, found.rows)
    assert "2026-03 is as it was" in next(found.lines())


def test_what_differs_is_told(march):
    """Whose statuses differ, on which days, and what is there of them now."""
    march.months.close(march.actor, "2026-03")
    behind(march, 9)
    found = march.months.verify("2026-03")
    assert (False, ["Ada"], ("2026-03-09",)) == (found.same, [each.name for each in found.people], found.days)
    assert [("2026-03-09", "Ada", "excused")] == [
        (row["day"], row["name"], row["status"]) for row in map(found.row, found.rows)
    ]
    told = found.to_dict()
    assert (False, found.state.digest, found.found, ["2026-03-09"]) == (
        told["same"], told["digest"], told["found"], told["days"]
    )  # fmt: skip


def test_whom_was_erased_is_no_difference(march):
    """Somebody who was removed takes their statuses along; those of the others are proved all the same."""
    march.months.close(march.actor, "2026-03")
    march.people.remove(march.actor, "Bob")
    found = march.months.verify("2026-03")
    assert (True, 1) == (found.same, found.removed)
    assert "but for 1 person erased since" in next(found.lines())
    behind(march, 9)
    found = march.months.verify("2026-03")
    assert (False, ["Ada"]) == (found.same, [each.name for each in found.people])


def test_a_month_that_is_open_is_not_verified(march):
    """Only what was closed has something to be compared with."""
    with pytest.raises(MonthState):
        march.months.verify("2026-03")


def test_doctor_compares_the_last_three(march, clock):
    """Doctor finds a closed month that differs, and says how to look; older ones it leaves to 'verify'."""

    def found():
        return [each for each in Doctor(march.home, clock).examine() if each.check == "months"]

    march.months.close(march.actor, "2026-03")
    assert ["1 closed, 2026-03 as they were"] == [each.detail for each in found()]
    behind(march, 9)
    (differs,) = found()
    assert ("month.differs", "attendance month verify 2026-03", 1) == (differs.id, differs.repair, differs.exit_code)
    clock.now = datetime(2026, 7, 2, 12, tzinfo=UTC)
    for month in ("2026-04", "2026-05", "2026-06"):
        march.months.close(march.actor, month)
    assert ["4 closed, 2026-04, 2026-05, 2026-06 as they were"] == [each.detail for each in found()]
