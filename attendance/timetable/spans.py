"""Spans of time, cut by one another."""

from collections.abc import Iterable
from datetime import datetime

from attendance.timetable.facts import Span


def minus(begins: datetime, ends: datetime, gone: Iterable[Span]) -> list[Span]:
    """What is left of the time from one instant to another, in order; the spans that are gone may come in any."""
    left = []
    for each in sorted(gone, key=_begins):
        if each.ends <= each.begins:
            continue
        if each.begins >= ends:
            break
        if each.begins > begins:
            left.append(Span(begins, each.begins))
        begins = max(begins, each.ends)
    if begins < ends:
        left.append(Span(begins, ends))
    return left


def _begins(span: Span) -> datetime:
    return span.begins
