"""What taking in a register would change: a `School` compared with who is enrolled, before anything is written.

People are matched by what the system calls them, else by an id of theirs that is the external id here. A name alone
never says who somebody is: where it is all there is, a person has to choose.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from typing import Final

from attendance.roster.changes import (
    Asked,
    Changed,
    Gone,
    Known,
    KnownTerm,
    NewPerson,
    Plan,
    Turn,
    fingerprint,
)
from attendance.roster.naming import Claims, Member, free_id
from attendance.roster.school import Belonging, Pupil, Remark, School, Term

TERM_KINDS: Final = ("term", "semester", "gradingperiod", "schoolyear")
"""Kinds of academic sessions; the first that there are become terms: a school year has the holidays in it."""
_CLOSED = "month.closed"


def make_plan(school: School, known: Known, asked: Asked) -> Plan:
    """Compare; nothing is changed."""
    return _Planner(school, known, asked).plan()


class _Planner:
    def __init__(self, school: School, known: Known, asked: Asked) -> None:
        self._school, self._known, self._asked = school, known, asked
        self._remarks: list[Remark] = []
        self._members = {each.key: each for each in known.people}
        self._pupils = {each.id: each for each in school.people}
        self._groups = _groups_of(school, known)
        self._belongings = self._sorted()
        self._of_classes = self._all_of_classes()

    def plan(self) -> Plan:
        wanted = [each for each in self._school.people if self._belongs(each)]
        known = self._known
        claims = Claims(self._school, known.people, known.foreign, self._asked.matches, known.elsewhere)
        claims.settle(each.id for each in wanted)
        self._remarks += claims.refused
        new = self._new([each for each in wanted if each.id in claims.new])
        met = [self._changed(each.id, claims.found[each.id], each) for each in wanted if each.id in claims.found]
        met += [self._changed(key, self._members[number], None) for key, number in self._elsewhere(claims)]
        gone = tuple(self._gone(claims))
        self._note_others()
        self._note_many(len(gone))
        terms, terms_gone = self._terms()
        return Plan(
            new=tuple(new),
            changed=tuple(each for each in met if each),
            gone=gone,
            terms=terms,
            terms_gone=terms_gone,
            classes=self._new_classes(),
            remarks=(*self._school.remarks, *self._remarks),
            same=sum(not each for each in met),
        )

    # Who

    def _belongs(self, pupil: Pupil) -> bool:
        """Whether somebody is there in one of the roles asked for; files of changes need not repeat what is known."""
        if not pupil.roles and self._school.people_told == "delta" and pupil.id in self._known.foreign:
            return not pupil.leaves
        return not pupil.leaves and any(
            each.name in self._asked.roles and (each.ends is None or each.ends >= self._asked.today)
            for each in pupil.roles
        )

    def _note_others(self) -> None:
        """Say how many are in the register in other roles: they stay as they are."""
        others = Counter(
            " and ".join(sorted({role.name or "no role" for role in each.roles})) or "no role"
            for each in self._school.people
            if not each.leaves
            and not any(role.name in self._asked.roles for role in each.roles)
            and not self._belongs(each)
        )
        if others:
            shown = ", ".join(f"{role} {number}" for role, number in sorted(others.items()))
            self._remarks.append(
                Remark("people.roles", "users.csv", f"not taken in: {shown}; see --role", refused=False)
            )

    def _note_many(self, gone: int) -> None:
        """Make a person look again where most of the system's people would go: the file may be cut."""
        numbers = set(self._known.foreign.values()) & {each.key for each in self._known.people if each.active}
        if gone * 2 > len(numbers) and gone > 1:
            detail = f"{gone} of {len(numbers)} people would be set inactive; is the file whole?"
            self._remarks.append(Remark("people.many", "users.csv", detail, refused=False))

    def _elsewhere(self, claims: Claims) -> list[tuple[str, int]]:
        """Who is known to the system and not in a file of changes, as their classes may be in the one of classes."""
        if self._school.people_told == "bulk" or self._school.belongings_told == "absent":
            return []
        spoken = {each.key for each in claims.found.values()}
        return [
            (key, number)
            for key, number in self._known.foreign.items()
            if key not in self._pupils
            and key not in self._school.unclear_people
            and number in self._members
            and number not in spoken
            and (self._school.belongings_told == "bulk" or key in self._belongings)
        ]

    def _gone(self, claims: Claims) -> Iterable[Gone]:
        """Those of whom the register says that they have left, and in one that tells all, who is not in it."""
        there = {each.key for each in claims.found.values()} | claims.disputed
        for pupil in self._school.people:
            member = claims.known.get(pupil.id)
            if member is None or not member.active or member.key in there or self._belongs(pupil):
                continue
            left, last = self._left(pupil)
            if left:
                there.add(member.key)
                yield from self._inactive(member, pupil.id, pupil.where, last)
        if self._school.people_told != "bulk":
            return
        listed = self._pupils.keys() | self._school.unclear_people
        there |= {number for key, number in self._known.foreign.items() if key in listed}
        for key, number in self._known.foreign.items():
            member = self._members.get(number)
            if key not in listed and member is not None and member.active and number not in there:
                there.add(number)
                yield from self._inactive(member, key, "users.csv", None)

    def _left(self, pupil: Pupil) -> tuple[bool, date | None]:
        """Whether somebody has left, and the last day where it is told; other roles than those asked for stay."""
        if pupil.leaves:
            return True, None
        ends = [each.ends for each in pupil.roles if each.name in self._asked.roles]
        return bool(ends), max((each for each in ends if each is not None), default=None)

    def _inactive(self, member: Member, key: str, where: str, last: date | None) -> Iterable[Gone]:
        day = self._not_before(last + timedelta(days=1)) if last is not None else self._asked.first
        if self._open(day, where, f"{member.called} cannot be set inactive"):
            yield Gone(member, key, day)

    # What changes of whom

    def _new(self, pupils: list[Pupil]) -> list[NewPerson]:
        taken = {each.id for each in self._known.people}
        counted = Counter(each.identifier for each in self._school.people)
        made = []
        for pupil in pupils:
            alone = pupil.identifier is not None and counted[pupil.identifier] == 1
            chosen = free_id(pupil if alone else replace(pupil, identifier=None), taken)
            made.append(NewPerson(pupil, chosen, self._joins(pupil.id, frozenset())))
        return made

    def _changed(self, key: str, member: Member, pupil: Pupil | None) -> Changed:
        returns = pupil is not None and not member.active
        if returns and not self._open(
            self._asked.first, pupil.where if pupil else "", f"{member.called} cannot return"
        ):
            returns = False
        return Changed(
            member,
            key,
            name=pupil.name if pupil is not None and pupil.name != member.name else None,
            linked=self._known.foreign.get(key) != member.key,
            returns=returns,
            joins=self._joins(key, member.groups),
            leaves=self._leaves(key, member.groups),
        )

    # Groups

    def _sorted(self) -> dict[str, list[tuple[str, Belonging]]]:
        """By person, their belongings with the group of each; those of nobody, and to no class, are remarked on."""
        gone = {each.id for each in self._school.classes if each.leaves}
        known = self._pupils.keys() | self._school.unclear_people
        if self._school.people_told != "bulk":
            known |= self._known.foreign.keys()
        found: dict[str, list[tuple[str, Belonging]]] = defaultdict(list)
        for each in self._school.belongings:
            group = self._groups.get(each.course)
            if each.leaves and (each.person not in known or group is None):
                continue  # what is not here need not go
            if each.person not in known:
                self._refuse("orphan.user", each.where, f"nobody has the id {each.person}")
            elif group is None and each.course not in gone:
                self._refuse("orphan.class", each.where, f"no class has the id {each.course}")
            elif group is not None and each.role in self._asked.roles:
                ended = replace(each, leaves=True) if each.course in gone else each
                found[each.person].append((group, ended))
        return found

    def _now(self, key: str) -> dict[str, date]:
        """The groups that somebody is to belong to, with the day from which on."""
        wanted: dict[str, date] = {}
        for group, each in self._belongings.get(key, ()):
            if not each.leaves and (each.last is None or each.last >= self._asked.today):
                day = self._not_before(each.first or self._asked.first or self._asked.today)
                wanted[group] = min(day, wanted.get(group, day))
        return wanted

    def _joins(self, key: str, have: frozenset[str]) -> tuple[Turn, ...]:
        return tuple(
            Turn(group, day)
            for group, day in self._now(key).items()
            if group not in have and self._open(day, self._where(key), f"{key} cannot join {group}")
        )

    def _leaves(self, key: str, have: frozenset[str]) -> tuple[Turn, ...]:
        """The groups that somebody no longer belongs to: of classes alone, never those that were given by hand."""
        if self._school.belongings_told == "absent":
            return ()
        unclear = {self._groups.get(course) for person, course in self._school.unclear_belongings if person == key}
        over: dict[str, date | None] = {}
        for group, each in self._belongings.get(key, ()):
            over[group] = max(filter(None, (over.get(group), each.last)), default=None)
        told = over.keys() if self._school.belongings_told == "delta" else self._of_classes
        left = (have & told) - self._now(key).keys() - unclear
        turns = [Turn(group, self._day_after(over.get(group))) for group in sorted(left)]
        return tuple(
            each for each in turns if self._open(each.day, self._where(key), f"{key} cannot leave {each.group}")
        )

    def _all_of_classes(self) -> set[str]:
        """The groups that stand for classes, of this register or an earlier one."""
        managed = set(self._known.classes.values())
        return {*self._groups.values(), *(name for name in self._known.groups if fingerprint(name) in managed)}

    def _day_after(self, last: date | None) -> date:
        """The first day without a group: after the last one where that is told and over, else today."""
        if last is not None and last < self._asked.today:
            return self._not_before(last + timedelta(days=1))
        return self._asked.first or self._asked.today

    def _new_classes(self) -> dict[str, str]:
        told = {each.id: fingerprint(self._groups[each.id]) for each in self._school.classes if each.id in self._groups}
        return {key: mark for key, mark in told.items() if self._known.classes.get(key) != mark}

    # Terms

    def _terms(self) -> tuple[tuple[Term, ...], tuple[KnownTerm, ...]]:
        """The terms that are new or otherwise than before, and those of earlier imports that hold no longer."""
        if not self._asked.terms:
            return (), ()
        kinds = {each.kind for each in self._school.terms}
        kind = next((each for each in TERM_KINDS if each in kinds), None)
        ours = [each for each in self._school.terms if each.kind == kind]
        staying = {(each.title, each.first, each.last) for each in ours if not each.leaves}
        known = {(each.name, each.first, each.last) for each in self._known.terms}
        new = [each for each in ours if not each.leaves and (each.title, each.first, each.last) not in known]
        gone = [
            each
            for each in self._known.terms
            if (each.name, each.first, each.last) not in staying
            and any(each.name == now.title and each.first <= now.last and now.first <= each.last for now in ours)
        ]
        opened = [each for each in new if self._open_between(each.first, each.last, f"the term {each.title}")]
        spared = {each.title for each in new} - {each.title for each in opened}
        return tuple(opened), tuple(
            each
            for each in gone
            if each.name not in spared and self._open_between(each.first, each.last, f"the term {each.name}")
        )

    # Days

    def _not_before(self, day: date) -> date:
        return day if self._asked.first is None else max(day, self._asked.first)

    def _open(self, day: date | None, where: str, what: str) -> bool:
        """Whether no month from that day on is closed; a remark says so where one is."""
        later = [month for month in sorted(self._known.closed) if month >= (day or self._asked.today).isoformat()[:7]]
        if later:
            self._refuse(_CLOSED, where, f"{what} from {day} on, as {later[-1]} is closed; --from DAY begins later")
        return not later

    def _open_between(self, first: date, last: date, what: str) -> bool:
        within = [each for each in sorted(self._known.closed) if first.isoformat()[:7] <= each <= last.isoformat()[:7]]
        if within:
            self._refuse(_CLOSED, "academicSessions.csv", f"{what} cannot be changed, as {within[-1]} is closed")
        return not within

    def _where(self, key: str) -> str:
        return self._pupils[key].where if key in self._pupils else "enrollments.csv"

    def _refuse(self, code: str, where: str, detail: str) -> None:
        self._remarks.append(Remark(code, where, detail))


