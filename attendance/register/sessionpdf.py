"""A report by sessions as pages to print and sign."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from attendance.errors import OutputFailed
from attendance.register.pdf import SMALL, Head, Pages
from attendance.register.report import Row, counts, local
from attendance.register.reportform import Paper
from attendance.register.statuspdf import MOST_ROWS


def to_pdf(rows: Sequence[Row], *, now: datetime, site: str | None = None, paper: Paper = Paper.A4) -> bytes:
    """The pages: under each session its people, and counts. Raises OutputFailed for too many rows, ReportsMissing."""
    if len(rows) > MOST_ROWS:
        raise OutputFailed("report", f"{len(rows):,} rows are too many to print: report on fewer days, or one group")
    days = [each.session.day for each in rows]
    span = "" if not days else f", {min(days)}" if min(days) == max(days) else f", {min(days)} to {max(days)}"
    zones = sorted({each.session.zone for each in rows}) or ["UTC"]
    title = f"Attendance by sessions{span}"
    pages = Pages(Head(title, site, ", ".join(zones), now), paper)
    pages.title(title)
    if rows:
        pages.table(["Name", "Status", "At", "How", "Remarks"], list(_lines(rows)), [42, 12, 16, 12, 40])
    pages.text(", ".join(f"{status} {count}" for status, count in counts(rows).items()))
    pages.text("Absent: looked for, and not marked. No log: nobody looked, so that nothing is known.", SMALL)
    pages.signature()
    return pages.made()


def _lines(rows: Sequence[Row]) -> Iterator[list[str]]:
    under: int | None = None
    for each in rows:
        session, mark = each.session, each.mark
        if session.id != under:
            under = session.id
            yield [session.name if session.name == f"{session.day}" else f"{session.day} · {session.name}"]
        name, void = f"{each.person.name} ({each.person.id})", None if mark is None else mark.void_reason
        at = "" if mark is None or not mark.time_is_known else f"{local(mark.at, session):%m-%d %H:%M}"
        how = "" if mark is None else "by hand" if mark.how == "manual" else mark.how
        yield [name, each.status, at, how, "" if void is None else f"void: {void}"]
