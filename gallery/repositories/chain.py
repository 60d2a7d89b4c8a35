"""What holds the entries of the log together: each is linked to the one before it, by a key that is not in the log.

The link of an entry is "k:" and the HMAC-SHA256 (RFC 2104) of its canonical JSON, which holds the link of the entry
before; without the home's key it is "h:" and the plain SHA-256 of the same, and whoever verifies is told so. The key is
a secret of the home, sealed in the database: who may write to the file alone cannot make a link.

Entries of schema 0004 and before have no link. The first one after them is `audit.begin`, whose details tell how many
they are and their SHA-256.
"""

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from gallery.schema import EventRow
from gallery.transactions import CHAIN_KEY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

PURPOSE: Final = "audit"
"""Under which purpose the key of the links is a secret of the home."""
BEGUN: Final = "audit.begin"
START: Final = "start"
"""What the first linked entry is linked to."""
KEYED, PLAIN = "k:", "h:"


def append(session: Session, row: EventRow) -> None:
    """Link a new entry to the last one, and put it into the transaction of `session`."""
    query = select(EventRow.link).order_by(EventRow.seq.desc()).limit(1)
    last = session.execute(query).one_or_none()
    find: Callable[[Session], bytes | None] | None = session.info.get(CHAIN_KEY)
    key = None if find is None else find(session)
    before = START if last is None else last[0] or _begin(session, key, at=row.at, by=row.by)
    _put(session, row, before, key)


def begin_anew(session: Session, *, at: datetime, by: str) -> None:
    """Vouch for all entries there are by one under the present key, as the key that they were linked with is lost."""
    find: Callable[[Session], bytes | None] | None = session.info.get(CHAIN_KEY)
    _begin(session, None if find is None else find(session), at=at, by=by)


def _begin(session: Session, key: bytes | None, *, at: datetime, by: str) -> str:
    """Vouch for the entries of before, which have no link; returns that of the entry that does."""
    entries = session.scalars(select(EventRow).order_by(EventRow.seq)).all()
    details = {"entries": len(entries), "sha256": digest(entries)}
    row = EventRow(at=at, by=by, action=BEGUN, subject="gallery", details=details)
    return _put(session, row, START, key)


def _put(session: Session, row: EventRow, before: str, key: bytes | None) -> str:
    row.prev = before
    row.link = link_of(row, key)
    session.add(row)
    session.flush()
    return row.link


def digest(rows: "Iterable[EventRow]") -> str:
    """The SHA-256 (hexadecimal) of entries that have no link, in order."""
    made = hashlib.sha256()
    for row in rows:
        made.update(str(row.seq).encode() + b" " + canonical(row) + b"\n")
    return made.hexdigest()


def canonical(row: EventRow) -> bytes:
    """The entry as its link covers it: JSON with sorted keys, instants in UTC, the link before it included.

    Its number is not: an entry that was moved keeps its link, and no longer follows the one that it is linked to.
    """
    told = {
        "at": row.at.astimezone(UTC).isoformat(),
        "by": row.by,
        "action": row.action,
        "subject": row.subject,
        "details": row.details,
        "prev": row.prev,
    }
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def link_of(row: EventRow, key: bytes | None) -> str:
    """The link of an entry under a key, or without one."""
    data = canonical(row)
    if key is None:
        return PLAIN + hashlib.sha256(data).hexdigest()
    return KEYED + hmac.digest(key, data, "sha256").hex()
