"""A register of pupils of another system, taken in: first what it would change, then all of it in one step.

Nobody's template or mark is deleted: who is not in the register any more is set inactive. What an import needs to know
of earlier ones stands in the foreign ids, and in its events: by class the fingerprint of its group, and no name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from attendance.access import needs
from attendance.errors import ImportIdentity
from attendance.roster.changes import STUDENT, Asked, Changed, Known, KnownTerm, Plan, Turn
from attendance.roster.naming import Member
from attendance.roster.plan import make_plan
from attendance.roster.reading import read_school
from attendance.roster.school import School
from attendance.zones import day_start, local_day

if TYPE_CHECKING:
    from datetime import datetime

    from attendance.access import Actor
    from attendance.clock import Clock
    from attendance.register.sessions import Sessions
    from gallery import Gallery
    from gallery.ports import Transaction
    from gallery.values import PersonInfo

IMPORTED: Final = "roster.import"
LINKED: Final = "person.foreign_id"
"""The event of somebody whom a system calls in a way that was not known before; the details name the system."""
NEW: Final = "new"
"""What is given for a person to say that somebody is not here yet."""
_LONGEST: Final = 64


@dataclass(frozen=True, slots=True)
class RosterWanted:
    """What is asked for: the zip, what its system is called (None: as it calls itself), and how to take it in.

    ``matches`` has by the register's id the id or name of a person here, or "new"; ``first``: nothing counts from
    before that day. Who is new belongs to ``site`` (None: to all of them).
    """

    path: Path
    system: str | None = None
    roles: Sequence[str] = ()
    matches: Mapping[str, str] = field(default_factory=dict)
    first: date | None = None
    terms: bool = False
    site: str | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be done, and of whom no face is known; ``plan`` is false where nothing would change."""

    wanted: RosterWanted
    school: School
    system: str
    plan: Plan
    faceless: tuple[str, ...] = ()

    def rows(self) -> list[dict[str, Any]]:
        """One line a change, by ``change``, ``id``, ``name``, ``detail``."""
        return [*_rows_of_new(self.plan), *_rows_of_changed(self.plan, self.system), *_rows_of_rest(self.plan)]

    @property
    def summary(self) -> str:
        """The counts in words."""
        plan = self.plan
        counts = {
            "new": len(plan.new),
            "changed": len(plan.changed),
            "set inactive": len(plan.gone),
            "unchanged": plan.same,
            "terms": len(plan.terms),
            "refused": len(plan.refused),
        }
        return ", ".join(f"{what} {number}" for what, number in counts.items() if number) or "nothing to take in"


class RosterImport:
    """Takes in registers of pupils."""

    def __init__(self, gallery: "Gallery", sessions: "Sessions", clock: "Clock") -> None:
        self._gallery = gallery
        self._sessions = sessions
        self._clock = clock

    def preview(self, wanted: RosterWanted) -> Preview:
        """What taking it in would change; writes nothing.

        Raises ImportFile, ImportIdentity for a choice that cannot be, PersonUnknown, PersonAmbiguous, SessionDay,
        SiteUnknown.
        """
        school = read_school(wanted.path)
        return self._preview(wanted, school)

    @needs("imports.run")
    def take_in(self, actor: "Actor", shown: Preview) -> Preview:
        """Do what was shown, all in one step; raises Conflict where the gallery was changed meanwhile."""
        from gallery.errors import Conflict

        now = self._clock.utc()
        with self._gallery.store.atomic() as transaction:
            found = self._preview(shown.wanted, shown.school)
            if found.plan != shown.plan:
                raise Conflict(shown.wanted.path.name, "somebody has changed the people meanwhile; look at it again")
            if found.plan:
                _Step(self._gallery, self._sessions.zone, transaction, found, now, actor.name).apply()
        return found

    def _preview(self, wanted: RosterWanted, school: School) -> Preview:
        from gallery.repositories import sites

        now = self._clock.utc()
        system = wanted.system or system_of(school)
        first = None if wanted.first is None else self._sessions.begun(wanted.first, now)
        with self._gallery.store.reading() as transaction:
            people = self._gallery.people(active=None)
            known = self._known(transaction, people, system, school)
            roles = frozenset({STUDENT, *(each.lower() for each in wanted.roles)})
            matches = self._matches(wanted.matches, school, known.foreign)
            if wanted.site is not None:
                sites.find(transaction, wanted.site, active=True)
        asked = Asked(local_day(now, self._sessions.zone), roles, matches, first, wanted.terms)
        plan = make_plan(school, known, asked)
        return Preview(wanted, school, system, plan, _faceless(known, plan))

    def _known(self, transaction: "Transaction", people: "Sequence[PersonInfo]", system: str, school: School) -> Known:
        from gallery.repositories import calendar, foreign_ids, groups, months
        from gallery.repositories.events import history

        classes: dict[str, str] = {}
        for event in history(transaction, subject=system, action=IMPORTED):
            classes |= event.details.get("classes", {})
        source = _source(school, "")
        terms = (each for each in calendar.entries(transaction) if each.kind == "term")
        return Known(
            people=tuple(_member(each) for each in people),
            foreign=foreign_ids.of_system(transaction, system),
            classes=classes,
            groups=tuple(groups.names(transaction)),
            terms=tuple(KnownTerm(e.id, e.name, e.first, e.last) for e in terms if e.source.startswith(source)),
            closed=frozenset(month for month, state in months.states(transaction).items() if state.closed),
            elsewhere=frozenset(who for other, _, who in foreign_ids.everywhere(transaction) if other != system),
        )

    def _matches(self, told: Mapping[str, str], school: School, foreign: Mapping[str, int]) -> dict[str, int | None]:
        """The choices by the gallery's numbers; raises ImportIdentity, PersonUnknown, PersonAmbiguous."""
        ids = {each.id for each in school.people}
        matches: dict[str, int | None] = {}
        for key, person in told.items():
            if key not in ids:
                raise ImportIdentity(f"--match {key}={person}", f"the file has nobody with the id {key}")
            number = None if person == NEW else self._gallery.find(person).id
            if key in foreign and foreign[key] != number:
                who = self._gallery.find(foreign[key])
                known = f"{key} was {who.name} ({who.external_id}) in an earlier import"
                raise ImportIdentity(f"--match {key}={person}", f"{known}; 'attendance gallery merge' joins two people")
            matches[key] = number
        return matches


