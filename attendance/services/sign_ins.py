"""Browsers that are signed in: begun with 256 random bits, over after a while, gone with the account."""

import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Final, Protocol

from attendance.access import needs
from attendance.services.sealed import secret_of
from gallery.errors import GalleryUnusable
from gallery.repositories import sign_ins
from gallery.repositories.events import SIGNED_IN, SIGNED_OUT, record

if TYPE_CHECKING:
    from attendance.access import Actor
    from attendance.clock import Clock
    from attendance.settings import Settings
    from gallery import Gallery
    from gallery.ports import Transaction
    from gallery.servicevalues import Role, SignIn

COOKIE: Final = "cookie"
"""What cookies and form tokens are signed with."""
LONGEST: Final = timedelta(hours=12)
"""A sign-in is over after it, however busy it was."""
BROWSER: Final = 200
"""Characters of what a browser calls itself that are kept."""
SEEN: Final = timedelta(minutes=1)
"""That something was asked is written at most so often."""


class Named(Protocol):
    """An account, as far as it is asked which."""

    @property
    def id(self) -> int:
        """Its number."""
        ...

    @property
    def name(self) -> str:
        """What it is called."""
        ...


@dataclass(frozen=True, slots=True)
class Begun:
    """A new sign-in: what its cookie holds, and its digest."""

    secret: str
    digest: str


class SignIns:
    """The sign-ins of a home."""

    def __init__(self, gallery: "Gallery", clock: "Clock", settings: "Settings") -> None:
        self._gallery, self._store, self._clock = gallery, gallery.store, clock
        self._settings = settings

    @cached_property
    def key(self) -> bytes:
        """What cookies are signed with, and tries in vain are counted under: 32 bytes."""
        return secret_of(self._gallery, COOKIE)

    def begin(self, account: Named, browser: str | None = None) -> Begun:
        """Sign a browser in, which calls itself so; those that are over are swept out meanwhile."""
        now, secret = self._clock.utc(), secrets.token_urlsafe(32)
        begun = Begun(secret, digest_of(secret))
        idle = max(self._idle("admin"), self._idle("teacher"))
        with self._store.atomic() as transaction:
            sign_ins.purge(transaction, begun_before=now - LONGEST, seen_before=now - idle)
            sign_ins.insert(transaction, begun.digest, account.id, at=now, browser=browser and browser[:BROWSER])
            record(transaction, at=now, by=account.name, action=SIGNED_IN, subject=account.id)
        return begun

    def found(self, secret: str) -> "SignIn | None":
        """Who is signed in by this; None where it is over, or the account is out of use or gone."""
        now, known = self._clock.utc(), self.held(secret)
        if known is not None and now - known.seen >= SEEN:
            with suppress(GalleryUnusable), self._store.atomic() as transaction:  # a full disk keeps nobody out
                sign_ins.touch(transaction, known.digest, now)
        return known

    def held(self, secret: str) -> "SignIn | None":
        """As `found`, for what goes on by itself: that somebody is there does not follow from it."""
        with self._store.reading() as transaction:
            known = sign_ins.found(transaction, digest_of(secret))
        return None if known is None or not known.account.active or self._is_over(known) else known

    def all(self, account: int | None = None) -> "list[SignIn]":
        """The browsers that are signed in to an account (None: to any), the one that was used last first."""
        with self._store.reading() as transaction:
            found = sign_ins.all_of(transaction, account)
        return [each for each in found if each.account.active and not self._is_over(each)]

    def end(self, digest: str) -> None:
        """Sign a browser out; where the disk is full it is out as its cookie is taken away, and over in two hours."""
        with self._store.reading() as transaction:
            known = sign_ins.found(transaction, digest)
        if known is not None:
            with suppress(GalleryUnusable), self._store.atomic() as transaction:
                self._end(transaction, known.account.name, [known])

    @needs("account.own")
    def end_own(self, actor: "Actor", key: str) -> int:
        """Sign out the browser of one's own that `key_of` calls so: how many those were."""
        return self._end_keyed(actor, key, actor.account or 0)

    @needs("account.own")
    def end_others(self, actor: "Actor", digest: str) -> int:
        """Sign out all browsers of one's own but the one of this digest: how many those were."""
        with self._store.atomic() as transaction:
            found = sign_ins.all_of(transaction, actor.account or 0)
            return self._end(transaction, actor.name, [each for each in found if each.digest != digest])

    @needs("accounts.manage")
    def end_one(self, actor: "Actor", key: str) -> int:
        """Sign out anybody's browser that `key_of` calls so: how many those were."""
        return self._end_keyed(actor, key, None)

    def _end_keyed(self, actor: "Actor", key: str, account: int | None) -> int:
        with self._store.atomic() as transaction:
            found = sign_ins.all_of(transaction, account)
            return self._end(transaction, actor.name, [each for each in found if key_of(each) == key])

    def _end(self, transaction: "Transaction", by: str, ending: "list[SignIn]") -> int:
        now = self._clock.utc()
        gone = [each for each in ending if sign_ins.remove(transaction, each.digest) is not None]
        for each in gone:
            record(transaction, at=now, by=by, action=SIGNED_OUT, subject=each.account.id)
        return len(gone)

    def _idle(self, role: "Role") -> timedelta:
        """For how long nothing may be asked for."""
        admin = role == "admin"
        return timedelta(minutes=self._settings.admin_idle_minutes if admin else self._settings.idle_minutes)

    def _is_over(self, known: "SignIn") -> bool:
        now = self._clock.utc()
        idle = now - known.seen >= self._idle(known.account.role)
        return now - known.begun >= LONGEST or idle or known.begun > now + SEEN


def digest_of(secret: str) -> str:
    """What is kept of a secret of 256 random bits: its SHA-256."""
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def key_of(known: "SignIn") -> str:
    """What lists call a sign-in: a part of its digest, by which nobody is signed in."""
    return known.digest[:16]
