"""The timetable: rules that say when who is expected, changed from a day on, so that old days keep what held then."""

import unicodedata
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from attendance.errors import RuleExists, RuleInvalid, RuleUnknown
from attendance.records import PersonRef, instant
from attendance.register.sessions import group_number
from attendance.services.incoming import NEW
from attendance.services.previewing import Preview, Previews, wall
from attendance.services.reach import refuse_reach
from attendance.services.statuses import entry_of
from attendance.timetable.calendar import Calendar
from attendance.timetable.drafting import Draft, basis, ended, from_day, holding, kept_apart, later, on_days, timeline
from attendance.timetable.facts import Entry
from attendance.timetable.occurrences import of_entry
from attendance.timetable.parts import Parts, changed, counted_from, held_on, rule_of, shifted, skipped, with_extra
from attendance.timetable.words import told
from attendance.zones import local_day, zone
from gallery.names import clean
from gallery.repositories import rules
from gallery.repositories.events import RULE_ADDED, RULE_CHANGED, RULE_ENDED, record

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from attendance.access import Actor
    from attendance.clock import Clock
    from attendance.register.sessions import Sessions
    from attendance.services.incoming import Incoming, Whom
    from attendance.services.statuses import Statuses
    from attendance.timetable.facts import Version
    from attendance.timetable.files.proposals import ProposedRule
    from attendance.timetable.occurrence import Occurrence
    from attendance.timetable.rule import Rule
    from gallery import Gallery
    from gallery.ports import Transaction
    from gallery.values import StoredRule

AHEAD: Final = timedelta(days=5 * 366)
"""How far the next occurrences are looked for: a leap day comes within it, but once a century."""
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ShownRule:
    """A rule as it is stored, whom it is for, and what it says today; ``next`` is empty unless it was asked for."""

    stored: "StoredRule"
    person: PersonRef | None
    today: date
    next: "tuple[Occurrence, ...]" = ()

    @property
    def entry(self) -> Entry:
        """As the timetable takes it."""
        return entry_of(self.stored)

    @property
    def version(self) -> "Version":
        """The version that holds today, else the first one that will."""
        return holding(self.entry, self.today) or timeline(self.entry)[0]

    @property
    def over(self) -> bool:
        """Whether it has ended, and nothing of it is planned."""
        return self.version.rule is None and all(each.rule is None for each in later(self.entry, self.today))

    @property
    def until(self) -> date | None:
        """Its last day, where that is settled."""
        last = timeline(self.entry)[-1]
        return last.from_day - _DAY if last.rule is None else None

    @property
    def whom(self) -> str:
        """Whom it is for, in words."""
        if self.person is not None:
            return f"{self.person.name} ({self.person.id})"
        return f"group {self.stored.group}" if self.stored.group else "everybody"

    @property
    def says(self) -> str:
        """What it says, in words."""
        return "ended" if self.version.rule is None else told(self.version.rule)

    def to_dict(self) -> dict[str, Any]:
        """One line of ``timetable list --json``."""
        rule = self.version.rule
        return {
            "name": self.stored.name,
            "group": self.stored.group,
            "person": None if self.person is None else self.person.to_dict(),
            "says": self.says,
            "since": self.version.from_day.isoformat(),
            "until": None if self.until is None else self.until.isoformat(),
            "ended": self.over,
            "rule": None if rule is None else rule.to_dict(),
        }

    def row(self) -> dict[str, Any]:
        """One line of the table."""
        return {**self.to_dict(), "whom": self.whom}

    def coming(self) -> list[dict[str, Any]]:
        """When it takes place next: the day, and begin and end as instants and on the wall."""
        return [
            {
                "day": each.day.isoformat(),
                "begins": instant(each.begins),
                "ends": instant(each.ends),
                "wall": wall(each),
            }
            for each in self.next
        ]

    def lines(self) -> "Iterator[str]":
        """All that is known of it, for people."""
        yield f"{self.stored.name}, {self.whom}"
        for version in self.versions():
            who = f"{version['entered'][:10]} by {version['by']}{': ' if version['reason'] else ''}{version['reason']}"
            yield f"from {version['from']}  {version['says']} (version {version['number']}, {who})"
        if not self.next:
            yield "takes place no more"
        for each in self.next:
            yield f"next {each.day:%a} {each.day} {wall(each)}"

    def versions(self) -> list[dict[str, Any]]:
        """What it said and says, from which day on, by whom, when and why, in the order in which it was entered."""
        return [
            {
                "number": stored.id,
                "from": stored.from_day.isoformat(),
                "says": "ended" if version.rule is None else told(version.rule),
                "rule": None if version.rule is None else version.rule.to_dict(),
                "entered": instant(stored.entered),
                "by": stored.by,
                "reason": stored.reason,
            }
            for stored, version in zip(self.stored.versions, self.entry.versions, strict=True)
        ]


