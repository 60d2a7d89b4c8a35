"""A preview lists exactly the person-days whose status a change alters, and what comes, goes or is otherwise."""

from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest

from attendance.services.previewing import told
from attendance.services.statuses import StatusesWanted
from attendance.timetable.ruleparts import Parts
from gallery.repositories import calendar, coverage

FIRST, TODAY = date(2026, 2, 2), date(2026, 3, 2)
DAY = timedelta(days=1)


@pytest.fixture
def month(app, clock):
    """Three people with made-up marks in February, two rules, covers with gaps, and a day off."""
    chance = Random(7)  # noqa: S311 - made-up marks
    clock.now = datetime(2026, 2, 1, 12, tzinfo=UTC)
    for name in ("Ada", "Bob", "Cid"):
        app.gallery.add_person(name, external_id=name[0], groups=["7b"], at=clock.now, by="clerk")
    with app.store.atomic() as transaction:
        calendar.insert(
            transaction, "closed", date(2026, 2, 16), date(2026, 2, 16), name="off", source="x", at=clock.now, by="me"
        )
    weekdays = Parts(weekly="MO-FR", begins="08:00", ends="12:00", pairing="first-last", half_day=120)
    app.timetables.add(app.actor, "Morning", weekdays, group="7b", first=FIRST)
    app.timetables.add(
        app.actor, "Night", Parts(rrule="FREQ=DAILY;INTERVAL=2", begins="22:00", ends="06:00"), first=FIRST
    )
    alone = Parts(weekly="TU,FR", begins="11:00", ends="12:30", pairing="pairs")
    app.timetables.add(app.actor, "Alone", alone, person="Bob", first=FIRST)
    for number in range((TODAY - FIRST).days):
        day = FIRST + number * DAY
        clock.now = datetime(day.year, day.month, day.day, 23, 30, tzinfo=UTC)
        for person in ("Ada", "Bob", "Cid"):
            for hour in sorted(chance.sample((7, 8, 9, 11, 12, 21, 22), chance.randrange(4))):
                app.mark(person, session=day.isoformat(), at=f"{hour:02}:{chance.randrange(60):02}")
        if number % 5:
            begin = datetime(day.year, day.month, day.day, 7, tzinfo=UTC)
            with app.store.atomic() as transaction:
                coverage.begin(transaction, "hand", "me", begins=begin, ends=begin + DAY, at=begin, by="me")
    clock.now = datetime(2026, 3, 2, 10, tzinfo=UTC)
    return app


def statuses(app) -> dict:
    """What `told` says of all days, whoever and whatever they are of."""
    return told(app.statuses.derive(StatusesWanted(FIRST - 9 * DAY, TODAY + DAY)), app.clock.utc())


def changes(seed: int) -> tuple[str, Parts, date, date | None]:
    """A change at random: of times, days, graces, calendar, of everything from a day on, maybe with an end."""
    chance = Random(seed)  # noqa: S311 - made-up changes
    parts = chance.choice(
        [
            Parts(begins="08:30"),
            Parts(ends="11:00"),
            Parts(begins="07:00", ends="10:00"),
            Parts(weekly="MO,TH"),
            Parts(rrule="FREQ=DAILY;INTERVAL=3"),
            Parts(late_grace=45, early_grace=60),
            Parts(late_grace=0),
            Parts(pairing="once"),
            Parts(absent_below=100, half_day=180),
            Parts(always=True),
            Parts(opens_before=0),
            Parts(on="2026-02-12"),
            Parts(auto_close="30"),
            Parts(zone="Asia/Tokyo"),
            Parts(closes_after=600),
        ]
    )
    first = FIRST + chance.randrange(32) * DAY
    return chance.choice(["Morning", "Night", "Alone"]), parts, first, chance.choice([None, None, first + 5 * DAY])


@pytest.mark.parametrize("seed", range(4))
def test_statuses_differ_exactly_where_the_preview_says(month, seed):
    """After the change is done, the statuses that differ are those of the preview, with what they were and are."""
    altered = 0
    for number in range(7):
        name, parts, first, until = changes(100 * seed + number)
        before = statuses(month)
        found = month.timetables.preview(name, parts, first=first, until=until)
        assert before == statuses(month)
        month.timetables.change(month.actor, name, parts, first=first, until=until)
        after = statuses(month)
        differing = {
            key: (before.get(key, ()), after.get(key, ()))
            for key in before.keys() | after.keys()
            if before.get(key) != after.get(key)
        }
        assert differing == {
            (each.day, each.person.key, each.entry): (each.before, each.after) for each in found.statuses
        }
        altered += len(differing)
    assert altered


def test_what_comes_goes_and_is_otherwise(month):
    """Days that come, go or are at other times are told up to four weeks ahead, and nothing is changed."""
    found = month.timetables.preview("Morning", Parts(weekly="MO,SA", begins="09:00"), first=date(2026, 3, 7))
    assert [
        ("new", date(2026, 3, 7), None, "09:00-12:00"),
        ("altered", date(2026, 3, 9), "08:00-12:00", "09:00-12:00"),
        ("gone", date(2026, 3, 10), "08:00-12:00", None),
    ] == [(each.kind, each.day, each.before, each.after) for each in found.times[:3]]
    assert (date(2026, 3, 7), date(2026, 4, 4), ()) == (found.first, found.last, found.statuses)
    assert {"kind": "gone", "day": "2026-03-10", "entry": "Morning", "person": None, "before": ["08:00-12:00"],
            "after": []} == found.times[2].to_dict()  # fmt: skip


def test_how_it_is_judged_is_told(month):
    """Where times stay, what a rule judges otherwise is said beside them."""
    (first, *_) = month.timetables.preview("Morning", Parts(late_grace=9), first=date(2026, 3, 3)).times
    assert ("08:00-12:00, late grace 5", "08:00-12:00, late grace 9") == (first.before, first.after)


def test_nothing_is_changed(month):
    """A change that changes nothing has an empty preview."""
    found = month.timetables.preview("Morning", Parts(begins="08:00"))
    assert ((), ()) == (found.statuses, found.times)
    assert "0 statuses of days gone by would differ" == next(found.lines())
