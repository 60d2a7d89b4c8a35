"""What statuses come to in one number: two sets of rows share it only if they say the same of everybody."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any, Final

from attendance.records import instant
from attendance.timetable.attended import Attended
from attendance.timetable.facts import Span

SHORT: Final = 16
"""Hexadecimal digits of a digest that is only compared with its like: of one person, of one day."""


def digest(rows: Iterable[Attended]) -> str:
    """The SHA-256 over these rows as canonical JSON, in an order of their own; 64 hexadecimal digits."""
    lines = sorted(json.dumps(row_facts(each), sort_keys=True, separators=(",", ":")) for each in rows)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def row_facts(row: Attended) -> dict[str, Any]:
    """All that a row says, by internal numbers and without names, as JSON values."""
    occurrence = row.occurrence
    return {
        "person": row.person,
        "entry": occurrence.entry.key,
        "day": occurrence.day.isoformat(),
        "begins": instant(occurrence.begins),
        "ends": instant(occurrence.ends),
        "planned_s": occurrence.planned_s,
        "status": str(row.status),
        "reasons": list(row.reasons),
        "arrived": None if row.arrived is None else instant(row.arrived),
        "left": None if row.left is None else instant(row.left),
        "late_s": row.late_s,
        "early_s": row.early_s,
        "present": [_span(each) for each in row.present],
        "automatic": row.automatic,
        "worked_s": row.worked_s,
        "worked_by_day": [[day.isoformat(), seconds] for day, seconds in row.worked_by_day],
        "marks": list(row.marks),
        "excuses": list(row.excuses),
    }


def digests(rows: Iterable[Attended], kind: str) -> dict[str, str]:
    """Short digests by a fact of the rows ("person" or "day"), so that it can be told what differs."""
    found: dict[str, list[Attended]] = {}
    for each in rows:
        key = str(each.person) if kind == "person" else each.occurrence.day.isoformat()
        found.setdefault(key, []).append(each)
    return {key: digest(some)[:SHORT] for key, some in sorted(found.items())}


def _span(each: Span) -> list[str]:
    return [instant(each.begins), instant(each.ends)]
