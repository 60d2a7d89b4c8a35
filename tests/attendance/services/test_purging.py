"""Retention: what is older than its rule goes, nothing else does, and what is left says the same as before."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from threading import Thread

import pytest

from attendance import Attendance
from attendance.errors import MonthClosed, MonthInvalid
from attendance.privacy_errors import PurgeClock
from attendance.services.doctor import Doctor
from attendance.services.reporting import Asked
from attendance.services.statuses import StatusesWanted
from attendance.services.statusreports import AskedStatuses
from attendance.timetable.digest import digest
from attendance.timetable.ruleparts import Parts
from gallery import history
from gallery.repositories import coverage, marks, purging, sightings
from gallery.values import ScoredKey, Sighting

LESSON = Parts(weekly="MO,WE", begins="08:00", ends="08:45")
FLAGS = {"guard_people": 0, "keep_sightings_days": 90, "keep_marks_days": 31, "time_zone": "UTC"}


@pytest.fixture
def app(home, clock, pipeline):
    """A home whose rules keep marks for a month and sightings for three; it is the 20th of February 2026."""
    clock.now = datetime(2026, 2, 20, 12, tzinfo=UTC)
    with Attendance.open(home, clock=clock, pipeline=pipeline, flags=FLAGS) as opened:
        yield opened


@pytest.fixture
def spring(app, draw, clock):
    """It is the 10th of June; Ada and Bob had lessons since March, and Ada came on Wednesdays until the end of May."""
    app.enroll(draw("ada.png", (1,)), name="Ada", external_id="A")
    app.enroll(draw("bob.png", (2,)), name="Bob", external_id="B")
    app.timetables.add(app.actor, "Lesson", LESSON, first=date(2026, 3, 2))
    for week in range(12):
        clock.now = datetime(2026, 3, 4, 12, tzinfo=UTC) + timedelta(weeks=week)
        app.mark("Ada", at=f"{clock.now:%Y-%m-%d}T08:02Z")
        look(app, clock.now.replace(hour=7))
    clock.now = datetime(2026, 6, 10, 12, tzinfo=UTC)
    app.mark("Bob", at="2026-06-10T08:01Z")
    look(app, clock.now.replace(hour=7))
    return app


def look(app, at: datetime) -> None:
    """Somebody has looked for three hours from that instant on."""
    with app.store.atomic() as transaction:
        coverage.begin(transaction, "hand", "me", begins=at, ends=at + timedelta(hours=3), at=at, by="me")


def seen(app, at: datetime, ruling: str = "unknown", **more) -> int:
    """A sighting of that instant."""
    with app.store.atomic() as transaction:
        (number,) = sightings.add(transaction, [replace(Sighting(at, "camera", "door", ruling, "e"), **more)])
        return number


def said(app, first: date, last: date) -> str:
    return digest(app.statuses.derive(StatusesWanted(first, last)).rows)


def kept(app) -> dict[str, int]:
    with app.store.reading() as transaction:
        return purging.counts(transaction)


def test_whole_months_of_marks_go(spring):
    """On the 10th of June, 31 days back is in May: March and April go with all that hangs on them, May stays as is."""
    may = said(spring, date(2026, 5, 1), date(2026, 6, 10))
    app = spring
    with app.store.reading() as transaction:
        before = [each.at for each in marks.timeline(transaction, datetime(2026, 1, 1, tzinfo=UTC), app.clock.utc())]
    found = app.purging.run(app.actor)
    with app.store.reading() as transaction:
        after = [each.at for each in marks.timeline(transaction, datetime(2026, 1, 1, tzinfo=UTC), app.clock.utc())]

    assert 0 < len(after) < len(before)
    assert [each for each in before if each >= datetime(2026, 5, 1, tzinfo=UTC)] == after
    assert (len(before) - len(after), date(2026, 5, 1)) == (found.counts["marks"], found.kept_from)
    assert {"marks", "coverage", "sessions"} == set(found.counts)
    assert may == said(app, date(2026, 5, 1), date(2026, 6, 10))
    assert [] == app.gallery.verify()


def test_a_dry_run_tells_what_the_run_does(spring):
    """The counts of a dry run are those of the run after it, and nothing is gone before that."""
    seen(spring, datetime(2026, 3, 1, tzinfo=UTC))
    before = kept(spring)
    tried = spring.purging.run(spring.actor, dry_run=True)
    between = kept(spring)
    done = spring.purging.run(spring.actor)

    assert before == between
    assert (tried.counts, tried.kept_from) == (done.counts, done.kept_from)
    assert {name: before[name] - each for name, each in kept(spring).items() if before[name] - each} == done.counts
    assert {} == spring.purging.run(spring.actor).counts


def test_each_run_leaves_a_receipt_without_names(spring):
    """What went stands in the log, by rule and count; a run that takes nothing says nothing."""
    done = spring.purging.run(spring.actor)
    spring.purging.run(spring.actor)
    with spring.store.reading() as transaction:
        told = [each.details for each in history(transaction, action="purge.run")]
    total = {name: sum(each.get(name, 0) for each in told) for name in done.counts}

    assert (done.counts, {"marks"}) == (total, {each["rule"] for each in told})
    assert len(told) == len(spring.purging.receipts())


def test_a_purged_day_is_never_an_absence(spring):
    """Reports of purged days say that nothing is kept of them; nobody is absent there."""
    absent = spring.status_reports.report(AskedStatuses(first=date(2026, 4, 1), last=date(2026, 4, 30)))
    spring.purging.run(spring.actor)
    found = spring.status_reports.report(AskedStatuses(first=date(2026, 4, 1), last=date(2026, 4, 30)))
    half = spring.status_reports.report(AskedStatuses(first=date(2026, 4, 1), last=date(2026, 5, 31)))
    old = spring.reports.rows(Asked(first=date(2026, 3, 1), last=date(2026, 4, 30)))

    assert any(str(each.status) == "absent" for each in absent.rows)
    assert [] == list(found.rows)
    assert "of 2026-04-01 to 2026-04-30 nothing is kept: these days were purged" == spring.status_reports.why_no_rows(
        found
    )
    assert "2026-04-01 to 2026-05-31 (before 2026-05-01 purged: nothing of it is kept)" == half.scope.days
    assert {5} == {each.occurrence.day.month for each in half.rows}
    assert set() == {each.status for each in old} & {"absent"}


def test_a_closed_month_says_that_it_was_purged(spring):
    """Verifying a closed month whose marks went says purged, not changed; doctor finds nothing wrong with it."""
    for month in ("2026-03", "2026-04", "2026-05"):
        spring.months.close(spring.actor, month)
    spring.purging.run(spring.actor)
    found = spring.months.verify("2026-04")
    doctor = [each for each in Doctor(spring.home, spring.clock).examine() if each.check == "months"]

    assert (True, True, None) == (found.purged, found.same, found.to_dict()["same"])
    assert "purged since: nothing is kept to compare" in next(found.lines())
    assert (True, False) == (spring.months.verify("2026-05").same, spring.months.verify("2026-05").purged)
    assert ([None], "3 closed, 2026-05 as they were") == ([each.id for each in doctor], doctor[0].detail)
    with pytest.raises(MonthInvalid, match="purged"):
        spring.months.open(spring.actor, "2026-04", reason="x")


def test_nothing_is_entered_for_a_purged_day(spring):
    """A mark for a day that was purged would go at the next run: it is refused."""
    spring.purging.run(spring.actor)
    with pytest.raises(MonthClosed, match="purged"):
        spring.mark("Bob", at="2026-04-01T08:00Z")


def test_what_a_hold_keeps_stays(spring):
    """Ada's marks, and sightings in which she was compared, stay while she is held; Bob's go."""
    ada, bob = (spring.people.find(each).id for each in "AB")
    old = datetime(2026, 3, 1, tzinfo=UTC)
    hers = seen(spring, old, candidates=(ScoredKey(ada, 0.3, 0.3),))
    seen(spring, old, candidates=(ScoredKey(ada * 10, 0.3, 0.3),))
    spring.holds.add(spring.actor, "A", reason="x")
    before = kept(spring)
    found = spring.purging.run(spring.actor)
    with spring.store.reading() as transaction:
        assert sightings.by_id(transaction, hers) is not None

    assert ({"sightings": 1, "sessions": found.counts.get("sessions", 0)}) == {"sessions": 0} | dict(found.counts)
    assert (before["marks"], before["coverage"]) == (kept(spring)["marks"], kept(spring)["coverage"])
    assert "1 person is under a hold: what is theirs stays" == found.held
    assert bob != ada


def test_a_hold_on_the_home_keeps_all(spring):
    """While the whole home is held nothing goes, and it is said; kept faces stay, too."""
    spring.holds.add(spring.actor, None, reason="x")
    before = kept(spring)
    found = spring.purging.run(spring.actor)

    assert (before, {}, 0) == (kept(spring), found.counts, spring.retention.purge(spring.actor))
    assert "hold on the whole home" in found.held


def test_sightings_that_led_to_a_mark_stay_with_it(spring):
    """Only old ones without mark and without a face go; one day younger than the rule stays."""
    at = spring.clock.utc() - timedelta(days=90)
    gone, stays = seen(spring, at - timedelta(seconds=1)), seen(spring, at)
    waits = seen(spring, at - timedelta(days=1), "review")
    with spring.store.atomic() as transaction:
        sightings.keep_crops(transaction, spring.gallery.sealer, {waits: b"face"})
    dry = spring.purging.run(spring.actor, dry_run=True)
    spring.purging.run(spring.actor)
    with spring.store.reading() as transaction:
        left = [sightings.by_id(transaction, each) is not None for each in (gone, stays, waits)]

    assert ([False, True, False], 2, 1) == (left, dry.counts["sightings"], dry.counts["faces"])


def test_a_night_over_the_end_of_a_month_stays_whole(app, draw, clock):
    """A shift from the 30th of April 22:00 on, and what was marked before midnight for May, say the same afterwards."""
    app.enroll(draw("ada.png", (1,)), name="Ada", external_id="A")
    app.timetables.add(app.actor, "Night", Parts(weekly="TH,FR", begins="00:15", ends="06:00"), first=date(2026, 3, 2))
    for at in ("2026-04-23T00:05Z", "2026-04-30T23:58Z"):
        clock.now = datetime.fromisoformat(at) + timedelta(hours=1)
        app.mark("Ada", at=at)
    clock.now = datetime(2026, 6, 10, 12, tzinfo=UTC)
    app.months.close(app.actor, "2026-05")
    (row,) = [
        each for each in app.statuses.derive(StatusesWanted(date(2026, 5, 1), date(2026, 5, 31))).rows if each.marks
    ]
    assert date(2026, 5, 1) == row.occurrence.day
    before = said(app, date(2026, 5, 1), date(2026, 5, 31))
    found = app.purging.run(app.actor, clock_is_right=True)

    assert ({"marks": 1, "sessions": 1}, before) == (found.counts, said(app, date(2026, 5, 1), date(2026, 5, 31)))
    assert app.months.verify("2026-05").same
    clock.now = datetime(2026, 7, 15, 12, tzinfo=UTC)
    assert {"marks": 1, "sessions": 1} == app.purging.run(app.actor, clock_is_right=True).counts


def test_a_clock_set_ahead_a_year_lets_nothing_go(spring, clock):
    """A year ahead, with or without marks made by the wrong clock, is refused until somebody says that it is right."""
    spring.purging.run(spring.actor)
    before = kept(spring)
    clock.now += timedelta(days=365)
    with pytest.raises(PurgeClock):
        spring.purging.run(spring.actor)
    spring.mark("Bob")
    with pytest.raises(PurgeClock):
        spring.purging.run(spring.actor)

    assert before == {**kept(spring), "marks": before["marks"], "sessions": before["sessions"]}
    assert spring.purging.run(spring.actor, clock_is_right=True).counts["marks"] > 0


def test_a_refused_clock_stays_refused(spring, clock):
    """Where the very first run is refused, what is recorded by the wrong clock afterwards does not make it right."""
    clock.now += timedelta(days=365)
    for _ in range(2):
        with pytest.raises(PurgeClock):
            spring.purging.run(spring.actor)
        spring.mark("Bob")
        clock.forward(hours=25)
    clock.now = datetime(2026, 6, 11, 12, tzinfo=UTC)
    assert spring.purging.run(spring.actor).counts["marks"] > 0


def test_what_a_wrong_clock_has_recorded_before_the_first_run_makes_it_no_right_one(spring, clock):
    """Where rules were never applied yet, and something was entered a year ahead just before, it is refused."""
    before = kept(spring)
    clock.now += timedelta(days=365)
    spring.edits.add(spring.actor, "Cid")
    clock.forward(hours=1)
    with pytest.raises(PurgeClock):
        spring.purging.run(spring.actor)

    assert before == kept(spring)


def test_a_clock_set_back_a_year_lets_nothing_go(spring, clock):
    """A year back nothing is old enough, and when the clock is right again the next run goes on as ever."""
    now = clock.now
    clock.now -= timedelta(days=365)
    assert {} == spring.purging.run(spring.actor).counts
    clock.now = now
    assert spring.purging.run(spring.actor).counts["marks"] > 0


def test_holidays_do_not_stop_a_service(spring, clock):
    """Where rules are applied every day, eight weeks without a record are no jump of the clock."""
    for _ in range(56):
        clock.now += timedelta(days=1)
        spring.purging.run(spring.actor)

    assert date(2026, 7, 1) == spring.purging.kept_from()


def test_two_purges_at_once_take_everything_once(spring):
    """Two runs at the same time: together they tell of each record once, and all is sound."""
    tried, found = spring.purging.run(spring.actor, dry_run=True), []
    threads = [Thread(target=lambda: found.append(spring.purging.run(spring.actor).counts)) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert dict(tried.counts) == {name: sum(each.get(name, 0) for each in found) for name in tried.counts}
    assert [] == spring.gallery.verify()


def test_without_rules_nothing_goes(home, clock, pipeline, draw):
    """A home that sets no rule keeps marks and sightings as long as their people."""
    with Attendance.open(home, clock=clock, pipeline=pipeline, flags={"guard_people": 0}) as app:
        app.enroll(draw("ada.png", (1,)), name="Ada")
        app.mark("Ada")
        seen(app, clock.now)
        clock.forward(days=3000)
        assert {} == app.purging.run(app.actor, clock_is_right=True).counts


def test_the_log_is_let_go_and_statuses_stay(app, draw, clock):
    """Entries older than a year go; who was known, active and looked for since when, and the log itself, stay sound."""
    app.enroll(draw("ada.png", (1,)), name="Ada", external_id="A")
    app.timetables.add(app.actor, "Lesson", LESSON, first=date(2026, 3, 2))
    clock.now = datetime(2026, 3, 10, 12, tzinfo=UTC)
    app.gallery.add_person("Bob", at=clock.now, by="t", external_id="B")
    app.leaving.set_active(app.actor, "B", False)
    clock.now = datetime(2027, 6, 1, 12, tzinfo=UTC)
    app.enroll(draw("bob.png", (2,)), name="Cid", external_id="C")
    first, last = date(2026, 3, 2), date(2026, 3, 31)
    look(app, datetime(2026, 3, 25, 7, tzinfo=UTC))
    before, oldest = said(app, first, last), len(events_of(app))
    found = Attendance.open(app.home, clock=clock, pipeline=app.pipeline, flags={"keep_audit_days": 365})
    with found as other:
        tried = other.purging.run(other.actor, dry_run=True, clock_is_right=True)
        done = other.purging.run(other.actor, clock_is_right=True)
        other.purging.run(other.actor)

    assert (tried.counts, True) == (done.counts, done.counts["events"] > 3)
    assert (before, len(events_of(app)) < oldest + 2) == (said(app, first, last), True)
    assert [] == app.gallery.verify()
    assert app.audit_chain.verify().sound


def events_of(app) -> list:
    with app.store.reading() as transaction:
        return history(transaction)
