"""By what a site marked somebody while it was cut off, and whether that had been taken away here by then.

A PIN, a code, a badge or a kiosk that is taken away goes on at a site that does not know of it yet. Such a mark is
none: somebody is to look. One of before stays a mark. When something was taken away is what the log here says, and the
time of a mark is that of the site's clock, so a little doubt between the two is no mark either.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from attendance.records import instant
from attendance.register.review import CREDENTIAL_GONE, GONE_AT, KIOSK_GONE
from gallery.repositories import credentials, tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gallery.ports import Transaction
    from gallery.slices.outbox import MarkMade

DOUBT: Final = timedelta(seconds=10)
"""How far two clocks may be from each other that are both kept right, after a week by themselves."""


@dataclass(frozen=True, slots=True)
class Gone:
    """What was taken away by when a mark was made, and since when, where that is known."""

    reason: str
    since: datetime | None

    def facts(self) -> dict[str, Any]:
        """As a sighting keeps it."""
        return {} if self.since is None else {GONE_AT: instant(self.since)}


def overtaken(transaction: "Transaction", made: "MarkMade", ahead: timedelta) -> Gone | None:
    """What a mark was made by that was gone here by then; None where all held.

    ``ahead`` is how far the site's clock is before that of the database: whichever of the two makes the mark later
    counts. Of a time that is not known it is when the mark was made.
    """
    told = made.columns
    at = told["at"] if told["time_known"] else told["entered"]
    latest = max(at, at - ahead) + DOUBT
    gone = [each for each in _gone(transaction, made) if each.since is None or each.since <= latest]
    return min(gone, key=lambda each: (each.since is not None, each.since), default=None)


def _gone(transaction: "Transaction", made: "MarkMade") -> "Iterator[Gone]":
    for number in made.credentials:
        if credentials.numbered(transaction, number) is None:
            yield Gone(CREDENTIAL_GONE, credentials.gone_since(transaction, number, made.person))
    for number in made.kiosks:
        token = tokens.numbered(transaction, number)
        if token is None or token.revoked is not None:
            yield Gone(KIOSK_GONE, None if token is None else token.revoked)
