"""Reports, in every form: which one, the parameter ``format`` tells, else the header Accept."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal

from fastapi import Header, Query, Request
from starlette.responses import Response

from attendance.register.reportform import Form, Paper
from attendance.service_errors import RequestInvalid
from attendance.services.reportfiles import AskedFile
from attendance.web.api.operations import Operations, refusals
from attendance.web.api.parameters import First, Last, OfGroup, OfPerson, OfRule, OfSession
from attendance.web.api.scopes import ReportsRead
from attendance.web.site import site_of

router = Operations("reports", prefix="/reports")
MEDIA: Final[Mapping[Form, str]] = MappingProxyType(
    {
        Form.JSON: "application/json",
        Form.CSV: "text/csv",
        Form.CSV_EXCEL: "text/csv",
        Form.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        Form.PDF: "application/pdf",
        Form.ICS: "text/calendar",
        Form.TABLE: "text/plain",
    }
)
"""What a form is called in HTTP; of two that are called alike Accept means the first."""
ENDINGS: Final = MappingProxyType({Form.CSV_EXCEL: "csv", Form.TABLE: "txt"})
FOUND: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The report.",
        "content": {
            kind: {"schema": {"type": "object"} if kind == "application/json" else {"type": "string"}}
            for kind in dict.fromkeys(MEDIA.values())
        },
    }
}


@router.get("", responses={**FOUND, **refusals(404)}, response_class=Response)
def get_report(
    request: Request,
    who: ReportsRead,
    *,
    form: Annotated[Form | None, Query(alias="format", description="The form; else by Accept, else json.")] = None,
    accept: Annotated[
        str, Header(alias="Accept", description="The form, as a media type.", examples=["text/csv"])
    ] = "*/*",
    by: Annotated[
        Literal["sessions", "timetable"] | None,
        Query(description="Of sessions or of the timetable; else the timetable where there is one."),
    ] = None,
    session: OfSession = None,
    first: First = None,
    last: Last = None,
    group: OfGroup = None,
    person: OfPerson = None,
    rule: OfRule = None,
    kind: Annotated[
        Literal["rows", "totals", "hours"], Query(description="Rows, totals of people, or hours by calendar day.")
    ] = "rows",
    under: Annotated[float | None, Query(description="Those alone whose rate is less.", ge=0, le=1)] = None,
    why_excused: Annotated[bool, Query(description="With the reasons of excuses, which may be private.")] = False,
    paper: Annotated[Paper, Query(description="The paper of a PDF.")] = Paper.A4,
) -> Response:
    """Report who was there on a day or a span of days, today unless told otherwise."""
    wanted = form or _accepted(request, accept)
    app = site_of(request).app
    whom = None if person is None else app.edits.of(person)
    ref = None if whom is None else whom.external_id
    asked = AskedFile(
        by, session, first, last, group, ref, rule, "totals" if under is not None else kind, under, why_excused, paper
    )
    data = app.report_files.of(asked, wanted)
    app.looks.at_report(who.actor, by or "report", first, last, wanted, person=None if whom is None else whom.id)
    headers = {"Content-Disposition": f'attachment; filename="report.{ENDINGS.get(wanted, wanted)}"'}
    return Response(data, headers=headers, media_type=MEDIA[wanted])


def _accepted(request: Request, accept: str) -> Form:
    """The form that the header Accept likes best; JSON where it leaves it open. Raises RequestInvalid."""
    ranked = sorted(_ranges(accept), key=lambda pair: -pair[1])
    for kind, weight in ranked:
        if weight <= 0:
            continue
        if kind in {"*/*", "application/*"}:
            return Form.JSON
        found = [form for form, media in MEDIA.items() if kind in {media, f"{media.partition('/')[0]}/*"}]
        if found:
            return found[0]
    raise RequestInvalid(request.url.path, f"Accept: a report can be {', '.join(dict.fromkeys(MEDIA.values()))}")


def _ranges(accept: str) -> "list[tuple[str, float]]":
    found = []
    for part in accept.split(",")[:50]:
        kind, *parameters = (each.strip().lower() for each in part.split(";"))
        weight = next((each[2:] for each in parameters if each.startswith("q=")), "1")
        found.append((kind, float(weight) if weight.replace(".", "", 1).isdigit() and weight.isascii() else 0.0))
    return found
