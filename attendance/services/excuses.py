"""Excuses: when somebody need not be there, and why; entered ahead or afterwards, withdrawn, never rewritten."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from attendance.access import needs
from attendance.errors import ExcuseDocument, ExcuseSettled, ExcuseSpan, ExcuseUnknown
from attendance.records import PersonRef, instant
from attendance.register.months import refuse_closed
from attendance.services.reach import days_reached
from attendance.zones import FIRST_DAY, day_start, zone
from gallery.repositories import excuses as rows
from gallery.repositories.events import EXCUSE_ADDED, EXCUSE_WITHDRAWN, record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attendance.access import Actor
    from attendance.clock import Clock
    from attendance.register.sessions import Sessions
    from attendance.services.statuses import Statuses
    from gallery import Gallery
    from gallery.ports import Transaction
    from gallery.timetablevalues import StoredExcuse
    from gallery.values import PersonInfo

MOST_BYTES: Final = 1 << 30
"""Bytes of a document that is read for its hash."""
MOST_TEXT: Final = 2000
"""Characters of a reason."""
LONGEST: Final = timedelta(days=5 * 366)
_BLOCK: Final = 1 << 20
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ShownExcuse:
    """An excuse, whose it is, and the site's zone."""

    stored: "StoredExcuse"
    person: PersonRef
    zone: str

    @property
    def state(self) -> str:
        """Whether it counts: "counts", "awaits approval", "refused" or "withdrawn"."""
        if self.stored.withdrawn is not None:
            return "withdrawn"
        if self.stored.pending:
            return "awaits approval"
        return "counts" if self.stored.counts else "refused"

    @property
    def span(self) -> str:
        """Its days where it is of whole ones, else from when to when on the clock of the site."""
        begins, ends = (each.astimezone(zone(self.zone)) for each in (self.stored.begins, self.stored.ends))
        first, last = begins.date(), (ends - timedelta(microseconds=1)).date()
        if (self.stored.begins, self.stored.ends) == (day_start(first, self.zone), day_start(last + _DAY, self.zone)):
            return str(first) if first == last else f"{first} to {last}"
        return f"{begins:%Y-%m-%d %H:%M} to {ends:%Y-%m-%d %H:%M}"

    @property
    def told(self) -> str:
        """All of it but the reason in one line."""
        return f"excuse {self.stored.id}: {self.person.name} ({self.person.id}), {self.span}"

    def to_dict(self) -> dict[str, Any]:
        """One line of ``excuse list --json``."""
        found = self.stored
        return {
            "number": found.id,
            "person": self.person.to_dict(),
            "begins": instant(found.begins),
            "ends": instant(found.ends),
            "reason": found.reason,
            "document": found.document,
            "state": self.state,
            "entered": instant(found.entered),
            "by": found.by,
            "withdrawn": None if found.withdrawn is None else found.withdrawn.reason,
        }

    def row(self) -> dict[str, Any]:
        """One line of the table."""
        return {**self.to_dict(), "id": self.person.id, "name": self.person.name, "span": self.span}