@dataclass(frozen=True, slots=True)
class Changed:
    """A rule after a change; ``new`` is false where it said all of it before. ``remarks`` are worth being told."""

    rule: ShownRule
    draft: Draft
    remarks: tuple[str, ...] = ()

    @property
    def new(self) -> bool:
        """Whether anything was changed."""
        return bool(self.draft.turns)

    @property
    def told(self) -> str:
        """What it says from which day on."""
        return "; ".join(f"from {day}: {'ended' if rule is None else told(rule)}" for day, rule in self.draft.turns)


class Timetables:
    """The rules of a home; what is changed stands in the log, and every version stays."""

    def __init__(self, gallery: "Gallery", sessions: "Sessions", clock: "Clock", statuses: "Statuses") -> None:
        self._gallery, self._sessions, self._clock, self._statuses = gallery, sessions, clock, statuses

    @property
    def today(self) -> date:
        """The site's day."""
        return local_day(self._clock.utc(), self._sessions.zone)

    # What is there

    def all(self, *, ended_too: bool = False) -> list[ShownRule]:
        """The rules by name, those that have ended where wanted."""
        with self._gallery.store.reading() as transaction:
            found = [self._shown(each) for each in rules.all_rules(transaction)]
        return [each for each in found if ended_too or not each.over]

    def find(self, name: str, *, coming: int = 0) -> ShownRule:
        """The rule of this name, with its next occurrences. Raises RuleUnknown."""
        with self._gallery.store.reading() as transaction:
            found = self._shown(_named(transaction, name))
            plan = self._statuses.plan()
        return replace(found, next=tuple(upcoming(found.entry, Calendar(plan.calendar), self.today, coming)))

    # What is changed

    def add(
        self,
        actor: "Actor",
        name: str,
        parts: Parts,
        *,
        group: str | None = None,
        person: str | int | None = None,
        first: date | None = None,
        until: date | None = None,
        reason: str = "",
    ) -> Changed:
        """A new rule for a group, a person, or everybody, from a day on (None: today, or its only day before that).

        Raises PersonInvalid, RuleExists, RuleInvalid, RuleRecurrence, ZoneUnknown, GroupUnknown, PersonUnknown,
        PersonAmbiguous, MonthClosed.
        """
        with self._gallery.store.atomic() as transaction:
            draft = self.drafted(transaction, name, parts, group=group, person=person, first=first, until=until)
            return self._applied(transaction, actor, draft, reason)

    def change(
        self,
        actor: "Actor",
        name: str,
        parts: Parts,
        *,
        first: date | None = None,
        until: date | None = None,
        reason: str = "",
    ) -> Changed:
        """Change the parts that are named, from a day on (None: today); days before it keep what held then.

        Raises RuleUnknown, RuleInvalid, RuleRecurrence, ZoneUnknown, MonthClosed.
        """
        with self._gallery.store.atomic() as transaction:
            entry = entry_of(_named(transaction, name))
            return self._applied(transaction, actor, self.altered(entry, parts, first, until), reason)

    def skip(self, actor: "Actor", name: str, day: date, *, reason: str = "") -> Changed:
        """It does not take place on that day. Raises RuleUnknown, RuleInvalid, MonthClosed."""
        with self._gallery.store.atomic() as transaction:
            entry = entry_of(_named(transaction, name))
            _refuse_idle(entry, day)
            draft = on_days(entry, self.today, {day: lambda rule: skipped(rule, day)})
            return self._applied(transaction, actor, draft, reason)

    def move(
        self,
        actor: "Actor",
        name: str,
        day: date,
        to: date | None = None,
        begins: str | None = None,
        ends: str | None = None,
        *,
        reason: str = "",
    ) -> Changed:
        """What takes place on that day does so on another, or at other times. Raises as `skip`."""
        with self._gallery.store.atomic() as transaction:
            entry = entry_of(_named(transaction, name))
            _refuse_idle(entry, day)
            draft = _moved(entry, self.today, day, to or day, begins, ends)
            return self._applied(transaction, actor, draft, reason)

    def add_day(
        self,
        actor: "Actor",
        name: str,
        day: date,
        begins: str | None = None,
        ends: str | None = None,
        *,
        reason: str = "",
    ) -> Changed:
        """It takes place on that day besides. Raises as `skip`."""
        with self._gallery.store.atomic() as transaction:
            entry = entry_of(_named(transaction, name))
            held = held_on(_rule_on(entry, day), day, begins, ends, entry.name)
            draft = on_days(entry, self.today, {day: lambda rule: with_extra(rule, held)})
            _refuse_twice(entry, draft, day)
            return self._applied(transaction, actor, draft, reason)

    def remove(self, actor: "Actor", name: str, *, first: date, reason: str = "") -> Changed:
        """End a rule: from that day on it is none; days before keep what held. Raises RuleUnknown, MonthClosed."""
        with self._gallery.store.atomic() as transaction:
            entry = entry_of(_named(transaction, name))
            return self._applied(transaction, actor, ended(entry, first), reason)

    def take_in(self, actor: "Actor", found: "Incoming", *, reason: str = "") -> list[Changed]:
        """Rules of a file, all of them or none. Raises RuleExists, MonthClosed."""
        with self._gallery.store.atomic() as transaction:
            return [self._applied(transaction, actor, each, reason) for each in found.drafts if each.turns]

    # What would be changed

    def read_file(
        self, file: "Path", *, group: str | None = None, person: str | int | None = None, first: date | None = None
    ) -> "Incoming":
        """The rules of a calendar (.ics) or a table (.csv) beside what is stored, from a day on (None: today).

        The group or person is for those of which the file does not say whom they are for. Raises RuleFile,
        RuleExists, RuleInvalid, GroupUnknown, PersonUnknown, PersonAmbiguous, ReportsMissing.
        """
        from attendance.services.incoming import incoming, read

        found = read(file, self._sessions.zone, self.today)
        with self._gallery.store.reading() as transaction:

            def whom(each: "ProposedRule") -> "Whom | None":
                if each.group or each.person:
                    return self._whom(transaction, each.name, each.group, each.person)
                return self._whom(transaction, each.name, group, person) if group or person is not None else None

            return incoming(file, found, self._statuses.plan().entries, first or self.today, whom)

    def _whom(self, transaction: "Transaction", name: str, group: str | None, person: str | int | None) -> "Whom":
        """A group that is there, or somebody's number. Raises RuleInvalid, GroupUnknown, PersonUnknown."""
        if group and person is not None:
            raise RuleInvalid(name, "a rule is for a group or for a person, not for both")
        if group:
            group_number(transaction, group)
        return group or None, None if person is None else self._gallery.find(person).id

    def drafted(
        self,
        transaction: "Transaction",
        name: str,
        parts: Parts,
        *,
        group: str | None = None,
        person: str | int | None = None,
        first: date | None = None,
        until: date | None = None,
    ) -> Draft:
        """A new rule that is not stored yet. Raises as `add`."""
        name = clean(name, "rule")
        whom = self._whom(transaction, name, group, person)
        if rules.named(transaction, name) is not None:
            raise RuleExists(name, "there is a rule of this name already")
        zone_name = zone(parts.zone or self._sessions.zone).key
        rule = rule_of(parts, name=name, zone_name=zone_name, first=first or self.today)
        begin = first or min(self.today, rule.first)
        _refuse_order(name, begin, until)
        return from_day(Entry(NEW, name, *whom, ()), begin, rule, until)

    def altered(self, entry: Entry, parts: Parts, first: date | None = None, until: date | None = None) -> Draft:
        """A change of a rule that is not stored yet. Raises as `change`."""
        begin = first or self.today
        _refuse_order(entry.name, begin, until)
        rule = changed(counted_from(_basis(entry, begin), begin), parts, name=entry.name)
        return from_day(entry, begin, rule, until)

    def preview(self, name: str, parts: Parts, *, first: date | None = None, until: date | None = None) -> Preview:
        """What `change` with the same would do; nothing is written. Raises as `change`, but for MonthClosed."""
        with self._gallery.store.reading() as transaction:
            draft = self.altered(entry_of(_named(transaction, name)), parts, first, until)
            return Previews(self._sessions, self._clock, self._statuses).of([draft])

    def _applied(self, transaction: "Transaction", actor: "Actor", draft: Draft, reason: str) -> Changed:
        with self._guarded(transaction, draft):
            self._written(transaction, actor, draft, reason)
        shown = self._shown(_named(transaction, draft.entry.name))
        return Changed(shown, draft, tuple(self._remarks(shown, draft)) if draft.turns else ())

    @contextmanager
    def _guarded(self, transaction: "Transaction", draft: Draft) -> "Iterator[None]":
        """Around the writing of a draft: raises MonthClosed where it reaches a closed month."""
        before = self._statuses.plan()
        yield
        days = [draft.first] if draft.first is not None else []
        refuse_reach(transaction, before, self._statuses.plan(), self._sessions.zone, days)

    def _written(self, transaction: "Transaction", actor: "Actor", draft: Draft, reason: str) -> None:
        """Append the versions of a draft, each with its event."""
        now, entry = self._clock.utc(), draft.entry
        if not draft.turns:
            return
        key = entry.key
        if key == NEW:
            number = group_number(transaction, entry.group) if entry.group else None
            key = rules.insert(transaction, entry.name, at=now, group_id=number, person=entry.person)
        for count, (day, rule) in enumerate(draft.turns):
            action = RULE_ADDED if entry.key == NEW and not count else RULE_CHANGED if rule else RULE_ENDED
            spec = None if rule is None else rule.to_dict()
            made = rules.add_version(transaction, key, from_day=day, spec=spec, at=now, by=actor.name, reason=reason)
            details = {"version": made.id, "day": day.isoformat()}
            record(transaction, at=now, by=actor.name, action=action, subject=key, details=details)
        self._gallery.store.bump(transaction)

    def _shown(self, stored: "StoredRule") -> ShownRule:
        person = None
        if stored.person is not None:
            found = self._gallery.find(stored.person)
            person = PersonRef(found.external_id, found.name, found.id)
        return ShownRule(stored, person, self.today)

    def _remarks(self, shown: ShownRule, draft: Draft) -> "Iterator[str]":
        day = draft.first or self.today
        rule = next((rule for _, rule in draft.turns), None)
        for begin, parts in kept_apart(draft.entry, day, rule) if rule is not None else ():
            yield f"from {begin} on {_joined(parts)} of {draft.entry.name} stay as they were planned for then"
        if any(rule is not None for _, rule in draft.turns):
            yield from self.overlaps(shown.entry, max(day, self.today))

    def overlaps(self, entry: Entry, day: date) -> "Iterator[str]":
        """Which other rules expect the same people at the same time, within four weeks of a day; one line each."""
        from attendance.services.overlapping import overlapping

        plan = self._statuses.plan()
        yield from overlapping(entry, plan, self._gallery.people(active=True), day)


