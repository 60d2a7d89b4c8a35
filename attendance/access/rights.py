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
    "account.own",
    "accounts.manage",
    "accounts.read",
    "audit.anchor",
    "audit.read",
    "backups.manage",
    "backups.read",
    "cameras.change",
    "cameras.read",
    "consent.read",
    "consent.record",
    "credentials.manage",
    "events.read",
    "evidence.look",
    "excuses.change",
    "faces.judge",
    "holds.manage",
    "imports.run",
    "jobs.begin",
    "jobs.read",
    "keys.manage",
    "kiosk.act",
    "liveness.measure",
    "marks.change",
    "marks.export",
    "marks.read",
    "metrics.read",
    "months.change",
    "months.read",
    "people.change",
    "people.erase",
    "people.export",
    "people.read",
    "photos.change",
    "photos.read",
    "places.change",
    "privacy.read",
    "purge.run",
    "receivers.manage",
    "receivers.read",
    "reports.read",
    "reviews.read",
    "reviews.settle",
    "settings.change",
    "settings.read",
    "similarity.use",
    "sites.change",
    "timetable.change",
    "timetable.read",
    "tokens.manage",
    "tokens.read",
    "upkeep.run",
    "uploads.keep",
]


@dataclass(frozen=True, slots=True)
class Rule:
    """What a right lets do, in words, and who has it: roles of people and kiosks, scopes of programs' tokens."""

    says: str
    roles: frozenset[str]
    scopes: frozenset[str] = frozenset()


_ADMIN: Final = frozenset({"admin"})
_KIOSK: Final = frozenset({"kiosk"})
_STAFF: Final = _ADMIN | {"teacher"}
_INSPECTORS: Final = _ADMIN | {"auditor"}
_READERS: Final = _STAFF | _INSPECTORS
RIGHTS: Final[Mapping[Right, Rule]] = MappingProxyType(
    {
        "account.own": Rule(
            "Change the own password and second factor, see where one is signed in, and sign out there.", _READERS
        ),
        "accounts.manage": Rule("Add, change and remove accounts, give them passwords, and sign others out.", _ADMIN),
        "accounts.read": Rule("See the accounts, and who is signed in.", _INSPECTORS),
        "audit.anchor": Rule("Note the head of the log outside the home.", _ADMIN),
        "audit.read": Rule("Read the log, take it out as a table, and prove that it is whole.", _INSPECTORS),
        "backups.manage": Rule("Write backups, try and restore them.", _ADMIN),
        "backups.read": Rule("See which backups there are.", _INSPECTORS),
        "cameras.change": Rule("Start and stop cameras.", _ADMIN, frozenset({"cameras:write"})),
        "cameras.read": Rule("See how cameras do, and what they show.", _READERS, frozenset({"cameras:read"})),
        "consent.read": Rule("See who has agreed to what.", _INSPECTORS),
        "consent.record": Rule("Note what people agree to, and hand out forms.", _ADMIN),
        "credentials.manage": Rule("Give and take PINs, codes and badges.", _STAFF),
        "events.read": Rule("Hear of what happens while it does.", _READERS, frozenset({"events:read"})),
        "evidence.look": Rule("See what a decision rests on, faces too.", _READERS),
        "excuses.change": Rule("Enter and withdraw excuses.", _STAFF, frozenset({"timetable:write"})),
        "faces.judge": Rule("Have photos judged, and people marked by them.", _STAFF | _KIOSK, frozenset({"decide"})),
        "holds.manage": Rule("Keep somebody from being erased for the time being, and lift that.", _ADMIN),
        "imports.run": Rule("Take in registers, marks of other devices, and people of other homes.", _ADMIN),
        "jobs.begin": Rule("Begin long work; what it changes needs a right of its own.", _READERS),
        "jobs.read": Rule("See long work, and fetch what it has made.", _READERS),
        "keys.manage": Rule("Change, protect and copy the key of the home.", _ADMIN),
        "kiosk.act": Rule("Be the page at a door: look, take entries, take a mark back.", _KIOSK),
        "liveness.measure": Rule("Measure what liveness is worth at a place.", _ADMIN),
        "marks.change": Rule(
            "Mark, void, correct and approve, and note that people were looked for.", _STAFF, frozenset({"marks:write"})
        ),
        "marks.export": Rule("Take marks out as files for other systems.", _INSPECTORS),
        "marks.read": Rule("Read marks.", _READERS, frozenset({"marks:read"})),
        "metrics.read": Rule("Read what the service does in numbers.", _INSPECTORS, frozenset({"metrics"})),
        "months.change": Rule("Close months, and open them again.", _ADMIN),
        "months.read": Rule("See months, and prove closed ones.", _INSPECTORS),
        "people.change": Rule("Add people, change and merge them.", _STAFF, frozenset({"people:write"})),
        "people.erase": Rule("Erase people.", _ADMIN, frozenset({"people:erase"})),
        "people.export": Rule("Take out all data of somebody, or of everybody.", _ADMIN),
        "people.read": Rule("Read people and groups.", _READERS, frozenset({"people:read"})),
        "photos.change": Rule(
            "Enrol photos, noting a yes that comes with them, and take them away.", _STAFF, frozenset({"people:write"})
        ),
        "photos.read": Rule("See the faces that are kept of enrolled people.", _READERS, frozenset({"photos:read"})),
        "places.change": Rule("Add, change and retire places.", _ADMIN),
        "privacy.read": Rule("See how data is protected, and take out the record of processing.", _INSPECTORS),
        "purge.run": Rule("Let go what is kept no longer.", _ADMIN),
        "receivers.manage": Rule("Add, change and remove receivers of news.", _ADMIN),
        "receivers.read": Rule("See the receivers of news, and what was sent to them.", _INSPECTORS),
        "reports.read": Rule("Read reports, and take them out.", _READERS, frozenset({"reports:read"})),
        "reviews.read": Rule("See what waits for somebody to look.", _READERS, frozenset({"reviews:write"})),
        "reviews.settle": Rule("Say who was seen, and take that back.", _STAFF, frozenset({"reviews:write"})),
        "settings.change": Rule("Change settings.", _ADMIN),
        "settings.read": Rule("Read settings and places, and how the home does.", _INSPECTORS),
        "similarity.use": Rule(
            "Have pictures compared that are neither kept nor enrolled.", _STAFF, frozenset({"similarity"})
        ),
        "sites.change": Rule("Add and retire sites, and say who belongs to which.", _ADMIN),
        "timetable.change": Rule("Change sessions, timetables and calendars.", _STAFF, frozenset({"timetable:write"})),
        "timetable.read": Rule(
            "Read sessions, timetables, calendars and excuses.", _READERS, frozenset({"timetable:read"})
        ),
        "tokens.manage": Rule("Make and revoke tokens of programs, kiosks and calendars.", _ADMIN),
        "tokens.read": Rule("See which tokens there are.", _INSPECTORS),
        "upkeep.run": Rule("Renew templates, and repair the home.", _ADMIN),
        "uploads.keep": Rule("Send files, and decide about them afterwards.", _STAFF),
    }
)
"""Who may do what. An auditor reads everything and changes nothing; a program has what its token's scopes open."""
P = ParamSpec("P")
R = TypeVar("R")
RIGHT: Final = "__right__"
"""Where a method tells which right it needs."""


def may(actor: "Actor", right: Right) -> bool:
    """Whether whoever acts has the right."""
    return not actor.roles or not actor.roles.isdisjoint(RIGHTS[right].roles | RIGHTS[right].scopes)


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
