"""Browsers that are signed in: begun with 256 random bits, over after a while, gone with the account."""

import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Final, Protocol

from attendance.services.sealed import secret_of
from gallery.errors import GalleryUnusable
from gallery.repositories import sign_ins

if TYPE_CHECKING:
    from datetime import datetime

    from attendance.clock import Clock
    from gallery import Gallery
    from gallery.servicevalues import SignIn

COOKIE: Final = "cookie"
"""What cookies and form tokens are signed with."""
LONGEST: Final = timedelta(hours=12)
"""A sign-in is over after it, however busy it was."""
IDLE: Final = timedelta(hours=2)
"""A sign-in is over when nothing was asked for so long."""
SEEN: Final = timedelta(minutes=1)
"""That something was asked is written at most so often."""


class Numbered(Protocol):
    """An account, as far as it is asked which."""

    @property
    def id(self) -> int:
        """Its number."""
        ...


@dataclass(frozen=True, slots=True)
class Begun:
    """A new sign-in: what its cookie holds, and its digest."""

    secret: str
    digest: str


class SignIns:
    """The sign-ins of a home."""

    def __init__(self, gallery: "Gallery", clock: "Clock") -> None:
        self._gallery, self._store, self._clock = gallery, gallery.store, clock

    @cached_property
    def key(self) -> bytes:
        """What cookies are signed with, and tries in vain are counted under: 32 bytes."""
        return secret_of(self._gallery, COOKIE)

    def begin(self, account: Numbered) -> Begun:
        """Sign a browser in; those that are over are swept out meanwhile."""
        now, secret = self._clock.utc(), secrets.token_urlsafe(32)
        begun = Begun(secret, digest_of(secret))
        with self._store.atomic() as transaction:
            sign_ins.purge(transaction, begun_before=now - LONGEST, seen_before=now - IDLE)
            sign_ins.insert(transaction, begun.digest, account.id, at=now)
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
        over = known is None or not known.account.active or _is_over(known, self._clock.utc())
        return None if over else known

    def end(self, digest: str) -> None:
        """Sign a browser out; where the disk is full it is out as its cookie is taken away, and over in two hours."""
        with suppress(GalleryUnusable), self._store.atomic() as transaction:
            sign_ins.remove(transaction, digest)


def digest_of(secret: str) -> str:
    """What is kept of a secret of 256 random bits: its SHA-256."""
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _is_over(known: "SignIn", now: "datetime") -> bool:
    return now - known.begun >= LONGEST or now - known.seen >= IDLE or known.begun > now + SEEN