def upcoming(entry: Entry, calendar: Calendar, day: date, count: int) -> "list[Occurrence]":
    """The next occurrences from a day on, at most so many."""
    found: list[Occurrence] = []
    step, last = timedelta(days=31), day + AHEAD
    while day <= last and len(found) < count:
        found += of_entry(entry, day, day + step, calendar)
        day, step = day + step + _DAY, 2 * step
    return sorted(found, key=lambda each: each.begins)[:count]


def folded(name: str) -> str:
    """As names are kept, see `gallery.names.clean`; what can be none is found nowhere."""
    return unicodedata.normalize("NFC", " ".join(name.split()))


def _named(transaction: "Transaction", name: str) -> "StoredRule":
    found = rules.named(transaction, folded(name))
    if found is None:
        raise RuleUnknown.among(name, [each.name for each in rules.all_rules(transaction)])
    return found


def _joined(parts: "Sequence[str]") -> str:
    return " and ".join(part.replace("_", " ") for part in parts)


def _refuse_order(name: str, first: date, until: date | None) -> None:
    if until is not None and until < first:
        raise RuleInvalid(name, f"its last day, {until}, lies before its first, {first}")


def _basis(entry: Entry, day: date) -> "Rule":
    found = basis(entry, day)
    if found is None:
        raise RuleInvalid(entry.name, "it never said anything that could be changed")
    return found


