"""The proof of a day: everything that one person's statuses of one day rest on, gathered in one view."""

from collections.abc import Collection
from datetime import date, datetime
from typing import TYPE_CHECKING

from attendance.records import PersonRef
from attendance.register.months import month_of
from attendance.register.others import Others
from attendance.register.proof import DayFacts, Made, proof
from attendance.services.statuses import StatusesWanted
from attendance.timetable import memberships
from attendance.timetable.calendar import Calendar
from attendance.timetable.facts import CalendarEntry, Person
from attendance.timetable.versions import holding
from attendance.zones import day_bounds, local_day
from gallery.repositories import (
    approvals,
    calendar,
    corrections,
    coverage,
    excuses,
    groups,
    marks,
    months,
    people,
    places,
    rules,
    sessions,
    sightings,
)
from gallery.values import Named

if TYPE_CHECKING:
    from attendance.access import Actor
    from attendance.clock import Clock
    from attendance.services.statuses import Derived, Statuses
    from gallery import Gallery
    from gallery.ports import Transaction
    from gallery.timetablevalues import StoredVersion
    from gallery.values import PersonInfo, StoredMark, StoredSession


class Proofs:
    """Proofs of days; ``site`` is what the school or firm is called."""

    def __init__(self, gallery: "Gallery", statuses: "Statuses", clock: "Clock", site: str | None) -> None:
        self._gallery, self._statuses, self._clock, self._site = gallery, statuses, clock, site

    def of(self, maker: "Actor", person: str, day: date) -> Made:
        """Prove somebody's day; see `attendance.register.proof`. Raises PersonUnknown, PersonAmbiguous."""
        with self._gallery.store.reading() as transaction:
            who = self._gallery.find(person)
            derived = self._statuses.derive(StatusesWanted(day, day, person=who.id))
            facts = self._facts(transaction, who, day, derived)
            others = Others(Named(who.external_id, who.name), people.others(transaction, who.id))
            return Made(proof(facts, others), derived.now, maker.name)

    def _facts(self, transaction: "Transaction", who: "PersonInfo", day: date, derived: "Derived") -> DayFacts:
        bounds = _bounds(day, derived)
        held = {each.id: each for each in sessions.all_sessions(transaction)}
        marked = _marks(transaction, who.id, day, derived, held)
        seen = {each.sighting for each in marked if each.sighting is not None}
        ids = {each.id for each in marked}
        looked, belonged = sightings.numbered(transaction, seen), _groups(transaction, who, day)
        return DayFacts(
            person=PersonRef(who.external_id, who.name, who.id),
            day=day,
            zone=derived.zone,
            site=self._site,
            pipeline=self._gallery.pipeline_id,
            schema=self._gallery.store.schema_version,
            rows=derived.rows,
            marks=marked,
            sessions=held,
            sightings=looked,
            places=places.names(transaction, {each.place for each in looked.values() if each.place is not None}),
            corrections=corrections.about(transaction, ids, seen),
            approvals=approvals.of_marks(transaction, ids),
            excuses=excuses.of(transaction, [who.id], within=bounds, withdrawn=True),
            coverage=coverage.within(transaction, *bounds),
            calendar=[each for each in calendar.entries(transaction) if each.first <= day <= each.last],
            versions=_versions(transaction),
            month=months.states(transaction).get(month_of(day)),
            closed=_closed(derived, day, belonged),
            groups=belonged,
        )


def _bounds(day: date, derived: "Derived") -> tuple[datetime, datetime]:
    """The day, and as far beyond it as its occurrences go on."""
    begin, end = day_bounds(day, derived.zone)
    held = [each.occurrence for each in derived.rows]
    return min([begin, *(each.begins for each in held)]), max([end, *(each.ends for each in held)])


def _marks(
    transaction: "Transaction", person: int, day: date, derived: "Derived", held: "dict[int, StoredSession]"
) -> "list[StoredMark]":
    """Those that count for the day, lie in it, or in a session of it; void ones too."""
    counting = {key for each in derived.rows for key in each.marks}
    windows = [(each.occurrence.opens, each.occurrence.closes) for each in derived.rows]

    def belongs(mark: "StoredMark") -> bool:
        if mark.id in counting:
            return True
        if not mark.time_is_known:
            return mark.session in held and held[mark.session].day == day
        inside = any(begin <= mark.at <= end for begin, end in windows)
        return inside or local_day(mark.at, derived.zone) == day

    return [each for each in marks.of_person(transaction, person) if belongs(each)]


def _groups(transaction: "Transaction", who: "PersonInfo", day: date) -> list[str]:
    """The groups that the person belonged to on that day."""
    turns: dict[str, list[memberships.Turn]] = {group: [] for group in who.groups}
    for each in groups.turns(transaction, who.id):
        turns.setdefault(each.group, []).append((each.from_day, each.member))
    found = {name: memberships.spells(name, told, member=name in who.groups) for name, told in turns.items()}
    return [name for name, spells in found.items() if Person(who.id, tuple(spells)).belongs(name, day)]


def _versions(transaction: "Transaction") -> "dict[int, StoredVersion]":
    return {version.id: version for rule in rules.all_rules(transaction) for version in rule.versions}


def _closed(derived: "Derived", day: date, groups: Collection[str]) -> str | None:
    """Why the day is closed for all; where nothing takes place, also for a group of theirs or at a site."""
    shut, sites = Calendar(derived.calendar), {None, *_sites(derived, day)}
    found = shut.closed(day)
    if found is None and not derived.rows:
        scopes = [(site, group) for site in sorted(sites, key=str) for group in (None, *groups)]
        found = next((why for why in (shut.closed(day, *scope) for scope in scopes) if why is not None), None)
    if found is None:
        return None
    return f"{found.name} ({found.source})" if isinstance(found, CalendarEntry) else "outside of the terms"


def _sites(derived: "Derived", day: date) -> set[str | None]:
    """Where the rules of that day are."""
    held = (holding(entry, day) for entry in derived.entries)
    return {each.rule.site for each in held if each is not None and each.rule is not None}
