"""The timetable: rules that say when who is expected, changed from a day on, so that old days keep what held then."""

import unicodedata
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Literal

from attendance.access import needs
from attendance.errors import RuleExists, RuleInvalid, RuleUnknown
from attendance.records import PersonRef
from attendance.register.sessions import group_number
from attendance.services.overlapping import Overlaps
from attendance.services.previewing import Preview, Previews
from attendance.services.reach import refuse_reach
from attendance.services.ruleimport import NEW
from attendance.services.shownrules import Changed, ShownRule, upcoming
from attendance.services.statuses import entry_of
from attendance.services.versions import refuse_changed
from attendance.timetable.calendar import Calendar
from attendance.timetable.drafting import Draft, basis, ended, from_day, kept_apart, sound
from attendance.timetable.facts import Entry
from attendance.timetable.ruleparts import Parts, changed, counted_from, rule_of
from attendance.timetable.singledays import held_besides, left_out, moved
from attendance.zones import FIRST_DAY, LAST_DAY, local_day, zone
from gallery.names import clean
from gallery.repositories import rules
from gallery.repositories.events import RULE_ADDED, RULE_CHANGED, RULE_ENDED, record

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from attendance.access import Actor
    from attendance.clock import Clock
    from attendance.register.sessions import Sessions
    from attendance.services.ruleimport import Incoming, Whom
    from attendance.services.statuses import Statuses
    from attendance.timetable.files.proposals import ProposedRule
    from attendance.timetable.rule import Rule
    from gallery import Gallery
    from gallery.ports import Transaction
    from gallery.timetablevalues import StoredRule

Single = Literal["skip", "move", "extra", "end"]
"""What may be done about single days: it does not take place, does so otherwise, does so besides, or never again."""


