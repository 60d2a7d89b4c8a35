"""The proof of a day: all that one person's statuses of one day rest on, as one document with its own digest.

Anybody can check it without this program: the SHA-256 of the value of "proof", written as JSON with sorted keys,
without spaces, in UTF-8, is the value of "sha256"; in the file as this program writes it these are the very bytes
between `{"proof":` and `,"sha256":`. Nobody else is named in it, but for the accounts of those who did something.
"""

import hashlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

from attendance.records import PersonRef, instant
from attendance.register.cues import liveness_in
from attendance.register.months import month_of
from attendance.register.others import Others
from attendance.register.statusreport import counts_hours
from attendance.timetable.attended import Attended
from attendance.timetable.reasons import REASONS, Reason
from attendance.timetable.wording import told
from enroll.naming import encoder_of

if TYPE_CHECKING:
    from gallery.timetablevalues import CalendarDays, MonthState, StoredCoverage, StoredExcuse, StoredVersion
    from gallery.values import Approval, Correction, Sighting, StoredMark, StoredSession

KIND: Final = "proof of a day"
_NUMBERS: Final = ("score", "cosine", "threshold", "margin", "target_fpir")
_DIGITS: Final = 6
_NOTE: Final = "note"


@dataclass(frozen=True)
class DayFacts:
    """What is stored of a person and a day; ``marks`` void, refused and waiting ones too.

    ``sessions``, ``places``, ``sightings``, ``approvals`` are by number or mark, ``versions`` those that held, by
    number, ``memberships`` the groups of that day. ``closed`` says in words why nothing takes place, if so.
    """

    person: PersonRef
    day: date
    zone: str
    site: str | None
    pipeline: str
    schema: str
    rows: "Sequence[Attended]"
    marks: "Sequence[StoredMark]"
    sessions: "Mapping[int, StoredSession]"
    sightings: "Mapping[int, Sighting]"
    places: Mapping[int, str]
    corrections: "Sequence[Correction]"
    approvals: "Mapping[str, Approval]"
    excuses: "Sequence[StoredExcuse]"
    coverage: "Sequence[StoredCoverage]"
    calendar: "Sequence[CalendarDays]"
    versions: "Mapping[int, StoredVersion]"
    month: "MonthState | None"
    closed: str | None = None
    groups: Collection[str] = field(default_factory=tuple)


def proof(facts: DayFacts, others: Others) -> dict[str, Any]:
    """The document: JSON values alone. What was typed names nobody else, see `Others`."""
    typed = others.left_out
    return {
        "schema": 1,
        "kind": KIND,
        "program": {"name": "attendance", "database": facts.schema, "pipeline": facts.pipeline},
        "site": facts.site,
        "zone": facts.zone,
        "person": facts.person.to_dict(),
        "groups": sorted(facts.groups),
        "day": facts.day.isoformat(),
        "closed": None if facts.closed is None else typed(facts.closed),
        "occurrences": [_occurrence(each, facts, typed) for each in facts.rows],
        "marks": [_mark(each, facts, typed) for each in facts.marks],
        "excuses": [_excuse(each, typed) for each in facts.excuses],
        "coverage": [_cover(each, typed) for each in facts.coverage],
        "calendar": [_days(each, typed) for each in facts.calendar],
        "month": _month(facts, typed),
    }


def canonical(document: Mapping[str, Any]) -> str:
    """The one way of writing the document as JSON."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(document: Mapping[str, Any]) -> str:
    """The SHA-256 of the document, in hexadecimal digits."""
    return hashlib.sha256(canonical(document).encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True)
class Made:
    """A document, and when and by whom it was made, which is no part of it: the same records have the same digest."""

    document: Mapping[str, Any]
    at: datetime
    by: str

    @property
    def sha256(self) -> str:
        """The document's digest."""
        return digest(self.document)

    def to_json(self) -> str:
        """The file: who made it, the document in its canonical form, and its digest."""
        made = canonical({"at": instant(self.at), "by": self.by})
        return f'{{"made":{made},"proof":{canonical(self.document)},"sha256":"{self.sha256}"}}\n'


_Typed = Callable[[str], str]


def _at(at: datetime | None) -> str | None:
    return None if at is None else instant(at)


def _occurrence(row: Attended, facts: DayFacts, typed: _Typed) -> dict[str, Any]:
    held = row.occurrence
    return {
        "entry": typed(held.name),
        "for": None if held.entry.group is None else {"group": held.entry.group},
        "begins": instant(held.begins),
        "ends": instant(held.ends),
        "opens": instant(held.opens),
        "closes": instant(held.closes),
        "status": str(row.status),
        "reasons": [{"code": str(each), "words": _words(each)} for each in row.reasons],
        "arrived": _at(row.arrived),
        "left": _at(row.left),
        "late_s": row.late_s,
        "early_s": row.early_s,
        "present": [[instant(each.begins), instant(each.ends)] for each in row.present],
        "automatic": row.automatic,
        "worked_s": row.worked_s if counts_hours(row) else None,
        "planned_s": held.planned_s,
        "marks": list(row.marks),
        "excuses": list(row.excuses),
        "rule": _rule(row, facts.versions.get(held.version), typed),
    }