class Excuses:
    """The excuses of a home; with ``second_approval`` they count once somebody else has approved them."""

    def __init__(
        self,
        gallery: "Gallery",
        sessions: "Sessions",
        clock: "Clock",
        statuses: "Statuses",
        *,
        second_approval: bool = False,
    ) -> None:
        self._gallery, self._sessions, self._clock = gallery, sessions, clock
        self._statuses, self._awaits = statuses, second_approval

    # What is there

    def all(
        self,
        person: str | int | None = None,
        *,
        first: date | None = None,
        last: date | None = None,
        withdrawn_too: bool = False,
    ) -> list[ShownExcuse]:
        """Those of a person or of all, in part within a span of days, by their beginnings.

        Raises PersonUnknown, PersonAmbiguous, ExcuseSpan.
        """
        if first is not None and last is not None and last < first:
            raise ExcuseSpan(f"{first}..{last}", "the last day lies before the first")
        within = (
            datetime.min.replace(tzinfo=UTC) if first is None else day_start(first, self._sessions.zone),
            datetime.max.replace(tzinfo=UTC) if last is None else day_start(last + _DAY, self._sessions.zone),
        )
        with self._gallery.store.reading() as transaction:
            people = None if person is None else [self._gallery.find(person).id]
            found = rows.of(transaction, people, within=within, withdrawn=withdrawn_too)
            names = {each.id: each for each in self._gallery.people(active=None)}
            return [self._shown(each, names) for each in found]

    def find(self, number: int) -> ShownExcuse:
        """The excuse of this number. Raises ExcuseUnknown."""
        with self._gallery.store.reading() as transaction:
            return self._shown(_numbered(transaction, number))

    # What is changed

    @needs("excuses.change")
    def add(
        self,
        actor: "Actor",
        person: str | int,
        begins: str,
        ends: str,
        *,
        reason: str,
        document: Path | None = None,
    ) -> ShownExcuse:
        """Somebody need not be there from a day or instant to a day, with it, or an instant; also ahead of time.

        Of a document only the SHA-256 is kept. Raises PersonUnknown, PersonAmbiguous, ExcuseSpan, ExcuseDocument,
        MonthClosed.
        """
        span = span_of(begins, ends, self._sessions.zone)
        why = _reason(reason)
        found = None if document is None else sha256_of(document)
        with self._gallery.store.atomic() as transaction:
            who = self._gallery.find(person)
            self._refuse_closed(transaction, *span)
            now = self._clock.utc()
            made = rows.insert(
                transaction,
                who.id,
                *span,
                reason=why,
                at=now,
                by=actor.name,
                document=found,
                awaits=self._awaits,
            )
            record(
                transaction,
                at=now,
                by=actor.name,
                action=EXCUSE_ADDED,
                subject=made.id,
                details={"person": who.id},
            )
            return self._shown(made)

    @needs("excuses.change")
    def withdraw(self, actor: "Actor", number: int, *, reason: str) -> ShownExcuse:
        """Take an excuse back; it stays on record. Raises ExcuseUnknown, ExcuseSettled, MonthClosed."""
        with self._gallery.store.atomic() as transaction:
            found = _numbered(transaction, number)
            if found.withdrawn is not None:
                raise ExcuseSettled(str(number), f"it was withdrawn at {instant(found.withdrawn.at)}")
            self._refuse_closed(transaction, found.begins, found.ends)
            now = self._clock.utc()
            rows.withdraw(transaction, number, at=now, by=actor.name, reason=reason)
            record(
                transaction,
                at=now,
                by=actor.name,
                action=EXCUSE_WITHDRAWN,
                subject=number,
                details={"person": found.person},
            )
            return self._shown(_numbered(transaction, number))

    def _refuse_closed(self, transaction: "Transaction", begins: datetime, ends: datetime) -> None:
        days = days_reached(self._statuses.plan(), begins, ends, self._sessions.zone)
        refuse_closed(transaction, sorted(days))

    def _shown(self, found: "StoredExcuse", names: "Mapping[int, PersonInfo] | None" = None) -> ShownExcuse:
        who = self._gallery.find(found.person) if names is None else names[found.person]
        return ShownExcuse(found, PersonRef(who.external_id, who.name, who.id), self._sessions.zone)


def span_of(begins: str, ends: str, zone_name: str) -> tuple[datetime, datetime]:
    """From an instant up to another: a day begins at its first instant, and ends with its last. Raises ExcuseSpan."""
    found = _instant(begins, zone_name, after=False), _instant(ends, zone_name, after=True)
    if not found[0] < found[1]:
        raise ExcuseSpan(f"{begins}..{ends}", "the end does not lie after the beginning")
    if found[0].year < FIRST_DAY.year or found[1] - found[0] > LONGEST:
        raise ExcuseSpan(f"{begins}..{ends}", f"it begins before {FIRST_DAY}, or is longer than five years")
    return found


def sha256_of(document: Path) -> str:
    """The hash of a file, 64 hexadecimal digits. Raises ExcuseDocument for what cannot be read, or is too big."""
    digest, size = hashlib.sha256(), 0
    if not document.is_file():
        raise ExcuseDocument(str(document), "there is no such file")
    try:
        with document.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
                size += len(block)
                if size > MOST_BYTES:
                    raise ExcuseDocument(str(document), f"it has more than {MOST_BYTES >> 30} GiB")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ExcuseDocument(str(document), f"it cannot be read: {reason}") from error
    return digest.hexdigest()


def _instant(text: str, zone_name: str, *, after: bool) -> datetime:
    bare = text.strip()
    try:
        day = date.fromisoformat(bare)
    except ValueError:
        return _moment(bare, zone_name)
    try:
        return day_start(day + _DAY if after else day, zone_name)
    except OverflowError:
        raise ExcuseSpan(text, "no calendar goes so far") from None


def _moment(text: str, zone_name: str) -> datetime:
    """A whole instant, or a day and a time on the clock of the site, of two the first."""
    try:
        told = datetime.fromisoformat(text)
        return (told if told.tzinfo else told.replace(tzinfo=zone(zone_name))).astimezone(UTC)
    except ValueError:
        raise ExcuseSpan(text, "this is neither a day nor an instant") from None
    except OverflowError:
        raise ExcuseSpan(text, "no calendar goes so far") from None


def _reason(text: str) -> str:
    bare = text.strip()
    if not bare or len(bare) > MOST_TEXT:
        raise ExcuseSpan("reason", f"an excuse needs a reason, of at most {MOST_TEXT} characters")
    return bare


def _numbered(transaction: "Transaction", number: int) -> "StoredExcuse":
    found = rows.numbered(transaction, number) if 0 < number < 1 << 63 else None
    if found is None:
        raise ExcuseUnknown(str(number), "there is no excuse of this number")
    return found