@dataclass(frozen=True, slots=True)
class _Step:
    """One import being written."""

    gallery: "Gallery"
    zone: str
    transaction: "Transaction"
    found: Preview
    at: "datetime"
    by: str

    def apply(self) -> None:
        from gallery.repositories.events import record

        plan = self.found.plan
        for new in plan.new:
            made = self.gallery.add_person(new.pupil.name, external_id=new.external_id, at=self.at, by=self.by)
            self._link(new.pupil.id, made.id)
            self._turn(made.id, new.joins, ())
            self._belong(made.id, new=True)
        for changed in plan.changed:
            self._change(changed)
        for gone in plan.gone:
            self._set_active(gone.member.key, active=False, day=gone.day)
        self._terms()
        record(
            self.transaction,
            at=self.at,
            by=self.by,
            action=IMPORTED,
            subject=self.found.system,
            details={
                "form": self.found.school.form,
                "new": len(plan.new),
                "changed": len(plan.changed),
                "inactive": len(plan.gone),
                "terms": len(plan.terms),
                "classes": dict(plan.classes),
            },
        )
        self.gallery.store.bump(self.transaction)

    def _change(self, changed: Changed) -> None:
        number = changed.member.key
        if changed.linked:
            self._link(changed.id, number)
            self._belong(number, new=False)
        if changed.name is not None:
            self.gallery.rename(number, changed.name, at=self.at, by=self.by)
        if changed.returns:
            self._set_active(number, active=True, day=self.found.wanted.first)
        self._turn(number, changed.joins, changed.leaves)

    def _set_active(self, number: int, *, active: bool, day: date | None) -> None:
        since = None if day is None else day_start(day, self.zone)
        self.gallery.set_active(number, active, at=self.at, by=self.by, since=since)

    def _link(self, key: str, number: int) -> None:
        from gallery.repositories import foreign_ids
        from gallery.repositories.events import record

        foreign_ids.add(self.transaction, self.found.system, key, number)
        details = {"system": self.found.system}
        record(self.transaction, at=self.at, by=self.by, action=LINKED, subject=number, details=details)

    def _turn(self, number: int, joins: Sequence[Turn], leaves: Sequence[Turn]) -> None:
        from gallery.repositories import groups
        from gallery.repositories.events import PERSON_GROUPS, record

        if not joins and not leaves:
            return
        for day, left in _by_day(leaves).items():
            groups.remove_member(self.transaction, number, left, day=day, at=self.at, by=self.by)
        for day, joined in _by_day(joins).items():
            groups.add_member(self.transaction, number, joined, day=day, at=self.at, by=self.by)
        record(self.transaction, at=self.at, by=self.by, action=PERSON_GROUPS, subject=number)

    def _belong(self, number: int, *, new: bool) -> None:
        """Whoever is new belongs to the register's site alone; whoever belongs to some sites, to it as well."""
        from gallery.repositories import sites
        from gallery.repositories.events import PERSON_SITES, record

        site = self.found.wanted.site
        before = sites.of(self.transaction, number)
        if site is None or not (new or before):
            return
        wanted = sorted({*before, sites.find(self.transaction, site, active=True)})
        if sites.assign(self.transaction, number, wanted):
            details = {"sites": wanted}
            record(self.transaction, at=self.at, by=self.by, action=PERSON_SITES, subject=number, details=details)

    def _terms(self) -> None:
        from gallery.repositories import calendar
        from gallery.repositories.events import CALENDAR_ADDED, CALENDAR_WITHDRAWN, record

        source = _source(self.found.school, self.found.wanted.path.name)
        for gone in self.found.plan.terms_gone:
            calendar.withdraw(self.transaction, gone.key, at=self.at, by=self.by, reason=f"otherwise in {source}")
            record(self.transaction, at=self.at, by=self.by, action=CALENDAR_WITHDRAWN, subject=gone.key)
        for term in self.found.plan.terms:
            made = calendar.insert(
                self.transaction,
                "term",
                term.first,
                term.last,
                name=term.title,
                source=source,
                at=self.at,
                by=self.by,
            )
            details = {"kind": "term", "days": (term.last - term.first).days + 1}
            record(self.transaction, at=self.at, by=self.by, action=CALENDAR_ADDED, subject=made.id, details=details)