def _words(code: str) -> str:
    return REASONS[Reason(code)] if code in set(map(str, Reason)) else code


def _rule(row: Attended, version: "StoredVersion | None", typed: _Typed) -> dict[str, Any]:
    rule = row.occurrence.rule
    return {
        "version": row.occurrence.version,
        "digest": rule.digest,
        "from_day": None if version is None else version.from_day.isoformat(),
        "entered": None if version is None else instant(version.entered),
        "by": None if version is None else version.by,
        "reason": None if version is None else typed(version.reason),
        "words": typed(told(rule)),
        "zone": rule.zone,
        "spec": rule.to_dict(),
    }


def _mark(mark: "StoredMark", facts: DayFacts, typed: _Typed) -> dict[str, Any]:
    session, approval = facts.sessions.get(mark.session), facts.approvals.get(mark.id)
    sighting = None if mark.sighting is None else facts.sightings.get(mark.sighting)
    about = {mark.id, None if sighting is None else sighting.id}
    said = [each for each in facts.corrections if {each.mark or None, each.sighting} & (about - {None})]
    counting = {key for row in facts.rows for key in row.marks}
    note = mark.details.get(_NOTE)
    return {
        "mark": mark.id,
        "counts": mark.id in counting,
        "at": instant(mark.at) if mark.time_is_known else None,
        "time_known": mark.time_is_known,
        "direction": mark.direction,
        "method": mark.method,
        "session": None if session is None else typed(session.name),
        "entered": instant(mark.entered),
        "by": mark.by,
        "note": typed(note) if isinstance(note, str) else None,
        "awaits_approval": "awaits" in mark.details and approval is None,
        "approval": None if approval is None else _approval(approval, typed),
        "corrections": [_correction(each, typed) for each in said],
        "seen": None if sighting is None else _seen(sighting, facts.places, typed),
    }


def _seen(sighting: "Sighting", places: Mapping[int, str], typed: _Typed) -> dict[str, Any]:
    """What the face was judged by; whom else it was compared with is not told."""
    numbers = {name: getattr(sighting, name) for name in _NUMBERS}
    return {
        "at": instant(sighting.at),
        "means": sighting.means,
        "place": None if sighting.place is None else typed(places.get(sighting.place, "")),
        "source": typed(sighting.source),
        "ruling": sighting.ruling,
        "reasons": list(sighting.reasons),
        **{name: None if value is None else round(value, _DIGITS) for name, value in numbers.items()},
        "gallery_size": sighting.gallery_size,
        "encoder": encoder_of(sighting.pipeline),
        "pipeline": sighting.pipeline,
        **liveness_in(sighting.judged),
    }


def _correction(each: "Correction", typed: _Typed) -> dict[str, Any]:
    return {"kind": each.kind, "at": instant(each.at), "by": each.by, "reason": typed(each.reason)}


def _approval(each: "Approval", typed: _Typed) -> dict[str, Any]:
    return {"granted": each.granted, "at": instant(each.at), "by": each.by, "reason": typed(each.reason)}


def _excuse(each: "StoredExcuse", typed: _Typed) -> dict[str, Any]:
    gone = each.withdrawn
    return {
        "excuse": each.id,
        "counts": each.counts,
        "begins": instant(each.begins),
        "ends": instant(each.ends),
        "reason": typed(each.reason),
        "document_sha256": each.document,
        "entered": instant(each.entered),
        "by": each.by,
        "awaits_approval": each.pending,
        "approval": None if each.approval is None else _approval(each.approval, typed),
        "withdrawn": None if gone is None else {"at": instant(gone.at), "by": gone.by, "reason": typed(gone.reason)},
    }


def _cover(each: "StoredCoverage", typed: _Typed) -> dict[str, Any]:
    return {
        "source": typed(each.source),
        "kind": each.kind,
        "begins": instant(each.begins),
        "ends": instant(each.ends),
        "group": each.group,
        "site": each.site,
        "entered": instant(each.entered),
        "by": each.by,
        "reason": typed(each.reason),
    }


def _days(each: "CalendarDays", typed: _Typed) -> dict[str, Any]:
    return {
        "entry": each.id,
        "kind": each.kind,
        "first": each.first.isoformat(),
        "last": each.last.isoformat(),
        "name": typed(each.name),
        "source": typed(each.source),
        "site": each.site,
        "group": each.group,
        "entered": instant(each.entered),
        "by": each.by,
    }


def _month(facts: DayFacts, typed: _Typed) -> dict[str, Any]:
    state = facts.month
    if state is None:
        return {"month": month_of(facts.day), "closed": False}
    told_of = {"at": instant(state.at), "by": state.by, "reason": typed(state.reason), "digest": state.digest}
    return {"month": state.month, "closed": state.closed, **told_of}
