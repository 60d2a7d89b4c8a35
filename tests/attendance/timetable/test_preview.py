"""What a change changes, occurrence by occurrence."""

from datetime import date, time

from attendance.timetable.calendar import Calendar
from attendance.timetable.facts import CalendarEntry, Entry, Person, Spell, Version
from attendance.timetable.preview import changes
from attendance.timetable.rule import Rule

FIRST, LAST = date(2026, 9, 1), date(2026, 9, 30)
PEOPLE = [Person(7, (Spell("7b", None, None),)), Person(8, (Spell("8a", None, None),))]
OPEN = Calendar()


def entry(*rules, group="7b", key=1, name="Maths"):
    starts = [date(2026, 1, 1), date(2026, 9, 10), date(2026, 9, 20)]
    return Entry(key, name, group, None, tuple(Version(n, starts[n], each) for n, each in enumerate(rules)))


def rule(begins=8, **more):
    return Rule(time(begins), time(begins + 1), "Europe/Berlin", date(2026, 9, 7), "FREQ=WEEKLY", **more)


def told(found):
    return [(each.day.day, each.name, each.what, each.people) for each in found]


def between(old, new, before=OPEN, after=OPEN):
    return changes(old, new, before, after, PEOPLE, FIRST, LAST)


def test_nothing_changes():
    """The same timetable and calendar twice differ in nothing."""
    assert [] == between([entry(rule())], [entry(rule())])


def test_new_and_ended_rules():
    """A new entry brings its occurrences, and one that ends from a day takes the later ones away."""
    assert [(7, "Maths", "new", (7,))] == told(
        between([], [entry(rule(left_out=(date(2026, 9, 14), date(2026, 9, 21), date(2026, 9, 28))))])
    )
    ended = between([entry(rule())], [entry(rule(), None)])
    assert [(14, "Maths", "gone", (7,)), (21, "Maths", "gone", (7,)), (28, "Maths", "gone", (7,))] == told(ended)


def test_times_that_change_are_altered():
    """A time that is put off is one altered occurrence, not one gone and one new."""
    found = between([entry(rule())], [entry(rule(), rule(10))])
    assert [(14, "altered"), (21, "altered"), (28, "altered")] == [(each.day.day, each.what) for each in found]
    assert [8, 10] == [found[0].before.rule.begins.hour, found[0].after.rule.begins.hour]


def test_what_is_judged_by_is_a_change():
    """Another grace alters occurrences, while another way to say the same days does not."""
    assert 4 == len(between([entry(rule())], [entry(rule(late_grace=0))]))
    same = Rule(time(8), time(9), "Europe/Berlin", date(2026, 9, 7), "FREQ=WEEKLY;BYDAY=MO;INTERVAL=1")
    assert [] == between([entry(rule())], [entry(same)])


def test_another_group_is_a_change_for_both():
    """An entry that goes to another group is altered for those of the old one and of the new one."""
    found = between([entry(rule())], [entry(rule(), group="8a")])
    assert [(7, 8)] * 4 == [each.people for each in found]
    alone = changes([entry(rule())], [entry(rule(), group="8a")], OPEN, OPEN, (), FIRST, LAST)
    assert [("altered", ())] * 4 == [(each.what, each.people) for each in alone]


def test_calendar_takes_days_away_and_brings_them():
    """A closed day takes its occurrences away, and withdrawing it brings them back."""
    closed = Calendar([CalendarEntry(1, "closed", date(2026, 9, 14), date(2026, 9, 14), "Fair", "by hand")])
    assert [(14, "Maths", "gone", (7,))] == told(between([entry(rule())], [entry(rule())], after=closed))
    assert [(14, "Maths", "new", (7,))] == told(between([entry(rule())], [entry(rule())], before=closed))
