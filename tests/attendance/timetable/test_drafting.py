"""Changes of an entry add versions: days that they do not name keep, to the minute, what held before."""

from dataclasses import replace
from datetime import date, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from attendance.timetable.calendar import Calendar
from attendance.timetable.drafting import Draft, ended, from_day, kept_apart, on_days, said
from attendance.timetable.facts import Entry, Version
from attendance.timetable.occurrences import of_entry
from attendance.timetable.rule import Held, Rule
from attendance.timetable.ruleparts import skipped, with_extra
from attendance.timetable.versions import holding, later, timeline

TODAY = date(2026, 3, 2)
FIRST, LAST = date(2026, 2, 1), date(2026, 4, 30)
RULE = Rule(time(8), time(8, 45), "Europe/Berlin", date(2026, 1, 5), "FREQ=WEEKLY;BYDAY=MO,WE")
BARE = Entry(1, "Maths", None, None, ())
BEGUN = replace(BARE, versions=(Version(1, date(2026, 1, 5), RULE),))
LATER = replace(RULE, begins=time(9), ends=time(10))
PLANNED = replace(BEGUN, versions=(*BEGUN.versions, Version(2, date(2026, 3, 23), LATER)))

days = st.integers(0, 80).map(lambda number: FIRST + timedelta(days=number))


def held(entry: Entry) -> dict[date, list[str]]:
    """By day what takes place, with how late nobody is."""
    found: dict[date, list[str]] = {}
    for each in of_entry(entry, FIRST, LAST, Calendar(())):
        found.setdefault(each.day, []).append(f"{each.begins:%H:%M}-{each.ends:%H:%M} {each.rule.late_grace}")
    return found


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    """An entry that was changed and ended a few times, in any order of days."""
    versions = [Version(1, date(2026, 1, 5), RULE)]
    for number in range(draw(st.integers(0, 4))):
        grace = draw(st.integers(0, 9))
        rule = draw(st.sampled_from([None, replace(RULE, late_grace=grace), replace(LATER, late_grace=grace)]))
        versions.append(Version(number + 2, draw(days), rule))
    return replace(BARE, versions=tuple(versions))


@given(entries(), days, st.integers(0, 9))
def test_days_before_a_change_keep_what_held(entry, day, grace):
    """A change from a day on alters no day before it, whatever was planned."""
    draft = from_day(entry, day, replace(RULE, late_grace=grace))
    before, after = held(entry), held(draft.applied())
    assert {each: told for each, told in before.items() if each < day} == {
        each: told for each, told in after.items() if each < day
    }
    assert replace(RULE, late_grace=grace) == holding(draft.applied(), day).rule


@given(entries(), days)
def test_skipping_alters_one_day_alone(entry, day):
    """A day that is skipped takes place no more, and every other day does as before."""
    draft = on_days(entry, TODAY, {day: lambda rule: skipped(rule, day)})
    assert {each: told for each, told in held(entry).items() if each != day} == held(draft.applied())


@given(entries(), days)
def test_an_extra_alters_one_day_alone(entry, day):
    """One more occurrence comes on its day, and every other day takes place as before."""
    draft = on_days(entry, TODAY, {day: lambda rule: with_extra(rule, Held(day, time(20), time(21)))})
    before, after = held(entry), held(draft.applied())
    assert {each: told for each, told in before.items() if each != day} == {
        each: told for each, told in after.items() if each != day
    }
    version = holding(entry, day)
    assert bool(version and version.rule) == (len(after.get(day, [])) == len(before.get(day, [])) + 1)


@given(entries(), days)
def test_an_end_is_the_end(entry, day):
    """From the day of its end on nothing takes place, also of what was planned for later; before it all does."""
    before, after = held(entry), held(ended(entry, day).applied())
    assert {each: told for each, told in before.items() if each < day} == after


@given(entries(), days, st.integers(0, 30))
def test_until_is_the_last_day(entry, day, more):
    """With a last day the rule holds up to it, with it, and nothing takes place after."""
    until = day + timedelta(days=more)
    found = from_day(entry, day, RULE, until).applied()
    assert RULE == holding(found, day).rule
    assert holding(found, until + timedelta(days=1)).rule is None
    assert all(each.rule is None for each in later(found, until))
    assert all(version.rule is not None for version in timeline(found) if day <= version.from_day <= until)


def test_a_change_reaches_what_was_planned():
    """What was planned for later takes the change over, but for what it says otherwise itself."""
    graced = from_day(PLANNED, TODAY, replace(RULE, late_grace=9))
    assert [(TODAY, replace(RULE, late_grace=9)), (date(2026, 3, 23), replace(LATER, late_grace=9))] == list(
        graced.turns
    )
    earlier = replace(RULE, begins=time(7, 30))
    assert [(TODAY, earlier)] == list(from_day(PLANNED, TODAY, earlier).turns)
    assert [(date(2026, 3, 23), ["begins"])] == list(kept_apart(PLANNED, TODAY, earlier))
    assert [] == list(kept_apart(PLANNED, TODAY, replace(RULE, late_grace=9)))


def test_what_is_said_already_is_not_said_again():
    """A change that changes nothing adds no version."""
    assert () == from_day(BEGUN, TODAY, RULE).turns
    assert Draft(BEGUN, ()).first is None


def test_a_skip_ahead_does_not_stop_a_change_before_it():
    """A day to come is skipped from today on, so that what is changed tomorrow holds after that day, too."""
    ahead = on_days(BEGUN, TODAY, {date(2026, 3, 25): lambda rule: skipped(rule, date(2026, 3, 25))}).applied()
    assert [date(2026, 1, 5), TODAY] == [each.from_day for each in timeline(ahead)]
    gone = on_days(BEGUN, TODAY, {date(2026, 2, 25): lambda rule: skipped(rule, date(2026, 2, 25))}).applied()
    assert [date(2026, 1, 5), date(2026, 2, 25)] == [each.from_day for each in timeline(gone)]


def test_the_timetable_with_drafts():
    """Drafts take the places of the entries that they change, and new entries come at the end."""
    new = Draft(Entry(0, "Art", None, None, ()), ((TODAY, RULE),))
    other = replace(BEGUN, key=2, name="Music")
    found = said([ended(BEGUN, TODAY), new], [BEGUN, other])
    assert ["Maths", "Music", "Art"] == [each.name for each in found]
    assert (2, 1, 1) == tuple(len(each.versions) for each in found)
