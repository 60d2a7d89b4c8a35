"""Reports: who was there on some days, as a table on the page and as a file in every form; and proofs of days."""

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response

from attendance.errors import ReportPeriod
from attendance.register.proofpage import sections, title
from attendance.register.quota import share
from attendance.register.report import counts as session_counts
from attendance.register.report import matrix
from attendance.register.reportform import Paper
from attendance.register.statusreport import counts, words_of
from attendance.service_errors import RequestInvalid
from attendance.services.reportfiles import AskedFile
from attendance.services.reportviews import FORMS, PROOFS, name_of, proof_content
from attendance.web.doors import ReportsRead
from attendance.web.downloads import download
from attendance.web.forms import Asked, Given
from attendance.web.pages import onward
from attendance.web.routes.timetable import sees
from attendance.web.sections import section
from attendance.web.site import site_of
from refusal import Refusal

if TYPE_CHECKING:
    from attendance.access import Visitor
    from attendance.app import Attendance
    from attendance.register.statusfile import View
    from attendance.services.jobs import Progress

router = APIRouter(include_in_schema=False)
KINDS: Final = (("rows", "Each person and time"), ("totals", "Totals and rates"), ("hours", "Hours by day"))
PAPERS: Final = (("a4", "A4"), ("letter", "Letter"))
NAMES: Final = ("by", "from", "to", "session", "group", "person", "rule", "kind", "under", "paper", "why")
FORMS_TOLD: Final = (
    ("csv", "CSV for spreadsheets"),
    ("xlsx", "Workbook (.xlsx)"),
    ("pdf", "Pages (.pdf)"),
    ("csv-plain", "Plain CSV"),
    ("json", "JSON"),
    ("txt", "Text"),
    ("ics", "Calendar (.ics)"),
    ("svg", "Picture (.svg)"),
    ("png", "Picture (.png)"),
)
"""What is offered, the most wanted first."""
MOST_ROWS: Final = 400
NOTHING: Final = "no session of this group was held on these days"
"""Why a report is empty, for those whom it is not told which sessions of others there were."""
SESSIONS: Final = 60
LATER: Final = ("ics", "svg", "png")
"""Forms that there are by the timetable alone."""


@router.get("/reports")
def reports(request: Request, who: ReportsRead, asked: Asked) -> Response:
    """The filter, and the report that it asks for."""
    app = site_of(request).app
    shown: dict[str, Any] = {"grid": None, "large": False}
    error: Refusal | None = None
    try:
        wanted = _wanted(app, who, asked)
        if app.report_views.is_large(who, wanted):
            shown["large"] = True
        elif wanted.by == "timetable":
            shown |= _of_timetable(app, wanted)
        else:
            shown |= _of_sessions(app, who, wanted)
    except Refusal as refused:
        error, wanted = refused, AskedFile(by=_by(app, asked))
    given = asked.values(*NAMES)
    query = urlencode({name: value for name, value in given.items() if value})
    found, _ = app.session_book.page(who.groups, 0, SESSIONS)
    forms = [pair for pair in FORMS_TOLD if wanted.by == "timetable" or pair[0] not in LATER]
    return section(
        request, who, "/reports", "office/reports.html", error, wanted=wanted, values=given, query=query, forms=forms,
        kinds=KINDS, papers=PAPERS, groups=app.own_people.groups(who), people=app.own_people.people(who),
        sessions=[(str(each.session.id), each.session.name) for each in found], today=app.status_reports.today,
        rules=_rules(app, who), spans=spans_of(app.status_reports.today), **shown,
    )  # fmt: skip


def spans_of(today: date) -> list[tuple[str, date, date]]:
    """The spans of days that are asked for most: what each is called, its first and its last day."""
    month = today.replace(day=1)
    before = month - timedelta(days=1)
    monday = today - timedelta(days=today.weekday())
    return [
        ("Today", today, today),
        ("This week", monday, today),
        ("This month", month, today),
        ("Last month", before.replace(day=1), before),
    ]


@router.get("/reports/file")
def report_file(request: Request, who: ReportsRead, asked: Asked) -> Response:
    """The report as a file; a large one is long work, whose page says when it is there."""
    app = site_of(request).app
    wanted, form = _wanted(app, who, asked), asked.text("form") or "csv"
    if form not in FORMS:
        raise RequestInvalid("form", f"a report can be {', '.join(FORMS)}")
    name = name_of(wanted, form)
    whom = None if wanted.person is None else app.own_people.person(who, wanted.person).id
    if app.report_views.is_large(who, wanted):
        app.looks.at_report(who.actor, str(wanted.by), wanted.first, wanted.last, form, person=whom)

        def work(progress: "Progress") -> dict[str, Any]:
            progress.file(name).write_bytes(app.report_views.content(wanted, form))
            return {}

        made = app.jobs.begin(who.actor, "report", work)
        return onward(request, f"/jobs/{made.id}", "The report is large: it is made in the background.")
    data = app.report_views.content(wanted, form)
    app.looks.at_report(who.actor, str(wanted.by), wanted.first, wanted.last, form, person=whom)
    return download(data, name, inline=asked.flag("inline"))