def _rule_on(entry: Entry, day: date) -> "Rule":
    version = holding(entry, day)
    if version is None or version.rule is None:
        raise RuleInvalid(entry.name, f"it does not hold on {day}: it has not begun, or has ended")
    return version.rule


def _refuse_idle(entry: Entry, day: date) -> None:
    if not of_entry(entry, day, day, Calendar(())):
        raise RuleInvalid(entry.name, f"it does not take place on {day}")


def _moved(entry: Entry, today: date, day: date, to: date, begins: str | None, ends: str | None) -> Draft:
    held = held_on(_rule_on(entry, to), to, begins, ends, entry.name)
    if holding(entry, day) == holding(entry, to):
        draft = on_days(entry, today, {min(day, to): lambda rule: shifted(rule, day, held)})
    else:
        draft = on_days(entry, today, {day: lambda rule: skipped(rule, day), to: lambda rule: with_extra(rule, held)})
    _refuse_twice(entry, draft, to, more=0 if to == day else 1)
    return draft


def _refuse_twice(entry: Entry, draft: Draft, day: date, more: int = 1) -> None:
    """Raise RuleInvalid where an entry would take place twice at the same time, or on a day that is none there."""
    before, after = (of_entry(each, day, day, Calendar(())) for each in (entry, draft.applied()))
    twice = any(one.ends > two.begins for one, two in pairwise(after))
    if len(after) != len(before) + more or twice:
        raise RuleInvalid(entry.name, f"it takes place at that time on {day} already, or there is no such day")
