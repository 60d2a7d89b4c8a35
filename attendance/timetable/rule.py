"""`Rule`: when somebody is expected, as wall times of a zone, and what counts as late, as early and as there at all."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum
from typing import Any, Self


class Pairing(StrEnum):
    """How marks become times of presence.

    ``once``: one mark is enough, and nobody has to check out. ``first-last``: from the first mark to the last.
    ``pairs``: in and out by turns, as their directions say, else alternating.
    """

    ONCE = "once"
    FIRST_LAST = "first-last"
    PAIRS = "pairs"


@dataclass(frozen=True, slots=True)
class Break:
    """A break by wall times within an occurrence; time of an unpaid one is not worked."""

    begins: time
    ends: time
    paid: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """An occurrence by a day and wall times of its own: one that was added, or what became of one that was moved.

    ``ends`` not after ``begins`` is a time of the next day.
    """

    day: date
    begins: time
    ends: time


@dataclass(frozen=True, slots=True)
class Rule:
    """When somebody is expected: from ``begins`` to ``ends`` on the days of the recurrence, on the wall of ``zone``.

    ``ends`` not after ``begins`` is a time of the next day; the whole occurrence belongs to the day it begins on.
    ``recurs`` is an RRULE (RFC 5545, DAILY or longer), counted from ``first``; without it ``first`` is the only day.
    ``left_out`` days do not take place (EXDATE), ``added`` ones do besides (RDATE), ``moved`` ones take place as it
    says there (RECURRENCE-ID). The rest is minutes: marks count from ``opens_before`` the beginning to
    ``closes_after`` the end; up to ``late_grace`` nobody is late, up to ``early_grace`` nobody leaves early; who was
    there for less than ``half_day`` is partly there, for less than ``absent_below`` absent (0: no such rule).
    ``auto_close`` closes what nobody checked out of that long after the end, unapproved; None leaves it open.
    """

    begins: time
    ends: time
    zone: str
    first: date
    recurs: str | None = None
    left_out: tuple[date, ...] = ()
    added: tuple[Held, ...] = ()
    moved: tuple[tuple[date, Held], ...] = ()
    opens_before: int = 30
    closes_after: int = 30
    late_grace: int = 5
    early_grace: int = 5
    half_day: int = 0
    absent_below: int = 0
    pairing: Pairing = Pairing.ONCE
    breaks: tuple[Break, ...] = ()
    auto_close: int | None = None
    follows_calendar: bool = True
    site: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """As the database keeps it: JSON values, every field by its name."""
        return {
            "begins": _wall(self.begins),
            "ends": _wall(self.ends),
            "zone": self.zone,
            "first": self.first.isoformat(),
            "recurs": self.recurs,
            "left_out": [each.isoformat() for each in self.left_out],
            "added": [_held(each) for each in self.added],
            "moved": [[day.isoformat(), _held(each)] for day, each in self.moved],
            "opens_before": self.opens_before,
            "closes_after": self.closes_after,
            "late_grace": self.late_grace,
            "early_grace": self.early_grace,
            "half_day": self.half_day,
            "absent_below": self.absent_below,
            "pairing": str(self.pairing),
            "breaks": [[_wall(each.begins), _wall(each.ends), each.paid] for each in self.breaks],
            "auto_close": self.auto_close,
            "follows_calendar": self.follows_calendar,
            "site": self.site,
        }

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> Self:
        """The rule that `to_dict` wrote; raises KeyError, ValueError or TypeError for anything else."""
        return cls(
            begins=time.fromisoformat(told["begins"]),
            ends=time.fromisoformat(told["ends"]),
            zone=told["zone"],
            first=date.fromisoformat(told["first"]),
            recurs=told["recurs"],
            left_out=tuple(date.fromisoformat(each) for each in told["left_out"]),
            added=tuple(_read_held(each) for each in told["added"]),
            moved=tuple((date.fromisoformat(day), _read_held(each)) for day, each in told["moved"]),
            opens_before=told["opens_before"],
            closes_after=told["closes_after"],
            late_grace=told["late_grace"],
            early_grace=told["early_grace"],
            half_day=told["half_day"],
            absent_below=told["absent_below"],
            pairing=Pairing(told["pairing"]),
            breaks=tuple(Break(time.fromisoformat(b), time.fromisoformat(e), paid) for b, e, paid in told["breaks"]),
            auto_close=told["auto_close"],
            follows_calendar=told["follows_calendar"],
            site=told["site"],
        )

    @property
    def digest(self) -> str:
        """Twelve hexadecimal digits that two rules share only if they say the same; evidence of what was judged by."""
        return hashlib.sha256(json.dumps(self.to_dict(), sort_keys=True).encode()).hexdigest()[:12]


def _wall(at: time) -> str:
    return at.isoformat(timespec="minutes")


def _held(each: Held) -> list[str]:
    return [each.day.isoformat(), _wall(each.begins), _wall(each.ends)]


def _read_held(told: list[str]) -> Held:
    day, begins, ends = told
    return Held(date.fromisoformat(day), time.fromisoformat(begins), time.fromisoformat(ends))
