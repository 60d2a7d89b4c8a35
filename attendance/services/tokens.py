"""Tokens of programs, kiosks, calendar feeds and the first setup: shown once, kept as digests, taken back at once."""

import secrets
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from attendance.access import needs
from attendance.errors import PlaceRetired
from attendance.records import instant
from attendance.service_errors import RequestInvalid, TokenUnknown
from attendance.services.known import known_place
from attendance.services.sign_ins import SEEN, digest_of
from gallery.errors import GalleryUnusable
from gallery.names import clean
from gallery.near import close_names, did_you_mean
from gallery.repositories import accounts, places, tokens
from gallery.repositories.events import TOKEN_ADDED, TOKEN_REVOKED, history, record

if TYPE_CHECKING:
    from datetime import datetime

    from attendance.access import Actor
    from attendance.clock import Clock
    from gallery.ports import Database, Transaction
    from gallery.servicevalues import Account, Token, TokenKind
    from gallery.values import Place

SCOPES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "people:read": "Read people and groups.",
        "people:write": "Add and change people, and enrol their photos.",
        "people:erase": "Erase people.",
        "photos:read": "Read the faces that are kept.",
        "timetable:read": "Read sessions, timetables, calendars and excuses.",
        "timetable:write": "Change sessions, timetables, calendars and excuses.",
        "marks:read": "Read marks.",
        "marks:write": "Mark, void and correct.",
        "decide": "Have photos judged, and people marked by them.",
        "similarity": "Have pictures compared that are neither kept nor enrolled.",
        "reviews:write": "Read what waits for somebody to look, and say who was seen.",
        "reports:read": "Read reports.",
        "cameras:read": "Read how cameras do.",
        "cameras:write": "Start and stop cameras.",
        "events:read": "Hear of what happens.",
        "metrics": "Read what the service does in numbers.",
    }
)
"""What a program may be allowed, and in words."""
YEAR_DAYS: Final = 365
"""A program's token ends after so many days unless another end is wanted."""
PREFIX: Final = "att_"
"""What a token begins with, so that one that leaks is found."""
SETUP: Final = timedelta(minutes=30)
"""How long the link of the first setup holds."""
SETUP_NAME: Final = "first setup"


@dataclass(frozen=True, slots=True)
class Made:
    """A new token, and what it is proved by: told here once and never again."""

    token: "Token"
    secret: str


@dataclass(frozen=True, slots=True)
class ShownToken:
    """A token as people see it, with the name of its place."""

    token: "Token"
    place: str | None
    holds: bool

    def to_dict(self) -> dict[str, Any]:
        """One line of ``token list --json``."""
        found = self.token
        return {
            "number": found.id,
            "kind": found.kind,
            "name": found.name,
            "scopes": list(found.scopes),
            "place": self.place,
            "created": instant(found.created),
            "by": found.by,
            "ends": found.ends and instant(found.ends),
            "used": found.used and instant(found.used),
            "revoked": found.revoked and instant(found.revoked),
            "holds": self.holds,
        }