def _by_day(turns: Sequence[Turn]) -> dict[date, list[str]]:
    found: dict[date, list[str]] = {}
    for each in turns:
        found.setdefault(each.day, []).append(each.group)
    return found


def system_of(school: School) -> str:
    """What a register's system is called where nobody says otherwise: its form and its own name."""
    family = school.form.split()[0]
    named = family if school.source in {"", family} else f"{family}:{school.source}"
    return "".join(each for each in named if each.isprintable())[:_LONGEST]


def _source(school: School, name: str) -> str:
    return f"{school.form.split()[0]} {name}"


def _member(person: "PersonInfo") -> Member:
    return Member(
        person.id, person.external_id, person.name, person.active, frozenset(person.groups), person.templates > 0
    )


def _faceless(known: Known, plan: Plan) -> tuple[str, ...]:
    """Who cannot be recognised yet: everybody new, and the people of this system without a template."""
    gone = {each.member.key for each in plan.gone}
    back = {each.member.key for each in plan.changed if each.returns}
    linked = {each.member.key for each in plan.changed if each.linked}
    ours = set(known.foreign.values()) | linked
    here = (
        each.called
        for each in known.people
        if each.key in ours and not each.recognisable and (each.active or each.key in back) and each.key not in gone
    )
    return (*(f"{each.pupil.name} ({each.external_id or each.pupil.id})" for each in plan.new), *here)


def _row(change: str, who: str | None, name: str, detail: str) -> dict[str, Any]:
    return {"change": change, "id": who, "name": name, "detail": detail}


def _told(turns: Sequence[Turn]) -> str:
    return ", ".join(f"{each.group} from {each.day} on" for each in turns)


def _rows_of_new(plan: Plan) -> list[dict[str, Any]]:
    return [_row("new", each.external_id or each.pupil.id, each.pupil.name, _told(each.joins)) for each in plan.new]


def _rows_of_changed(plan: Plan, system: str) -> list[dict[str, Any]]:
    rows = []
    for each in plan.changed:
        who, name = each.member.id, each.name or each.member.name
        changes = {
            "linked": f"{system} {each.id}" if each.linked else "",
            "renamed": f"was {each.member.name}" if each.name is not None else "",
            "active again": "from now on" if each.returns else "",
            "joins": _told(each.joins),
            "leaves": _told(each.leaves),
        }
        rows += [_row(change, who, name, detail) for change, detail in changes.items() if detail]
    return rows


def _rows_of_rest(plan: Plan) -> list[dict[str, Any]]:
    rows = [
        _row("inactive", each.member.id, each.member.name, "from now on" if each.day is None else f"from {each.day} on")
        for each in plan.gone
    ]
    rows += [_row("term", None, each.title, f"{each.first} to {each.last}") for each in plan.terms]
    rows += [_row("term gone", None, each.name, f"{each.first} to {each.last}") for each in plan.terms_gone]
    return rows
