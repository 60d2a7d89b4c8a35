"""What people are marked for: named sessions, and one of each day's own in the site's zone."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Self

from attendance.errors import GroupUnknown, SessionClosed, SessionDay, SessionExists, SessionUnknown
from attendance.records import instant
from attendance.register.months import refuse_closed
from attendance.zones import FIRST_DAY, day_bounds, local_day, zone
from gallery.names import clean
from gallery.near import close_names, did_you_mean
from gallery.repositories import events, groups
from gallery.repositories import sessions as rows

if TYPE_CHECKING:
    from gallery.ports import Database, Transaction
    from gallery.sending import Question
    from gallery.values import StoredSession

OPENED, CLOSED, CHECKED = "session.open", "session.close", "session.check"
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
    site: str | None = None

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
    """The sessions of a home; ``zone_name`` is the site's IANA zone, ``by`` who acts.

    Named ones belong to ``site``, the one that this computer works for; a day's own is that of all.
    """

    def __init__(self, store: "Database", zone_name: str, by: str, site: str | None = None) -> None:
        self._store, self._site = store, site
        self._zone = zone(zone_name).key
        self._by = by

    @property
    def zone(self) -> str:
        """The site's zone."""
        return self._zone

    def by(self, name: str) -> Self:
        """The same sessions, with somebody else who acts."""
        return type(self)(self._store, self._zone, name, self._site)

    def open(self, name: str, *, at: datetime, group: str | None = None) -> SessionInfo:
        """Open a named session; raises `SessionExists` when the name was used before, `GroupUnknown`.

        Names as those of people: PersonInvalid for one that is empty, too long or holds control characters.
        """
        name = clean(name, "session")
        if day_named(name) is not None:
            raise SessionExists(name, f"this is the name of that day's own session, {_BEGINS.format(name)}")
        with self._store.atomic() as transaction:
            if rows.named(transaction, name):
                raise SessionExists(name, "there is a session of this name already")
            number = None if group is None else group_number(transaction, group)
            return _info(self._added(transaction, name, at, opens=at, group_id=number))

    def of_day(self, at: datetime) -> SessionInfo:
        """The day's own session at that instant, made when it is not there yet; raises `SessionClosed`."""
        return self.for_marks(None, at)

    def for_marks(self, name: str | None, at: datetime) -> SessionInfo:
        """The open session of this name (None: the day's own); one of a day that has begun is made where needed.

        Raises `SessionUnknown`, `SessionClosed`, `SessionDay`.
        """
        return _must_be_open(_info(self._wanted(name, at, ())), at)

    def for_sightings(
        self, name: str | None, at: datetime, people: Collection[int], *, must_be_open: bool
    ) -> "tuple[SessionInfo, StoredSession]":
        """As `for_marks`, with who of these people is enrolled and their marks; a closed one if that is allowed.

        Whoever does not agree at that instant that their face is known again counts as not enrolled.
        """
        stored = self._wanted(name, at, people)
        found = _info(stored)
        return _must_be_open(found, at) if must_be_open else found, stored

    def ahead(self, name: str | None, at: datetime, person: int) -> "list[Question]":
        """What `for_sightings` of one person asks first, for the beginning of a step."""
        if name is None:
            return [rows.of_day_ahead(local_day(at, self._zone), self._zone, person, at)]
        return [rows.named_ahead(name, person, at)]

    def by_hand(self, name: str | None, at: datetime) -> SessionInfo:
        """As `for_marks`, but a named session may be closed: corrections are made afterwards."""
        return self.of_day(at) if name is None else _info(self._wanted(name, at, ()))

    def _wanted(self, name: str | None, at: datetime, people: Collection[int]) -> "StoredSession":
        if name is None:
            return self._of(local_day(at, self._zone), at, people)
        found, day = self._known(name, people, at), day_named(name)
        if found is not None:
            return found
        if day is None:
            raise SessionUnknown(name, self._missing(name))
        return self._of(self.begun(day, at), at, people)

    def begun(self, day: date, at: datetime) -> date:
        """The day, if it has begun at that instant in the site's zone; raises `SessionDay`."""
        today = local_day(at, self._zone)
        if day > today:
            raise SessionDay(day.isoformat(), f"this day has not begun: today is {today} ({self._zone})")
        if day < FIRST_DAY:
            raise SessionDay(day.isoformat(), f"no day before {FIRST_DAY} is kept")
        return day

    def is_past(self, name: str | None, at: datetime) -> bool:
        """Whether the session of this name (None: the day's own) is the own one of a day that has passed."""
        day = None if name is None else day_named(name)
        if name is None or day is None:
            return False
        found = self.known(name)
        return day < local_day(at, self._zone) if found is None else found.is_over(at)

    def refuse_closed(self, name: str, at: datetime) -> None:
        """Raise MonthClosed for the own session of a day gone by that lies in a closed month."""
        day = day_named(name)
        if day is not None and self.is_past(name, at):
            with self._store.reading() as transaction:
                refuse_closed(transaction, [day])

    def known(self, name: str) -> SessionInfo | None:
        """The session of this name, of several (days in other zones) the latest, or None."""
        found = self._known(name, ())
        return None if found is None else _info(found)

    def _known(self, name: str, people: Collection[int], at: datetime | None = None) -> "StoredSession | None":
        with self._store.reading() as transaction:
            found = self._named(transaction, name, people, at)
            return found[-1] if found else None

    def numbered(self, number: int) -> SessionInfo:
        """The session of this number; raises `SessionUnknown`."""
        with self._store.reading() as transaction:
            found = rows.numbered(transaction, number)
        if found is None:
            raise SessionUnknown(str(number), "there is no session of this number")
        return _info(found)

    def find(self, name: str) -> SessionInfo:
        """As `known`, but raises `SessionUnknown` where there is none."""
        found = self.known(name)
        if found is None:
            raise SessionUnknown(name, self._missing(name))
        return found

    def held(self, name: str | None, at: datetime) -> SessionInfo:
        """As `find`; without a name, the own session of the day of that instant."""
        return self.find(name or local_day(at, self._zone).isoformat())

    def _missing(self, name: str) -> str:
        if day_named(name) is not None:
            return "this day has no session"
        names = [each.name for each in self.all() if each.kind == "named"]
        return f"there is no session of this name{did_you_mean(close_names(name, names))}"

    def close(self, name: str, *, at: datetime) -> SessionInfo:
        """Close a session now; raises `SessionUnknown`, `SessionClosed`."""
        with self._store.atomic() as transaction:
            found = self._named(transaction, name, ())
            if not found:
                raise SessionUnknown(name, self._missing(name))
            session = _must_be_open(_info(found[-1]), at)
            rows.close(transaction, session.id, at)
            events.record(transaction, at=at, by=self._by, action=CLOSED, subject=session.id)
            return replace(session, closes=at)

    def all(self) -> list[SessionInfo]:
        """Every session, oldest first."""
        with self._store.reading() as transaction:
            return [_info(found) for found in rows.all_sessions(transaction)]

    def note_check(self, session: SessionInfo, *, at: datetime, details: Mapping[str, Any]) -> None:
        """Remember that a check ran in this session, so that "absent" can be told from "no log"."""
        with self._store.atomic() as transaction:
            events.record(transaction, at=at, by=self._by, action=CHECKED, subject=session.id, details=details)

    def checks(self) -> dict[int, list[datetime]]:
        """When checks ran, by the number of the session that people were looked for in."""
        with self._store.reading() as transaction:
            return {int(subject): times for subject, times in events.times(transaction, CHECKED).items()}

    def _named(
        self, transaction: "Transaction", name: str, people: Collection[int], at: datetime | None = None
    ) -> "list[StoredSession]":
        return sorted(rows.named(transaction, name, people, at), key=lambda found: found.zone == self._zone)

    def _of(self, day: date, at: datetime, people: Collection[int]) -> "StoredSession":
        """The day's own session, made at that instant when it is not there yet."""
        with self._store.reading() as transaction:
            found = rows.of_day(transaction, day, self._zone, people, at)
        if found is not None:
            return found
        with self._store.atomic() as transaction:
            found = rows.of_day(transaction, day, self._zone, people, at)
            if found is not None:
                return found
            opens, _ = day_bounds(day, self._zone)
            made = self._added(transaction, day.isoformat(), at, opens=opens, day=day)
            return (people and rows.of_day(transaction, day, self._zone, people, at)) or made

    def _added(
        self,
        transaction: "Transaction",
        name: str,
        at: datetime,
        *,
        opens: datetime,
        day: date | None = None,
        group_id: int | None = None,
    ) -> "StoredSession":
        site = self._site if day is None else None
        found = rows.insert(transaction, name, self._zone, opens, day=day, group_id=group_id, site=site)
        events.record(transaction, at=at, by=self._by, action=OPENED, subject=found.id)
        return found


def group_number(transaction: "Transaction", name: str) -> int:
    """The number of a group; raises `GroupUnknown`."""
    found = groups.number_of(transaction, name)
    if found is None:
        raise GroupUnknown.among(name, groups.names(transaction))
    return found


def day_named(name: str) -> date | None:
    """The day whose own session has this name, None for any other name."""
    try:
        day = date.fromisoformat(name)
    except ValueError:
        return None
    return day if day.isoformat() == name else None


def _info(found: "StoredSession") -> SessionInfo:
    day = found.day or local_day(found.opens, found.zone)
    return SessionInfo(
        found.id, found.name, found.kind, day, found.zone, found.opens, found.closes, found.group, found.site
    )


def _must_be_open(session: SessionInfo, at: datetime) -> SessionInfo:
    if session.closes is not None and not session.is_open(at):
        raise SessionClosed(session.name, f"was closed at {instant(session.closes)}")
    return session
