"""What people are marked for: named sessions, and one of each day's own in the site's zone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from attendance.errors import GroupUnknown, SessionClosed, SessionDay, SessionExists, SessionUnknown
from attendance.records import instant
from attendance.zones import day_bounds, local_day, zone
from gallery.near import close_names, did_you_mean
from gallery.repositories.events import record
from gallery.repositories.people import clean
from gallery.schema import EventRow, Group, SessionRow

if TYPE_CHECKING:
    from sqlalchemy.orm import Session as Transaction

    from gallery.sqlite.store import Store

OPENED, CLOSED, CHECKED = "session.open", "session.close", "session.check"
FIRST_DAY = date(1970, 1, 1)
_BEGINS = "which 'attendance mark PERSON --day {0}' or 'attendance check --day {0} SOURCE' begins"


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """A session; ``opens`` and ``closes`` are UTC instants, ``closes`` None while nobody has closed it."""

    id: int
    name: str
    kind: str
    day: date
    zone: str
    opens: datetime
    closes: datetime | None
    group: str | None = None

    def is_open(self, at: datetime) -> bool:
        """Whether marks may be made at that instant."""
        return self.closes is None or at < self.closes

    def is_over(self, at: datetime) -> bool:
        """Whether this is the own session of a day that has passed at that instant."""
        return self.kind == "day" and at >= day_bounds(self.day, self.zone)[1]

    def to_dict(self) -> dict[str, Any]:
        """As ``session list --json`` shows it."""
        return {
            "name": self.name,
            "kind": self.kind,
            "day": self.day.isoformat(),
            "zone": self.zone,
            "opens": instant(self.opens),
            "closes": None if self.closes is None else instant(self.closes),
            "group": self.group,
        }


class Sessions:
    """The sessions of a home; ``zone_name`` is the site's IANA zone, ``by`` who acts."""

    def __init__(self, store: "Store", zone_name: str, by: str) -> None:
        self._store = store
        self._zone = zone(zone_name).key
        self._by = by

    def open(self, name: str, *, at: datetime, group: str | None = None) -> SessionInfo:
        """Open a named session; raises `SessionExists` when the name was used before, `GroupUnknown`.

        Names as those of people: PersonInvalid for one that is empty, too long or holds control characters.
        """
        name = clean(name, "session")
        if day_named(name) is not None:
            raise SessionExists(name, f"this is the name of that day's own session, {_BEGINS.format(name)}")
        with self._store.atomic() as transaction:
            if self._rows(transaction, name):
                raise SessionExists(name, "there is a session of this name already")
            row = SessionRow(name=name, kind="named", opens=at, zone=self._zone)
            row.group_id = None if group is None else group_id(transaction, group)
            return self._added(transaction, row, at)

    def of_day(self, at: datetime) -> SessionInfo:
        """The day's own session at that instant, made when it is not there yet; raises `SessionClosed`."""
        return _must_be_open(self._of(local_day(at, self._zone), at), at)

    def for_marks(self, name: str | None, at: datetime) -> SessionInfo:
        """The open session of this name (None: the day's own); one of a day that has begun is made where needed.

        Raises `SessionUnknown`, `SessionClosed`, `SessionDay`.
        """
        return self.of_day(at) if name is None else _must_be_open(self.by_hand(name, at), at)

    def by_hand(self, name: str | None, at: datetime) -> SessionInfo:
        """As `for_marks`, but a named session may be closed: corrections are made afterwards."""
        if name is None:
            return self.of_day(at)
        found, day = self.known(name), day_named(name)
        if found is not None or day is None:
            return found or self.find(name)
        return self._of(self.begun(day, at), at)

    def begun(self, day: date, at: datetime) -> date:
        """The day, if it has begun at that instant in the site's zone; raises `SessionDay`."""
        today = local_day(at, self._zone)
        if day > today:
            raise SessionDay(day.isoformat(), f"this day has not begun: today is {today} ({self._zone})")
        if day < FIRST_DAY:
            raise SessionDay(day.isoformat(), f"no day before {FIRST_DAY} is kept")
        return day

    def known(self, name: str) -> SessionInfo | None:
        """The session of this name, of several (days in other zones) the latest, or None."""
        with self._store.reading() as transaction:
            rows = self._rows(transaction, name)
            return _info(transaction, rows[-1]) if rows else None

    def numbered(self, number: int) -> SessionInfo:
        """The session of this number; raises `SessionUnknown`."""
        with self._store.reading() as transaction:
            row = transaction.get(SessionRow, number)
            if row is None:
                raise SessionUnknown(str(number), "there is no session of this number")
            return _info(transaction, row)

    def find(self, name: str) -> SessionInfo:
        """As `known`, but raises `SessionUnknown` where there is none."""
        found = self.known(name)
        if found is None:
            raise SessionUnknown(name, self._missing(name))
        return found

    def _missing(self, name: str) -> str:
        if day_named(name) is not None:
            return "this day has no session"
        names = [each.name for each in self.all() if each.kind == "named"]
        return f"there is no session of this name{did_you_mean(close_names(name, names))}"

    def close(self, name: str, *, at: datetime) -> SessionInfo:
        """Close a session now; raises `SessionUnknown`, `SessionClosed`."""
        with self._store.atomic() as transaction:
            rows = self._rows(transaction, name)
            if not rows:
                raise SessionUnknown(name, self._missing(name))
            _must_be_open(_info(transaction, rows[-1]), at)
            rows[-1].closes = at
            record(transaction, at=at, by=self._by, action=CLOSED, subject=rows[-1].id)
            return _info(transaction, rows[-1])

    def all(self) -> list[SessionInfo]:
        """Every session, oldest first."""
        with self._store.reading() as transaction:
            rows = transaction.scalars(select(SessionRow).order_by(SessionRow.opens, SessionRow.id))
            return [_info(transaction, row) for row in rows]

    def note_check(self, session: SessionInfo, *, at: datetime, details: Mapping[str, Any]) -> None:
        """Remember that a check ran in this session, so that "absent" can be told from "no log"."""
        with self._store.atomic() as transaction:
            record(transaction, at=at, by=self._by, action=CHECKED, subject=session.id, details=details)

    def checks(self) -> dict[int, list[datetime]]:
        """When checks ran, by the number of the session that people were looked for in."""
        found: dict[int, list[datetime]] = {}
        query = select(EventRow.subject, EventRow.at).where(EventRow.action == CHECKED).order_by(EventRow.seq)
        with self._store.reading() as transaction:
            for subject, at in transaction.execute(query):
                found.setdefault(int(subject), []).append(at)
        return found

    def _rows(self, transaction: "Transaction", name: str) -> list[SessionRow]:
        query = select(SessionRow).where(SessionRow.name == name)
        rows = list(transaction.scalars(query.order_by(SessionRow.opens, SessionRow.id)))
        return sorted(rows, key=lambda row: row.zone == self._zone)

    def _of(self, day: date, at: datetime) -> SessionInfo:
        """The day's own session, made at that instant when it is not there yet."""
        with self._store.reading() as transaction:
            row = self._day_row(transaction, day)
            if row is not None:
                return _info(transaction, row)
        with self._store.atomic() as transaction:
            row = self._day_row(transaction, day)
            return self._add_day(transaction, day, at) if row is None else _info(transaction, row)

    def _day_row(self, transaction: "Transaction", day: date) -> SessionRow | None:
        query = select(SessionRow).where(SessionRow.day == day.isoformat(), SessionRow.zone == self._zone)
        return transaction.scalars(query).one_or_none()

    def _add_day(self, transaction: "Transaction", day: date, at: datetime) -> SessionInfo:
        opens, _ = day_bounds(day, self._zone)
        row = SessionRow(name=day.isoformat(), kind="day", day=day.isoformat(), opens=opens, zone=self._zone)
        return self._added(transaction, row, at)

    def _added(self, transaction: "Transaction", row: SessionRow, at: datetime) -> SessionInfo:
        transaction.add(row)
        transaction.flush()
        record(transaction, at=at, by=self._by, action=OPENED, subject=row.id)
        return _info(transaction, row)


def group_id(transaction: "Transaction", name: str) -> int:
    """The number of a group; raises `GroupUnknown`."""
    found = transaction.scalars(select(Group.id).where(Group.name == name)).one_or_none()
    if found is None:
        raise GroupUnknown.among(name, transaction.scalars(select(Group.name)))
    return found


def day_named(name: str) -> date | None:
    """The day whose own session has this name, None for any other name."""
    try:
        day = date.fromisoformat(name)
    except ValueError:
        return None
    return day if day.isoformat() == name else None


def _info(transaction: "Transaction", row: SessionRow) -> SessionInfo:
    group = None if row.group_id is None else transaction.get(Group, row.group_id)
    day = date.fromisoformat(row.day) if row.day else local_day(row.opens, row.zone)
    name = None if group is None else group.name
    return SessionInfo(row.id, row.name, row.kind, day, row.zone, row.opens, row.closes, name)


def _must_be_open(session: SessionInfo, at: datetime) -> SessionInfo:
    if session.closes is not None and not session.is_open(at):
        raise SessionClosed(session.name, f"was closed at {instant(session.closes)}")
    return session
