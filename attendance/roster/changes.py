"""What is known when a register is taken in, what is asked for, and what would change: values alone."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from attendance.roster.naming import Member
from attendance.roster.school import Pupil, Remark, Term

STUDENT: Final = "student"


@dataclass(frozen=True, slots=True)
class KnownTerm:
    """A term that an earlier import entered."""

    key: int
    name: str
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Known:
    """What is here: everybody, what the system calls them (``foreign``, to the gallery's number), and more.

    ``classes`` holds the `fingerprint` of the group of each class of earlier imports, ``groups`` the names of all
    groups, ``closed`` the closed months such as "2026-02", ``elsewhere`` the people whom other systems know.
    """

    people: tuple[Member, ...] = ()
    foreign: Mapping[str, int] = field(default_factory=dict)
    classes: Mapping[str, str] = field(default_factory=dict)
    groups: tuple[str, ...] = ()
    terms: tuple[KnownTerm, ...] = ()
    closed: frozenset[str] = frozenset()
    elsewhere: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Asked:
    """How to take it in: who, from which day on, with terms or not, and who is who where a person has chosen.

    ``matches`` has by the register's id the gallery's number, or None for somebody new. ``first``: nothing counts
    from before that day.
    """

    today: date
    roles: frozenset[str] = frozenset({STUDENT})
    matches: Mapping[str, int | None] = field(default_factory=dict)
    first: date | None = None
    terms: bool = False


@dataclass(frozen=True, slots=True)
class Turn:
    """Somebody belongs to a group from a day on, or no longer."""

    group: str
    day: date


@dataclass(frozen=True, slots=True)
class NewPerson:
    """Somebody who is not here yet, with the external id to be given; None lets the gallery choose one."""

    pupil: Pupil
    external_id: str | None
    joins: tuple[Turn, ...] = ()


@dataclass(frozen=True, slots=True)
class Changed:
    """Somebody who is here: a new name, a foreign id not known before, active again, groups joined and left."""

    member: Member
    id: str
    name: str | None = None
    linked: bool = False
    returns: bool = False
    joins: tuple[Turn, ...] = ()
    leaves: tuple[Turn, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.name or self.linked or self.returns or self.joins or self.leaves)


@dataclass(frozen=True, slots=True)
class Gone:
    """Somebody who is to be set inactive, from a day on, or with None from now on."""

    member: Member
    id: str
    day: date | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """All that would change; ``same`` is how many stay as they are, ``classes`` the fingerprints that are new."""

    new: tuple[NewPerson, ...] = ()
    changed: tuple[Changed, ...] = ()
    gone: tuple[Gone, ...] = ()
    terms: tuple[Term, ...] = ()
    terms_gone: tuple[KnownTerm, ...] = ()
    classes: Mapping[str, str] = field(default_factory=dict)
    remarks: tuple[Remark, ...] = ()
    same: int = 0

    def __bool__(self) -> bool:
        return bool(self.new or self.changed or self.gone or self.terms or self.terms_gone or self.classes)

    @property
    def refused(self) -> tuple[Remark, ...]:
        """The remarks because of which something is not taken in."""
        return tuple(each for each in self.remarks if each.refused)


def fingerprint(group: str) -> str:
    """Twelve hexadecimal digits by which a group is known again where its name may not stand."""
    return hashlib.sha256(group.encode()).hexdigest()[:12]