def _groups_of(school: School, known: Known) -> dict[str, str]:
    """The group of each class: its title, of several with one title with code or id behind it.

    A class of an earlier import keeps its group while its title is the same. Where a file tells changes alone, or
    nothing, the classes that are not in it go on, and no other one gets their group; in one that tells all they do not.
    """
    by_mark = {fingerprint(name): name for name in known.groups}
    there = [each for each in school.classes if not each.leaves]
    listed = {each.id for each in school.classes}
    others = {} if school.classes_told == "bulk" else {key: m for key, m in known.classes.items() if key not in listed}
    ours = {key: mark for key, mark in known.classes.items() if key in listed}
    groups = {key: by_mark[mark] for key, mark in {**others, **ours}.items() if mark in by_mark}
    going_on = set(others.values())
    titles = Counter(each.title for each in there)
    codes = Counter((each.title, each.code) for each in there)
    for each in there:
        before = groups.get(each.id)
        if before is None or not (before == each.title or before.startswith(f"{each.title} (")):
            alone = titles[each.title] == 1 and fingerprint(each.title) not in going_on
            told = each.code if each.code is not None and codes[each.title, each.code] == 1 else each.id
            groups[each.id] = each.title if alone else f"{each.title[:150]} ({told[:40]})"
    return groups
