"""Who may do what: one table for pages, programs, kiosks and the command line, and the decorator that asks it.

    @needs("marks.change")
    def enter(self, actor: Actor, ...) -> ByHandMark: ...

A service asks the table again whatever the route before it has asked, so that a route that forgot lets nobody in.
Whoever acts without any role is the program itself, or the system's user at the machine (command line, Python).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, ParamSpec, TypeVar

if TYPE_CHECKING:
    from attendance.access.actor import Actor

Right = Literal[
    "accounts.manage",
    "audit.anchor",
    "audit.read",
    "backups.manage",
    "cameras.change",
    "cameras.read",
    "consent.read",
    "consent.record",
    "credentials.manage",
    "evidence.look",
    "excuses.change",
    "holds.manage",
    "jobs.read",
    "keys.manage",
    "kiosk.act",
    "marks.change",
    "months.change",
    "people.change",
    "people.erase",
    "people.export",
    "people.read",
    "photos.change",
    "places.change",
    "privacy.read",
    "purge.run",
    "receivers.manage",
    "reports.read",
    "reviews.settle",
    "settings.change",
    "settings.read",
    "timetable.change",
    "timetable.read",
    "tokens.manage",
]


@dataclass(frozen=True, slots=True)
class Rule:
    """What a right lets do, in words, and who has it: roles of people and kiosks, scopes of programs' tokens."""

    says: str
    roles: frozenset[str]
    scopes: frozenset[str] = frozenset()


RIGHTS: Final[Mapping[Right, Rule]] = MappingProxyType({})
P = ParamSpec("P")
R = TypeVar("R")
RIGHT: Final = "__right__"
"""Where a method tells which right it needs."""


def may(actor: "Actor", right: Right) -> bool:
    """Whether whoever acts has the right."""
    return not actor.roles or not RIGHTS or not actor.roles.isdisjoint(RIGHTS[right].roles | RIGHTS[right].scopes)


def needs(right: Right) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Refuse a method to whoever has not the right; its first argument after ``self`` is the actor. AccessRefused."""

    def around(method: Callable[P, R]) -> Callable[P, R]:
        @wraps(method)
        def asked(*args: P.args, **kwargs: P.kwargs) -> R:
            actor: Any = args[1] if len(args) > 1 else kwargs["actor"]
            if not may(actor, right):
                from attendance.service_errors import AccessRefused

                raise AccessRefused(right, f"{actor.name} may not do this")
            return method(*args, **kwargs)

        setattr(asked, RIGHT, right)
        return asked

    return around