@router.get("/reports/proof")
def proof(request: Request, who: ReportsRead, asked: Asked) -> Response:
    """All that somebody's day rests on, in sentences, or as a file."""
    app = site_of(request).app
    made, error, person = None, None, asked.text("person")
    try:
        day = asked.day("day") or app.status_reports.today
        if person:
            found = app.own_people.person(who, person)
            made = app.proofs.of(who.actor, found.external_id, day)
            app.looks.at_day(who.actor, found, day)
            if asked.text("form"):
                content = proof_content(made, asked.text("form"), _paper(asked))
                return download(content, f"proof {found.name} {day}.{asked.text('form')}")
    except Refusal as refused:
        if asked.text("form"):
            raise
        error, day = refused, app.status_reports.today
    return section(
        request, who, "/reports", "office/proof.html", error, made=made, person=person, day=day, forms=PROOFS,
        title=title(made.document) if made else "", parts=sections(made.document) if made else [],
        people=app.own_people.people(who, gone_too=True), query=urlencode({"person": person, "day": day}),
    )  # fmt: skip


def _wanted(app: "Attendance", who: "Visitor", asked: Given) -> AskedFile:
    """What is asked for, within what the visitor sees. Raises RequestInvalid, and for what is not there."""
    groups = app.own_people.groups(who)
    group = app.own_people.group(who, asked.some("group"))
    by = _by(app, asked)
    person = app.own_people.person(who, asked.text("person")).external_id if asked.text("person") else None
    person = person if by == "timetable" else None  # sessions are reported on by group alone
    if who.groups is not None and group is None and person is None:
        if not groups:
            raise RequestInvalid("group", "you have no group yet; an admin gives groups under Settings")
        group = groups[0]
    first, last = asked.day("from"), asked.day("to")
    if first and last and first > last:
        raise ReportPeriod("report", f"the first day, {first}, is after the last, {last}")
    number = asked.number("session")
    session = app.session_book.numbered(number, who.groups).session.name if number else None
    kind: Any = asked.text("kind") or "rows"
    if kind not in dict(KINDS):
        raise RequestInvalid("kind", f"{kind!r} is none of {', '.join(dict(KINDS))}")
    return AskedFile(
        by=by, first=None if session else first, last=None if session else last,
        group=group, person=person, rule=asked.some("rule"), session=session,
        kind=kind, under=_share(asked) if kind == "totals" else None, paper=_paper(asked),
        why_excused=asked.flag("why") and who.groups is None,
    )  # fmt: skip


def _by(app: "Attendance", asked: Given) -> Any:
    """By the timetable where there is one, unless a session is meant or told otherwise."""
    if asked.text("session"):
        return "sessions"
    told = asked.text("by")
    return told if told in {"timetable", "sessions"} else "timetable" if app.status_reports.any() else "sessions"


def _share(asked: Given) -> float | None:
    told = asked.text("under")
    try:
        return share(told) if told else None
    except ValueError as error:
        raise RequestInvalid("under", str(error)) from error


def _paper(asked: Given) -> Paper:
    return Paper.LETTER if asked.text("paper") == "letter" else Paper.A4


def _of_timetable(app: "Attendance", wanted: AskedFile) -> dict[str, Any]:
    view = app.report_views.view(wanted)
    report = view.report
    (head, lines), remark = view.table()
    return {
        "counts": {str(status): count for status, count in counts(report.rows).items()},
        "why": "" if report.rows else app.status_reports.why_no_rows(report),
        "grid": (head, lines[:MOST_ROWS]),
        "more": max(0, len(lines) - MOST_ROWS),
        "remark": remark,
        "days": (report.scope.first, report.scope.last),
        "rows": _told(view) if wanted.kind == "rows" and report.scope.first == report.scope.last else None,
        "picture": wanted.kind == "rows" and report.scope.first != report.scope.last and bool(report.rows),
    }


def _told(view: "View") -> list[dict[str, Any]]:
    """The rows of one day, each with its status and why."""
    report = view.report
    grid = report.grid()
    told = [dict(zip(grid.columns, cells, strict=True)) for cells in grid.rows()]
    pairs = zip(told, report.rows, strict=True)
    return [{**row, "why": words_of(each.reasons), "person": each.person} for row, each in pairs][:MOST_ROWS]


def _of_sessions(app: "Attendance", who: "Visitor", wanted: AskedFile) -> dict[str, Any]:
    from attendance.services.reporting import Asked as AskedSessions

    rows = app.report_views.rows(wanted)
    head, lines = matrix(rows)
    asked = AskedSessions(wanted.session, wanted.first, wanted.last, wanted.group)
    return {
        "counts": {str(status): count for status, count in session_counts(rows).items()} if rows else {},
        "why": "" if rows else app.reports.why_no_rows(asked) if who.groups is None else NOTHING,
        "grid": (head, lines[:MOST_ROWS]),
        "more": max(0, len(lines) - MOST_ROWS),
        "remark": "",
        "days": (wanted.first, wanted.last),
        "rows": None,
        "picture": False,
    }


def _rules(app: "Attendance", who: "Visitor") -> list[str]:
    return [each.stored.name for each in app.timetables.all(ended_too=True) if sees(app, who, each)]
