"""Whom an entry of the timetable is for."""

from datetime import date

from attendance.timetable.facts import Entry, Person
from attendance.timetable.versions import holding
from attendance.zones import day_bounds


def concerns(entry: Entry, person: Person, day: date) -> bool:
    """Whether the entry is for the person on that local day: as one of its group, by name, or as everybody.

    Somebody who does not belong all day long (inactive) is concerned by nothing.
    """
    if entry.person is not None and entry.person != person.key:
        return False
    if entry.group is not None and not person.belongs(entry.group, day):
        return False
    return not (person.away and _away(entry, person, day))


def _away(entry: Entry, person: Person, day: date) -> bool:
    version = holding(entry, day)
    if version is None or version.rule is None:
        return False
    begin, end = day_bounds(day, version.rule.zone)
    return any(span.begins <= begin and end <= span.ends for span in person.away)
