"""How often a secret may be tried in vain: counted in the database, so that neither a restart nor a race forgives.

A try is counted before it is looked at, and forgotten where it succeeds; what is counted is kept as a digest under a
key of the home, so that the table holds no name and no address, nor anything that all addresses could be tried on.
"""

import hmac
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from attendance.service_errors import LimitReached
from gallery.repositories import attempts
from refusal import counted

if TYPE_CHECKING:
    from datetime import datetime

    from attendance.clock import Clock
    from gallery.ports import Database, Transaction
    from gallery.servicevalues import Attempts


@dataclass(frozen=True, slots=True)
class Limit:
    """From ``free`` tries in vain on each is followed by a pause: ``first_s``, doubled each time, at most ``most_s``.

    ``forgiven_s`` after the last one all are forgotten, None: never.
    """

    free: int
    first_s: float
    most_s: float
    forgiven_s: float | None = None

    def wait_s(self, tried: "Attempts", now: "datetime") -> float:
        """Seconds until the next try; a clock that was set back asks for no more than the pause itself."""
        if tried.failures < self.free or self.is_over(tried, now):
            return 0.0
        doubled = min(tried.failures - self.free, 64)
        pause = min(self.most_s, self.first_s * 2.0**doubled)
        return max(0.0, min(pause, pause - (now - tried.last).total_seconds()))

    def is_over(self, tried: "Attempts", now: "datetime") -> bool:
        """Whether it is so long ago that it counts no longer."""
        return self.forgiven_s is not None and now - tried.last >= timedelta(seconds=self.forgiven_s)


PIN: Final = Limit(free=5, first_s=30, most_s=24 * 3600)
"""Tries of a PIN; whoever keeps PINs puts one out of use after 50."""
DEVICE: Final = Limit(free=10, first_s=30, most_s=900, forgiven_s=24 * 3600)
"""Sign-ins to one account from a browser that was signed in to it before."""
ACCOUNT: Final = Limit(free=10, first_s=30, most_s=900, forgiven_s=24 * 3600)
"""Sign-ins to one account from all other browsers together."""
SOURCE: Final = Limit(free=30, first_s=30, most_s=300, forgiven_s=3600)
"""Sign-ins from one address, as many share one."""


class Limits:
    """The tries in vain of a home, whose ``key`` is 32 bytes."""

    def __init__(self, store: "Database", clock: "Clock", key: Callable[[], bytes]) -> None:
        self._store, self._clock, self._secret = store, clock, key

    def check(self, what: str, limit: Limit = PIN) -> None:
        """Raise LimitReached where this must wait; counts nothing."""
        key = self._key(what)
        with self._store.reading() as transaction:
            self._refuse(transaction, key, what, limit)

    def failed(self, what: str, limit: Limit = PIN) -> int:
        """It was tried in vain: how often by now."""
        key = self._key(what)
        with self._store.atomic() as transaction:
            return self._count(transaction, key, limit)

    def take(self, what: str, limit: Limit) -> int:
        """Count a try in advance, so that many at once are not more than one after the other: how often by now.

        `forget` takes it back when the try succeeds. Raises LimitReached.
        """
        key = self._key(what)
        with self._store.atomic() as transaction:
            self._refuse(transaction, key, what, limit)
            return self._count(transaction, key, limit)

    def forget(self, *whats: str) -> None:
        """It succeeded, or somebody forgives it."""
        keys = [self._key(each) for each in whats]
        with self._store.atomic() as transaction:
            for each in keys:
                attempts.forget(transaction, each)

    def _refuse(self, transaction: "Transaction", key: str, what: str, limit: Limit) -> None:
        tried = attempts.of(transaction, key)
        wait_s = 0.0 if tried is None else limit.wait_s(tried, self._clock.utc())
        if wait_s > 0:
            raise LimitReached(what.partition(":")[0], _told(wait_s), retry_after_s=wait_s)

    def _count(self, transaction: "Transaction", key: str, limit: Limit) -> int:
        now = self._clock.utc()
        tried = attempts.of(transaction, key)
        if tried is not None and limit.is_over(tried, now):
            attempts.forget(transaction, key)
        return attempts.fail(transaction, key, now).failures

    def _key(self, what: str) -> str:
        return hmac.new(self._secret(), b"tried:" + what.encode("utf-8", "surrogatepass"), sha256).hexdigest()


def _told(wait_s: float) -> str:
    seconds = math.ceil(wait_s)
    wait = counted(seconds, "second") if seconds < 120 else counted(math.ceil(seconds / 60), "minute")  # noqa: PLR2004
    return f"it was tried too often; wait {wait}"
