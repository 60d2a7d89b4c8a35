"""The calendar: days that are closed, open all the same, or in term."""

from typing import TYPE_CHECKING, Any, Final

from fastapi import Request

from attendance.service_errors import RequestInvalid
from attendance.services.calendars import Days
from attendance.web.api.models.shared import Day, Withdrawal
from attendance.web.api.models.timetable import Calendar, CalendarDays, NewDays
from attendance.web.api.operations import Operations, refusals
from attendance.web.api.paging import Paged
from attendance.web.api.parameters import First, Last
from attendance.web.api.scopes import TimetableRead, TimetableWrite
from attendance.web.api.segments import Number
from attendance.web.site import site_of

if TYPE_CHECKING:
    from attendance.services.calendars import ShownDays

router = Operations("calendar", prefix="/calendar")
MOST_DAYS: Final = 3 * 366


def _refuse_span(request: Request, first: Day | None, last: Day | None) -> None:
    if first is not None and last is not None and (last - first).days >= MOST_DAYS:
        raise RequestInvalid(request.url.path, f"to: at most {MOST_DAYS} days after from")


@router.get("/days", responses=refusals())
def list_days(
    request: Request, _who: TimetableRead, paged: Paged, *, first: First = None, last: Last = None
) -> Calendar:
    """List what decides on the days of a span, today unless told otherwise, days in a row as one."""
    calendars = site_of(request).app.calendars
    begin = first or (calendars.today if last is None else min(last, calendars.today))
    end = last or max(begin, calendars.today)
    _refuse_span(request, begin, end)
    return Calendar.model_validate(paged.of(calendars.decided(begin, end), _place, _row))


@router.get("/entries", responses=refusals())
def list_entries(
    request: Request, _who: TimetableRead, paged: Paged, *, first: First = None, last: Last = None
) -> Calendar:
    """List every entry with a day in the span, those taken back too, by their numbers."""
    found = site_of(request).app.calendars.every(first, last)
    return Calendar.model_validate(paged.of(found, lambda each: each.to_dict()["number"], _row))


@router.post("/entries", status_code=201, responses=refusals(404, 409))
def add_days(request: Request, who: TimetableWrite, sent: NewDays) -> CalendarDays:
    """Close days, open them all the same, or tell of a term."""
    calendars = site_of(request).app.calendars
    told = Days(sent.kind, sent.first, sent.last or sent.first, sent.name)
    made = calendars.add(who.actor, told, site=sent.site, group=sent.group)
    return CalendarDays.model_validate(calendars.entry(made.id).to_dict())


@router.post("/entries/{number}/withdraw", responses=refusals(404, 409))
def withdraw_days(request: Request, who: TimetableWrite, number: Number, sent: Withdrawal) -> CalendarDays:
    """Take an entry back: it counts no longer, and stays on record."""
    calendars = site_of(request).app.calendars
    calendars.withdraw(who.actor, number, reason=sent.reason)
    return CalendarDays.model_validate(calendars.entry(number).to_dict())


def _place(days: "ShownDays") -> tuple[str, str, str]:
    return days.first.isoformat(), days.site or "", days.group or ""


def _row(days: "ShownDays") -> dict[str, Any]:
    return days.to_dict()
