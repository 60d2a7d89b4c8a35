"""What holds the entries of the log together: each is linked to the one before it, by a key that is not in the log.

The link of an entry is "k:" and the HMAC-SHA256 (RFC 2104) of its canonical JSON, which holds the link of the entry
before; without the home's key it is "h:" and the plain SHA-256 of the same, and whoever verifies is told so. The key is
a secret of the home, sealed in the database: who may write to the file alone cannot make a link.

Entries of schema 0004 and before have no link. The first one after them is `audit.begin`, whose details tell how many
they are and their SHA-256. Entries let go by a rule are vouched for by `audit.purge`, which holds the link of the last
of them. `gallery.repositories.chaincheck` verifies.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Select, Text, delete, func, insert, select, type_coerce
from sqlalchemy.orm import Session

from gallery import sending
from gallery.chainvalues import Head
from gallery.schema import EventRow
from gallery.steps import LAST, LINKS, START
from gallery.transactions import CHAIN_KEY, PURGING

if TYPE_CHECKING:
    from collections.abc import Callable

PURPOSE: Final = LINKS
"""Under which purpose the key of the links is a secret of the home."""
BEGUN: Final = "audit.begin"
PURGED: Final = "audit.purge"
KEYED, PLAIN = "k:", "h:"
_AT_ONCE: Final = 1000
_TABLE: Final[Any] = EventRow.__table__
_COLUMNS: Final = ("at", "by", "action", "subject", "details", "prev", "link")
_LAST: Final = select(_TABLE.c.link).order_by(_TABLE.c.seq.desc()).limit(1)
_INSERT: Final = insert(_TABLE).inline()
"""Put together once, as every step that changes something needs them; nobody asks for the number of the entry."""


def append(session: Session, row: EventRow) -> None:
    """Link a new entry to the last linked one, and put it into the transaction of `session`.

    One without a link that somebody put behind them is passed over: it shows when the log is verified.
    """
    key = _key(session)
    before = _before(session) or _last_link(session) or _begin(session, key, at=row.at, by=row.by)
    _put(session, row, before, key)


def _before(session: Session) -> str | None:
    """The link of the last entry, None where that has none; a step asks for it once."""
    if LAST not in session.info:
        last = session.execute(_LAST).one_or_none()
        session.info[LAST] = START if last is None else last[0]
    found: str | None = session.info[LAST]
    return found


def begin_anew(session: Session, *, at: datetime, by: str) -> None:
    """Vouch for all entries there are by one under the present key, as the key that they were linked with is lost."""
    _begin(session, _key(session), at=at, by=by)


def _key(session: Session) -> bytes | None:
    find: Callable[[Session], bytes | None] | None = session.info.get(CHAIN_KEY)
    return None if find is None else find(session)


def _last_link(session: Session) -> str | None:
    query = select(EventRow.link).where(EventRow.link.is_not(None)).order_by(EventRow.seq.desc()).limit(1)
    return session.scalar(query)


def _begin(session: Session, key: bytes | None, *, at: datetime, by: str) -> str:
    """Vouch for the entries of before, which have no link that holds; returns that of the entry that does."""
    before = Digest()
    for each in stored(session):
        before.add(each)
    details = {"entries": before.entries, "sha256": before.hex}
    row = EventRow(at=at, by=by, action=BEGUN, subject="gallery", details=details)
    return _put(session, row, START, key)


def _put(session: Session, row: EventRow, before: str, key: bytes | None) -> str:
    row.prev = before
    row.link = link_of(canonical(row.at, row.by, row.action, row.subject, row.details, row.prev), key)
    sending.put(session, _INSERT, {name: getattr(row, name) for name in _COLUMNS})
    session.info[LAST] = row.link
    return row.link


def canonical(at: datetime, by: str, action: str, subject: str, details: Any, prev: str | None) -> bytes:
    """An entry as its link covers it: JSON with sorted keys, instants in UTC, the link before it included.

    Its number is not: an entry that was moved keeps its link, and no longer follows the one that it is linked to.
    """
    told = {
        "at": at.astimezone(UTC).isoformat(),
        "by": by,
        "action": action,
        "subject": subject,
        "details": details,
        "prev": prev,
    }
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def link_of(data: bytes, key: bytes | None) -> str:
    """The link of an entry with this canonical JSON under a key, or without one."""
    if key is None:
        return PLAIN + hashlib.sha256(data).hexdigest()
    return KEYED + hmac.digest(key, data, "sha256").hex()


# As they lie there


@dataclass(frozen=True, slots=True)
class Stored:
    """An entry as it lies there; ``data`` is what its link covers, and where it is damaged, what can be read of it."""

    seq: int
    at: datetime | None
    action: str
    details: dict[str, Any]
    prev: str | None
    link: str | None
    data: bytes


def stored(session: Session, query: Select[Any] | None = None) -> Iterator[Stored]:
    """Entries in order, all or those of a query of `columns`, a few at a time; a damaged one is no error."""
    wanted = columns().order_by(EventRow.seq) if query is None else query
    with session.execute(wanted.execution_options(yield_per=_AT_ONCE)) as rows:
        for row in rows:
            yield _stored(*row)


def columns() -> Select[Any]:
    """A query of entries for `stored`: instants and details as text, so that none fails to be read."""
    at, details = type_coerce(EventRow.at, Text), type_coerce(EventRow.details, Text)
    told: list[Any] = [EventRow.by, EventRow.action, EventRow.subject, details, EventRow.prev, EventRow.link]
    return select(EventRow.seq, at, *told)


def _stored(seq: int, at: Any, by: Any, action: Any, subject: Any, details: Any, prev: Any, link: Any) -> Stored:
    try:
        told, when = json.loads(details), _instant(at)
        data = canonical(when, by, action, subject, told, prev)
        return Stored(seq, when, str(action), told if isinstance(told, dict) else {}, prev, link, data)
    except (TypeError, ValueError, OverflowError, RecursionError):
        data = repr((at, by, action, subject, details, prev)).encode("utf-8", "backslashreplace")
        return Stored(seq, None, str(action), {}, prev, link, data)


def _instant(text: Any) -> datetime:
    found = text if isinstance(text, datetime) else datetime.fromisoformat(text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


class Digest:
    """The SHA-256 of entries whose links do not hold, put in one by one in their order."""

    def __init__(self) -> None:
        self._made, self.entries = hashlib.sha256(), 0

    def add(self, entry: Stored) -> None:
        """The next one."""
        self._made.update(str(entry.seq).encode() + b" " + entry.data + b"\n")
        self.entries += 1

    @property
    def hex(self) -> str:
        """So far, hexadecimal."""
        return self._made.hexdigest()


def digest(entries: "Iterable[Stored]") -> str:
    """The SHA-256 (hexadecimal) of entries in order."""
    made = Digest()
    for each in entries:
        made.add(each)
    return made.hex


# Where it ends, and what is let go


def head(session: Session, until: int | None = None) -> Head | None:
    """Where the linked log ends, or ended with the entry of this number; None where nothing is linked yet."""
    query = select(EventRow.seq, EventRow.link, EventRow.at).where(EventRow.link.is_not(None))
    query = query if until is None else query.where(EventRow.seq <= until)
    last = session.execute(query.order_by(EventRow.seq.desc()).limit(1)).one_or_none()
    return None if last is None else Head(last.seq, last.link, first_link(session) or last.link, last.at)


def first_link(session: Session) -> str | None:
    """The link of the first entry that ever had one, which may be gone by now."""
    query = columns().where(EventRow.action == PURGED).order_by(EventRow.seq.desc()).limit(1)
    told = next(stored(session, query), None)
    kept = select(EventRow.link).where(EventRow.link.is_not(None)).order_by(EventRow.seq).limit(1)
    return (None if told is None else told.details.get("first")) or session.scalar(kept)


def purged_before(session: Session) -> datetime:
    """Up to which instant entries were let go by a rule; the beginning of time where none were."""
    query = columns().where(EventRow.action == PURGED).order_by(EventRow.seq.desc()).limit(1)
    told = next(stored(session, query), None)
    try:
        return _instant(None if told is None else told.details.get("before"))
    except (TypeError, ValueError):  # none, or one that was forged
        return datetime.min.replace(tzinfo=UTC)


def cut(session: Session, before: datetime, *, at: datetime, by: str) -> int:
    """Let the oldest entries go, up to the first that is not from before this instant; how many those were.

    By number, so that a clock once wrong takes nothing with it that came later. One more entry tells of it.
    """
    through = _through(session, before)
    if through is None:
        return 0
    if _last_link(session) is None:
        begin_anew(session, at=at, by=by)
    count = session.scalar(select(func.count()).where(EventRow.seq <= through))
    details = {
        "before": before.astimezone(UTC).isoformat(),
        "through": through,
        "entries": count,
        "link": session.scalar(select(EventRow.link).where(EventRow.seq == through)),
        "first": first_link(session),
        **_left(session, through),
    }
    append(session, EventRow(at=at, by=by, action=PURGED, subject="gallery", details=details))
    session.execute(delete(EventRow).where(EventRow.seq <= through).execution_options(**PURGING))
    session.expire_all()
    return int(count or 0)


def _through(session: Session, before: datetime) -> int | None:
    """The number of the last entry that goes."""
    kept = session.scalar(select(func.min(EventRow.seq)).where(EventRow.at >= before))
    query = select(func.max(EventRow.seq))
    found: int | None = session.scalar(query if kept is None else query.where(EventRow.seq < kept))
    return found


def _left(session: Session, through: int) -> dict[str, Any]:
    """What stays of entries that `audit.begin` alone vouches for: it told of more of them."""
    begun = session.scalar(select(func.max(EventRow.seq)).where(EventRow.action == BEGUN))
    if begun is None or begun <= through:
        return {}
    left = Digest()
    for each in stored(session, columns().where(EventRow.seq > through, EventRow.seq < begun).order_by(EventRow.seq)):
        left.add(each)
    return {"left": left.entries, "sha256": left.hex}