class Tokens:
    """The tokens of a home; each that is made or taken back stands in the log."""

    def __init__(self, store: "Database", clock: "Clock") -> None:
        self._store, self._clock = store, clock

    # What is there

    def all(self) -> list[ShownToken]:
        """Every token in the order in which they were made, those that hold no longer, too; none of a setup."""
        now = self._clock.utc()
        with self._store.reading() as transaction:
            return [self._shown(transaction, each, now) for each in tokens.all_tokens(transaction) if _lasts(each)]

    def numbered(self, number: int) -> ShownToken:
        """The token of this number. Raises TokenUnknown."""
        with self._store.reading() as transaction:
            return self._shown(transaction, _known(transaction, number), self._clock.utc())

    def gone(self, some: "Sequence[Token]") -> str:
        """Which of them hold no more, in words; empty where all hold."""
        return in_words([each for each in some if not self.numbered(each.id).holds])

    def found(self, secret: str, *kinds: "TokenKind") -> "Token | None":
        """The token that this proves, if it holds and is of one of these kinds; its use is noted each minute."""
        now = self._clock.utc()
        with self._store.reading() as transaction:
            token = tokens.found(transaction, digest_of(secret))
        if token is None or token.kind not in kinds or not token.holds(now):
            return None
        if token.used is None or now - token.used >= SEEN:
            with (
                suppress(GalleryUnusable),
                self._store.atomic() as transaction,
            ):  # a full disk keeps nobody out
                tokens.touch(transaction, token.id, now)
        return token

    # What is changed

    @needs("tokens.manage")
    def add(
        self, actor: "Actor", name: str, scopes: Collection[str], *, days: int | None = YEAR_DAYS, kind: str = "api"
    ) -> Made:
        """A token for a program, or a calendar's; it ends after ``days``, None: never. Raises RequestInvalid."""
        if kind not in {"api", "feed"}:
            raise RequestInvalid("kind", f"{kind!r} is neither api nor feed")
        wanted = _scopes(scopes) if kind == "api" else ()
        with self._store.atomic() as transaction:
            return self._insert(transaction, actor, "api" if kind == "api" else "feed", name, wanted, days=days)

    @needs("tokens.manage")
    def add_feed(self, actor: "Actor", name: str, whom: str, *, days: int | None = None) -> Made:
        """A token for a calendar; ``whom`` it is of stands in the place of scopes. Raises RequestInvalid."""
        with self._store.atomic() as transaction:
            return self._insert(transaction, actor, "feed", name, (whom,), days=days)

    @needs("tokens.manage")
    def add_kiosk(self, actor: "Actor", place: str, *, days: int | None = None) -> Made:
        """A token for the kiosk at a place. Raises PlaceUnknown, PlaceRetired, RequestInvalid for another place."""
        with self._store.atomic() as transaction:
            found = known_place(transaction, place)
            if found.kind != "kiosk":
                raise RequestInvalid(found.name, "this place is a camera; add a place of kind kiosk")
            if not found.active:
                raise PlaceRetired(found.name, "this place is out of use")
            return self._insert(transaction, actor, "kiosk", found.name, (), place=found, days=days)

    @needs("tokens.manage")
    def revoke(self, actor: "Actor", number: int) -> ShownToken:
        """Take a token back; from now on it opens nothing. Raises TokenUnknown."""
        now = self._clock.utc()
        with self._store.atomic() as transaction:
            found = _known(transaction, number)
            if found.revoked is None:
                tokens.revoke(transaction, number, now)
                record(transaction, at=now, by=actor.name, action=TOKEN_REVOKED, subject=number)
            return self._shown(transaction, _known(transaction, number), now)

    @needs("tokens.manage")
    def begin_setup(self, actor: "Actor") -> str | None:
        """What the link of the first setup holds, another one each time; None where there is an account."""
        now, secret = self._clock.utc(), secrets.token_urlsafe(32)
        with self._store.atomic() as transaction:
            for each in tokens.all_tokens(transaction, "setup"):
                tokens.revoke(transaction, each.id, now)
            if accounts.all_accounts(transaction):
                return None
            tokens.insert(
                transaction,
                "setup",
                SETUP_NAME,
                digest_of(secret),
                scopes=(),
                at=now,
                by=actor.name,
                ends=now + SETUP,
            )
        return secret

    def _insert(
        self,
        transaction: "Transaction",
        actor: "Actor",
        kind: "TokenKind",
        name: str,
        scopes: tuple[str, ...],
        *,
        place: "Place | None" = None,
        days: int | None = None,
    ) -> Made:
        now, secret = self._clock.utc(), PREFIX + secrets.token_urlsafe(32)
        token = tokens.insert(
            transaction,
            kind,
            clean(name, "token"),
            digest_of(secret),
            scopes=scopes,
            at=now,
            by=actor.name,
            place=None if place is None else place.id,
            ends=_ends(now, days),
        )
        details = {"kind": kind, "scopes": list(scopes), "account": actor.account}
        record(transaction, at=now, by=actor.name, action=TOKEN_ADDED, subject=token.id, details=details)
        return Made(token, secret)

    def _shown(self, transaction: "Transaction", token: "Token", now: "datetime") -> ShownToken:
        numbers = () if token.place is None else (token.place,)
        place = places.names(transaction, numbers).get(token.place or 0)
        return ShownToken(token, place, token.holds(now))


def in_words(some: "Sequence[Token]") -> str:
    """Which tokens these are, for one line."""
    return ", ".join(f"token {each.id} ({each.kind} {each.name})" for each in some)


def made_by(transaction: "Transaction", account: "Account", now: "datetime") -> "list[Token]":
    """The tokens that an account has made and that hold, by the log; by its name where the log does not tell."""
    told = {each.subject: each.details for each in history(transaction, action=TOKEN_ADDED)}

    def is_theirs(token: "Token") -> bool:
        details = told.get(str(token.id), {})
        return details["account"] == account.id if "account" in details else token.by == account.name

    found = [each for each in tokens.all_tokens(transaction) if _lasts(each) and each.holds(now)]
    return [each for each in found if is_theirs(each)]


def revoke_made_by(transaction: "Transaction", actor: "Actor", account: "Account", now: "datetime") -> None:
    """Take these tokens back."""
    for each in made_by(transaction, account, now):
        tokens.revoke(transaction, each.id, now)
        record(transaction, at=now, by=actor.name, action=TOKEN_REVOKED, subject=each.id)


def _known(transaction: "Transaction", number: int) -> "Token":
    found = tokens.numbered(transaction, number)
    if found is None or not _lasts(found):
        raise TokenUnknown(str(number), "there is no token of this number")
    return found


def _lasts(token: "Token") -> bool:
    return token.kind != "setup"


def _scopes(wanted: Collection[str]) -> tuple[str, ...]:
    if not wanted:
        raise RequestInvalid("scopes", f"say what the program may do: {', '.join(SCOPES)}")
    for each in wanted:
        if each not in SCOPES:
            near = did_you_mean(close_names(each, SCOPES, 1))
            raise RequestInvalid(each, f"there is no such scope{near}; there are {', '.join(SCOPES)}")
    return tuple(each for each in SCOPES if each in wanted)


def _ends(now: "datetime", days: int | None) -> "datetime | None":
    if days is None:
        return None
    if not 1 <= days <= 3650:  # noqa: PLR2004 - ten years
        raise RequestInvalid("days", f"a token holds for 1 to 3650 days, not {days}")
    return now + timedelta(days=days)
