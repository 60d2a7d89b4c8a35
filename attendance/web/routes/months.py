"""Months: looked at, closed so that nothing of them changes, opened again, and verified."""

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from starlette.responses import Response

from attendance.records import instant
from attendance.services.reach import month_days
from attendance.web.doors import MonthsChange, MonthsRead
from attendance.web.forms import Asked, Form
from attendance.web.pages import onward
from attendance.web.sections import section
from attendance.web.site import site_of
from refusal import Refusal

if TYPE_CHECKING:
    from attendance.access import Visitor
    from attendance.services.months import MonthCheck

router = APIRouter(include_in_schema=False)


@router.get("/months")
def months(request: Request, who: MonthsRead, asked: Asked) -> Response:
    """Every word on every month; with ``month`` on to that one."""
    if asked.text("month"):
        return onward(request, f"/months/{asked.text('month')[:20]}")
    app = site_of(request).app
    today = app.timetables.today
    last = f"{today.year - (today.month == 1)}-{today.month - 1 or 12:02}"
    found = app.months.all()
    return section(request, who, "/timetable", "office/months.html", words=found[::-1], last=last)


@router.get("/months/{month}")
def month(request: Request, who: MonthsRead, month: str, asked: Asked) -> Response:
    """What a month comes to and what is still open of it; of a closed one, when asked, whether it is as it was."""
    return _page(request, who, month, verify=asked.flag("verify"))


@router.post("/months/{month}/close")
def close_month(request: Request, who: MonthsChange, month: str, given: Form) -> Response:
    """Close a month that is over."""
    try:
        state = site_of(request).app.months.close(who.actor, month, reason=given.text("reason"))
    except Refusal as error:
        return _page(request, who, month, error)
    return onward(request, f"/months/{month}", f"{month} is closed. SHA-256 of its statuses: {state.digest}.")


@router.post("/months/{month}/open")
def open_month(request: Request, who: MonthsChange, month: str, given: Form) -> Response:
    """Open a closed month again."""
    try:
        site_of(request).app.months.open(who.actor, month, reason=given.needed("reason", "a reason"))
    except Refusal as error:
        return _page(request, who, month, error)
    return onward(request, f"/months/{month}", f"{month} is open again, and that is on record.", "warn")


def _page(
    request: Request, who: "Visitor", month: str, error: Refusal | None = None, *, verify: bool = False
) -> Response:
    found = site_of(request).app.months
    look = found.look(month)
    words = [each for each in found.all() if each.month == month]
    closed = bool(words) and words[-1].closed
    check = found.verify(month) if verify and closed else None
    return section(
        request, who, "/timetable", "office/month.html", error, look=look, words=words[::-1], closed=closed,
        check=check, days=month_days(month), told=[] if check is None else _told(check, site_of(request).app.zone),
    )  # fmt: skip


def _told(check: "MonthCheck", zone: str) -> list[str]:
    """What verification found, in words, the instant of the closing on the clock of the site."""
    closed = check.state.at.astimezone(ZoneInfo(zone))
    return [each.replace(instant(check.state.at), f"{closed:%Y-%m-%d %H:%M}") for each in check.lines()]