class Timetables:
    """The rules of a home; what is changed stands in the log, and every version stays."""

    def __init__(self, gallery: "Gallery", sessions: "Sessions", clock: "Clock", statuses: "Statuses") -> None:
        self._gallery, self._sessions, self._clock, self._statuses = gallery, sessions, clock, statuses

    @property
    def today(self) -> date:
        """The site's day."""
        return local_day(self._clock.utc(), self._sessions.zone)

    # What is there

    def all(self, *, ended_too: bool = False, coming: int = 0) -> list[ShownRule]:
        """The rules by name, those that have ended where wanted, each with its next occurrences."""
        with self._gallery.store.reading() as transaction:
            shown = [self._shown(each) for each in rules.all_rules(transaction)]
            found = [each for each in shown if ended_too or not each.over]
            calendar = Calendar(self._statuses.plan().calendar if coming else ())
        if not coming:
            return found
        return [replace(each, next=tuple(upcoming(each.entry, calendar, self.today, coming))) for each in found]

    def find(self, name: str, *, coming: int = 0) -> ShownRule:
        """The rule of this name, with its next occurrences. Raises RuleUnknown."""
        with self._gallery.store.reading() as transaction:
            found = self._shown(_named(transaction, name))
            plan = self._statuses.plan()
        return replace(found, next=tuple(upcoming(found.entry, Calendar(plan.calendar), self.today, coming)))

    def numbered(self, number: int, *, coming: int = 0) -> ShownRule:
        """The rule of this number, with its next occurrences. Raises RuleUnknown."""
        with self._gallery.store.reading() as transaction:
            found = next((each for each in rules.all_rules(transaction) if each.id == number), None)
            if found is None:
                raise RuleUnknown(str(number), "there is no rule of this number")
            return self.find(found.name, coming=coming)

    # What is changed

    @needs("timetable.change")
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
            return self._applied(transaction, actor, [draft], reason)[0]

    @needs("timetable.change")
    def change(
        self,
        actor: "Actor",
        name: str,
        parts: Parts,
        *,
        first: date | None = None,
        until: date | None = None,
        reason: str = "",
        expected: str | None = None,
    ) -> Changed:
        """Change the parts that are named, from a day on (None: today); days before it keep what held then.

        Without parts the rule holds from that day on, too, as it is; where it does already, that is refused.
        ``expected`` is the version of `ShownRule.seen` that the change is of (None: any). Raises RuleUnknown,
        RuleInvalid, RuleRecurrence, ZoneUnknown, MonthClosed, EditChanged.
        """
        with self._gallery.store.atomic() as transaction:
            entry = self._seen(transaction, name, expected)
            return self._applied(transaction, actor, [self.altered(entry, parts, first, until)], reason)[0]

    @needs("timetable.change")
    def change_day(
        self,
        actor: "Actor",
        name: str,
        how: Single,
        day: date,
        to: date | None = None,
        begins: str | None = None,
        ends: str | None = None,
        *,
        reason: str = "",
        expected: str | None = None,
    ) -> Changed:
        """Do so about one day, or from it on. Raises RuleUnknown, RuleInvalid, MonthClosed, EditChanged."""
        with self._gallery.store.atomic() as transaction:
            draft = self._of_day(self._seen(transaction, name, expected), how, day, to, begins, ends)
            return self._applied(transaction, actor, [draft], reason)[0]

    @needs("timetable.change")
    def skip(self, actor: "Actor", name: str, day: date, *, reason: str = "", expected: str | None = None) -> Changed:
        """It does not take place on that day. Raises RuleUnknown, RuleInvalid, MonthClosed, EditChanged."""
        return self.change_day(actor, name, "skip", day, reason=reason, expected=expected)

    @needs("timetable.change")
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
        return self.change_day(actor, name, "move", day, to, begins, ends, reason=reason)

    @needs("timetable.change")
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
        return self.change_day(actor, name, "extra", day, None, begins, ends, reason=reason)

    @needs("timetable.change")
    def remove(
        self, actor: "Actor", name: str, *, first: date, reason: str = "", expected: str | None = None
    ) -> Changed:
        """End a rule: from that day on it is none; days before it keep what held.

        Raises RuleUnknown, MonthClosed, EditChanged.
        """
        return self.change_day(actor, name, "end", first, reason=reason, expected=expected)

    @needs("timetable.change")
    def take_in(self, actor: "Actor", found: "Incoming") -> list[Changed]:
        """Rules of a file, all of them or none. Raises RuleExists, MonthClosed."""
        with self._gallery.store.atomic() as transaction:
            return self._applied(transaction, actor, [each for each in found.drafts if each.turns], "")

    # What would be changed

    def read_file(
        self, file: "Path", *, group: str | None = None, person: str | int | None = None, first: date | None = None
    ) -> "Incoming":
        """The rules of a calendar (.ics) or a table (.csv) beside what is stored, from a day on (None: today).

        The group or person is for those of which the file does not say whom they are for. Raises RuleFile,
        RuleExists, RuleInvalid, GroupUnknown, PersonUnknown, PersonAmbiguous, ReportsMissing.
        """
        from attendance.services.ruleimport import incoming, read

        found = read(file, self._sessions.zone, self.today)
        with self._gallery.store.reading() as transaction:

            def whom(each: "ProposedRule") -> "Whom | None":
                if each.group or each.person:
                    return self._whom(transaction, each.name, each.group, each.person)
                return self._whom(transaction, each.name, group, person) if group or person is not None else None

            begin = first or self.today
            _refuse_days(file.name, begin)
            return incoming(file, found, self._statuses.plan().entries, begin, whom)

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
        _refuse_days(name, first or self.today, until)
        rule = rule_of(parts, name=name, zone_name=zone_name, first=first or self.today)
        begin = first or min(self.today, rule.first)
        return from_day(Entry(NEW, name, *whom, ()), begin, rule, until)

    def altered(self, entry: Entry, parts: Parts, first: date | None = None, until: date | None = None) -> Draft:
        """A change of a rule that is not stored yet. Raises as `change`."""
        begin = first or self.today
        _refuse_days(entry.name, begin, until)
        rule = changed(counted_from(_basis(entry, begin), begin), parts, name=entry.name)
        draft = from_day(entry, begin, rule, until)
        if parts.empty and until is None and not draft.turns:
            raise RuleInvalid(entry.name, f"it holds on {begin} already: say what to change")
        return sound(draft)

    def preview(self, name: str, parts: Parts, *, first: date | None = None, until: date | None = None) -> Preview:
        """What `change` with the same would do; nothing is written. Raises as `change`, but for MonthClosed."""
        with self._gallery.store.reading() as transaction:
            draft = self.altered(entry_of(_named(transaction, name)), parts, first, until)
            return self._previewed([draft])

    def preview_new(
        self,
        name: str,
        parts: Parts,
        *,
        group: str | None = None,
        person: str | int | None = None,
        first: date | None = None,
        until: date | None = None,
    ) -> Preview:
        """What `add` with the same would do; nothing is written. Raises as `add`, but for MonthClosed."""
        with self._gallery.store.reading() as transaction:
            draft = self.drafted(transaction, name, parts, group=group, person=person, first=first, until=until)
            return self._previewed([draft])

    def preview_day(
        self,
        name: str,
        how: Single,
        day: date,
        to: date | None = None,
        begins: str | None = None,
        ends: str | None = None,
    ) -> Preview:
        """What `change_day` with the same would do; nothing is written. Raises RuleUnknown, RuleInvalid."""
        with self._gallery.store.reading() as transaction:
            draft = self._of_day(entry_of(_named(transaction, name)), how, day, to, begins, ends)
            return self._previewed([draft])

    def preview_file(self, found: "Incoming") -> Preview:
        """What `take_in` would do; nothing is written."""
        with self._gallery.store.reading():
            return self._previewed([each for each in found.drafts if each.turns])

    def _previewed(self, drafts: "Sequence[Draft]") -> Preview:
        return Previews(self._sessions, self._clock, self._statuses).of(drafts)

    def _of_day(
        self, entry: Entry, how: Single, day: date, to: date | None, begins: str | None, ends: str | None
    ) -> Draft:
        if how == "skip":
            return left_out(entry, self.today, day)
        if how == "move":
            return moved(entry, self.today, day, to or day, begins, ends)
        if how == "extra":
            return held_besides(entry, self.today, day, begins, ends)
        _refuse_days(entry.name, day)
        return ended(entry, day)

    def _applied(
        self, transaction: "Transaction", actor: "Actor", drafts: "Sequence[Draft]", reason: str
    ) -> list[Changed]:
        """Write drafts, unless they reach a closed month; each with what is worth being told of it."""
        before = self._statuses.plan()
        for each in drafts:
            self._written(transaction, actor, each, reason)
        after = self._statuses.plan()
        days = [each.first for each in drafts if each.first is not None]
        refuse_reach(transaction, self._statuses, before, after, self._sessions.zone, days)
        overlaps = Overlaps(after, self._gallery.people(active=True), self.today)
        return [
            Changed(shown, each, tuple(_remarks(shown.entry, each, overlaps)))
            for each in drafts
            for shown in [self._shown(_named(transaction, each.entry.name))]
        ]

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

    def _seen(self, transaction: "Transaction", name: str, expected: str | None) -> Entry:
        """The rule of this name, if it is as it was seen. Raises RuleUnknown, EditChanged."""
        stored = _named(transaction, name)
        refuse_changed(name, self._shown(stored).seen, expected)
        return entry_of(stored)

    def _shown(self, stored: "StoredRule") -> ShownRule:
        person = None
        if stored.person is not None:
            found = self._gallery.find(stored.person)
            person = PersonRef(found.external_id, found.name, found.id)
        return ShownRule(stored, person, self.today)


