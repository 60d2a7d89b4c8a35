"""Whether a clock is rather wrong: far ahead of where the log ends, so that more would be let go than is due."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from gallery.repositories import events

if TYPE_CHECKING:
    from gallery.ports import Database, Transaction

SEEN: Final = "purge_seen"
"""The fact about the home that tells when rules were last applied, by a clock that was held for right."""
JUMP: Final = timedelta(days=40)
"""Nothing recorded for longer means that the clock was set ahead, until somebody says that it is right."""


def before_leap(store: "Database", transaction: "Transaction", now: datetime) -> datetime | None:
    """The instant from which on nothing was recorded for longer than `JUMP`; None where the clock may well be right.

    What a wrong clock has recorded already makes it no right one: a gap before that counts as well.
    """
    found = store.meta(SEEN)
    seen = events.newest(transaction, until=now - JUMP) if found is None else datetime.fromisoformat(found)
    last = events.newest(transaction, until=now) if seen is None else seen
    if seen is not None:
        last = _before_gap(seen, events.instants(transaction, seen, now))
    return last if last is not None and now - last > JUMP else None


def held_for_right(store: "Database", at: datetime) -> None:
    """Remember that the clock was right then, unless that is known of a later instant."""
    with store.atomic():
        seen = store.meta(SEEN)
        if seen is None or datetime.fromisoformat(seen) < at:
            store.set_meta(SEEN, at.isoformat())


def _before_gap(last: datetime, instants: Iterator[datetime]) -> datetime:
    """The last of these instants, in order, that follows no gap of more than `JUMP`."""
    for each in instants:
        if each - last > JUMP:
            break
        last = each
    return last
