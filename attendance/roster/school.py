"""`School`: what a register of another system says, in whichever form it came."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

Extent = Literal["bulk", "delta", "absent"]
"""Whether a file tells all there is, what has changed, or nothing."""


@dataclass(frozen=True, slots=True)
class Remark:
    """What is to be said of a row or a file; ``refused`` where something was not taken in because of it.

    ``code`` is a stable word for programs, ``where`` names file and line.
    """

    code: str
    where: str
    detail: str
    refused: bool = True

    def __str__(self) -> str:
        return f"{self.where}: {self.detail}"


@dataclass(frozen=True, slots=True)
class Role:
    """What somebody is there (student, teacher), in lower case; ``ends`` is the last day, if one is told."""

    name: str
    ends: date | None = None


@dataclass(frozen=True, slots=True)
class Pupil:
    """Somebody in the register, staff as well; ``leaves`` where it says that they have left.

    ``enabled`` is about their account there: who has none still belongs.
    """

    id: str
    name: str
    where: str
    identifier: str | None = None
    username: str | None = None
    roles: tuple[Role, ...] = ()
    leaves: bool = False
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Course:
    """A class of the register: what people are enrolled in, and here a group."""

    id: str
    title: str
    code: str | None = None
    leaves: bool = False


@dataclass(frozen=True, slots=True)
class Belonging:
    """Somebody is in a class, from a day to a day, both included, where they are told."""

    person: str
    course: str
    role: str
    where: str
    first: date | None = None
    last: date | None = None
    leaves: bool = False


@dataclass(frozen=True, slots=True)
class Term:
    """A span of days in which there is school; ``last`` is the last of them."""

    id: str
    title: str
    kind: str
    first: date
    last: date
    leaves: bool = False


@dataclass(frozen=True, slots=True)
class School:
    """A register: people, classes, who is in which, terms; and what could not be read, as remarks.

    ``form`` is such as "oneroster 1.1", ``source`` what the system calls itself. What is ``unclear`` is to stay as it
    is: the ids of people, and (person, class), of which a row was there that could not be used.
    """

    form: str
    source: str
    people: tuple[Pupil, ...]
    classes: tuple[Course, ...] = ()
    belongings: tuple[Belonging, ...] = ()
    terms: tuple[Term, ...] = ()
    remarks: tuple[Remark, ...] = ()
    people_told: Extent = "bulk"
    classes_told: Extent = "bulk"
    belongings_told: Extent = "bulk"
    terms_told: Extent = "absent"
    unclear_people: frozenset[str] = frozenset()
    unclear_belongings: frozenset[tuple[str, str]] = frozenset()
