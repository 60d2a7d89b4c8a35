"""Marks as files that other systems take in; nothing is sent anywhere.

``csv`` is a table of all marks, those that do not count as well, which `attendance roster marks` reads back. ``frappe``
is what the data import of Frappe HR and ERPNext takes for the document type Employee Checkin: the marks that count.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from attendance.records import instant
from attendance.register.evidence import place_shown
from attendance.register.report import csv_text
from attendance.services.known import known_group
from attendance.zones import local_day, zone

if TYPE_CHECKING:
    from attendance.register.sessions import Sessions
    from gallery import Gallery
    from gallery.ports import Transaction
    from gallery.values import Approval, PersonInfo, StoredMark

FRAPPE: Final = "frappe"
"""The system whose foreign ids are taken for employees before external ids."""
COLUMNS: Final = (
    *("mark", "id", "name", "at", "local", "zone", "day", "direction", "method", "source", "counts", "entered", "by"),
)
FRAPPE_COLUMNS: Final = ("Employee", "Time", "Log Type", "Location / Device ID", "Skip Auto Attendance")


class ExportForm(StrEnum):
    """Forms of files for other systems."""

    CSV = "csv"
    FRAPPE = "frappe"


@dataclass(frozen=True, slots=True)
class Exported:
    """How many marks were written, and how many were left out as their time is not known."""

    marks: int
    timeless: int = 0


@dataclass(frozen=True, slots=True)
class _Line:
    """A mark with whose it is, its day at the site, what it rests on, and whether it counts."""

    mark: "StoredMark"
    person: "PersonInfo"
    day: date
    source: str
    counts: str


class Exports:
    """Writes marks for other systems."""

    def __init__(self, gallery: "Gallery", sessions: "Sessions") -> None:
        self._gallery = gallery
        self._sessions = sessions

    def write(
        self,
        form: ExportForm,
        target: Path,
        *,
        first: date | None = None,
        last: date | None = None,
        group: str | None = None,
    ) -> Exported:
        """Write the marks of these days, of a group's people or of all, to a new file.

        Raises GroupUnknown, ReportPeriod, OutputFailed where the file is there already.
        """
        from attendance.errors import ReportPeriod
        from attendance.writing import write_new

        if first is not None and last is not None and first > last:
            raise ReportPeriod("export", f"--from {first} is after --to {last}")
        with self._gallery.store.reading() as transaction:
            lines = list(self._lines(transaction, first, last, known_group(self._gallery, group)))
            called = self._called(transaction)
        if form is ExportForm.CSV:
            write_new(target, csv_text(COLUMNS, (self._row(each) for each in lines)))
            return Exported(len(lines))
        rows, timeless = self._frappe(lines, called)
        write_new(target, csv_text(FRAPPE_COLUMNS, rows))
        return Exported(len(rows), timeless)

    def _lines(
        self, transaction: "Transaction", first: date | None, last: date | None, group: str | None
    ) -> Iterator[_Line]:
        """The marks in order of session and time."""
        from gallery.repositories import approvals, marks

        people = {each.id: each for each in self._gallery.people(group, active=None)}
        for session in self._sessions.all():
            if session.kind == "day" and not _within(session.day, first, last) and session.zone == self._sessions.zone:
                continue
            found = [each for each in marks.of_session(transaction, session.id) if each.person in people]
            said = approvals.of_marks(transaction, [each.id for each in found])
            sources = _sources(transaction, found)
            for mark in found:
                day = local_day(mark.at, self._sessions.zone) if mark.time_is_known else session.day
                if _within(day, first, last):
                    counts = _counts(mark, said.get(mark.id))
                    yield _Line(mark, people[mark.person], day, sources.get(mark.id, ""), counts)

    def _row(self, each: _Line) -> dict[str, Any]:
        mark = each.mark
        return {
            "mark": mark.id,
            "id": each.person.external_id,
            "name": each.person.name,
            "at": instant(mark.at) if mark.time_is_known else None,
            "local": self._wall(mark.at) if mark.time_is_known else None,
            "zone": self._sessions.zone,
            "day": each.day,
            "direction": mark.direction,
            "method": mark.method,
            "source": each.source,
            "counts": each.counts,
            "entered": instant(mark.entered),
            "by": mark.by,
        }

    def _frappe(self, lines: Sequence[_Line], called: Mapping[int, str]) -> tuple[list[dict[str, Any]], int]:
        """One row an employee, time and direction: Frappe refuses a second one."""
        rows: dict[tuple[str, str, str], dict[str, Any]] = {}
        valid = [each for each in lines if each.counts == "valid"]
        for each in valid:
            if each.mark.time_is_known:
                employee = called.get(each.person.id, each.person.external_id)
                cells = (employee, self._wall(each.mark.at), (each.mark.direction or "").upper())
                rows.setdefault(cells, dict(zip(FRAPPE_COLUMNS, (*cells, each.source, 0), strict=True)))
        return list(rows.values()), sum(not each.mark.time_is_known for each in valid)

    def _called(self, transaction: "Transaction") -> dict[int, str]:
        from gallery.repositories import foreign_ids

        return {number: value for value, number in foreign_ids.of_system(transaction, FRAPPE).items()}

    def _wall(self, at: datetime) -> str:
        return f"{at.astimezone(zone(self._sessions.zone)):%Y-%m-%d %H:%M:%S}"


def _within(day: date, first: date | None, last: date | None) -> bool:
    return (first is None or first <= day) and (last is None or day <= last)


def _counts(mark: "StoredMark", approval: "Approval | None") -> str:
    """Whether a mark counts: valid, void, waiting for a second person, or refused by one."""
    from gallery.repositories.marks import awaits

    if mark.voided is not None:
        return "void"
    if approval is None:
        return "waiting" if awaits(mark.details) else "valid"
    return "valid" if approval.granted else "refused"


def _sources(transaction: "Transaction", found: "Sequence[StoredMark]") -> dict[str, str]:
    """By mark the place it was made at, else the picture or the device, as far as there is one."""
    from gallery.repositories import places, sightings

    seen = sightings.numbered(transaction, {each.sighting for each in found if each.sighting is not None})
    shown = {each.id: number for each in found if (number := place_shown(each)) is not None}
    names = places.names(
        transaction, {*shown.values(), *(each.place for each in seen.values() if each.place is not None)}
    )
    told = {each.id: str(each.details.get("source", "")) or names.get(shown.get(each.id, 0), "") for each in found}
    for each in found:
        sighting = None if each.sighting is None else seen.get(each.sighting)
        if sighting is not None:
            place = None if sighting.place is None else names.get(sighting.place)
            told[each.id] = place or sighting.source
    return told