def _remarks(entry: Entry, draft: Draft, overlaps: Overlaps) -> "Iterator[str]":
    """From when on what does not hold of a change, and whom the entry expects elsewhere at the same time."""
    changed_to = [(day, rule) for day, rule in draft.turns if rule is not None]
    if not changed_to:
        return
    day, rule = changed_to[0]
    for begin, parts in kept_apart(draft.entry, day, rule):
        told = " and ".join(part.replace("_", " ") for part in parts)
        yield f"from {begin} on {told} of {entry.name} stay as they were planned for then"
    if not upcoming(entry, Calendar(()), day, 1):
        yield f"{entry.name} takes place on no day from {day} on"
    yield from overlaps.of(entry, day)


def folded(name: str) -> str:
    """As names are kept, see `gallery.names.clean`; what can be none is found nowhere."""
    return unicodedata.normalize("NFC", " ".join(name.split()))


def _named(transaction: "Transaction", name: str) -> "StoredRule":
    found = rules.named(transaction, folded(name))
    if found is None:
        raise RuleUnknown.among(name, [each.name for each in rules.all_rules(transaction)])
    return found


def _refuse_days(name: str, first: date, until: date | None = None) -> None:
    for day in (first, until or first):
        if not FIRST_DAY <= day <= LAST_DAY:
            raise RuleInvalid(name, f"{day} is not between {FIRST_DAY} and {LAST_DAY}")
    if until is not None and until < first:
        raise RuleInvalid(name, f"its last day, {until}, lies before its first, {first}")


def _basis(entry: Entry, day: date) -> "Rule":
    found = basis(entry, day)
    if found is None:
        raise RuleInvalid(entry.name, "it never said anything that could be changed")
    return found
