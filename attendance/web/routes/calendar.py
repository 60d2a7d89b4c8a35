"""The calendar: days that are closed, open all the same, or in term; holidays are proposed, looked at, then stored."""

from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from attendance.errors import CalendarUnknown
from attendance.service_errors import AccessRefused, RequestInvalid
from attendance.services.calendars import Days
from attendance.web.doors import ImportsRun, TimetableChange, TimetableRead
from attendance.web.forms import Asked, Form, Given
from attendance.web.pages import onward
from attendance.web.sections import section
from attendance.web.site import site_of
from refusal import Refusal

if TYPE_CHECKING:
    from attendance.access import Visitor
    from attendance.services.calendars import Proposal, ShownDays

router = APIRouter(include_in_schema=False)
KINDS: Final = (("closed", "Closed"), ("open", "Open all the same"), ("term", "A term"))
NEW: Final = ("kind", "first", "last", "name", "site", "group")
HOLIDAYS: Final = ("country", "subdivision", "from_year", "to_year", "site")
YEARS: Final = range(1970, 2200)
MOST_YEARS: Final = 20


@router.get("/calendar")
def calendar(request: Request, who: TimetableRead, asked: Asked) -> Response:
    """What decides the days from some time ago on."""
    return _page(request, who, asked)


@router.post("/calendar")
def add_days(request: Request, who: TimetableChange, given: Form) -> Response:
    """Close or open days, or tell of a term."""
    app = site_of(request).app
    try:
        group = app.own_people.group(who, given.some("group"))
        if who.groups is not None and group is None:
            raise AccessRefused("calendar", "days of everybody are an admin's to close; choose a group of yours")
        first = given.needed_day("first")
        told = Days(_kind(given), first, given.day("last") or first, given.needed("name", "what it is called"))
        made = app.calendars.add(who.actor, told, site=given.some("site"), group=group)
    except Refusal as error:
        return _page(request, who, given, error)
    return onward(request, "/calendar", f"{made.name}: {told.told} is stored.")


@router.get("/calendar/holidays")
def holidays(request: Request, who: ImportsRun, asked: Asked) -> Response:
    """The form that asks for public holidays; with a country what is proposed."""
    try:
        found = _proposed(request, asked) if asked.text("country") else None
    except Refusal as error:
        return _holidays(request, who, asked, None, error)
    return _holidays(request, who, asked, found)


@router.post("/calendar/holidays")
def take_holidays(request: Request, who: ImportsRun, given: Form) -> Response:
    """Store the holidays that were chosen."""
    try:
        found = _proposed(request, given).only(given.all("take"))
        site_of(request).app.calendars.take_in(who.actor, found)
    except Refusal as error:
        return _holidays(request, who, given, None, error)
    return onward(request, "/calendar", _stored(found))


@router.post("/calendar/import")
def import_days(request: Request, who: ImportsRun, given: Form) -> Response:
    """Show what a calendar file would change, then store what was chosen of it."""
    app = site_of(request).app
    try:
        group, site = app.own_people.group(who, given.some("group")), given.some("site")
        if given.text("key"):
            kept = app.uploads.find(who.actor, given.text("key"))
        else:
            sent = given.needed_file("file")
            kept = app.uploads.keep(who.actor, sent.filename or "", sent.file)
        found = app.calendars.read_file(kept.path, site=site, group=group)
        if given.text("step") == "apply":
            chosen = found.only(given.all("take"))
            app.calendars.take_in(who.actor, chosen)
            app.uploads.drop(who.actor, kept.key)
            return onward(request, "/calendar", _stored(chosen))
    except Refusal as error:
        return _page(request, who, given, error)
    hidden = [("key", kept.key), ("site", site or ""), ("group", group or ""), ("step", "apply")]
    return section(
        request, who, "/timetable", "office/calendar_proposal.html", proposal=found, hidden=hidden,
        address="/calendar/import", name=kept.path.name,
    )  # fmt: skip


@router.get("/calendar/{number}/withdraw")
def withdraw_form(request: Request, who: TimetableChange, number: int) -> Response:
    """Ask why an entry is to be taken back."""
    found = _entry(request, who, number)
    return section(request, who, "/timetable", "office/calendar_withdraw.html", days=found)


@router.post("/calendar/{number}/withdraw")
def withdraw(request: Request, who: TimetableChange, number: int, given: Form) -> Response:
    """Take an entry back."""
    found = _entry(request, who, number)
    try:
        reason = given.needed("reason", "a reason")
        gone = site_of(request).app.calendars.withdraw(who.actor, number, reason=reason)
    except Refusal as error:
        return section(request, who, "/timetable", "office/calendar_withdraw.html", error, days=found)
    return onward(request, "/calendar", f"Withdrawn: {gone.name}, {gone.first} to {gone.last}.")


def _page(request: Request, who: "Visitor", given: Given, error: Refusal | None = None) -> Response:
    app = site_of(request).app
    every = given.flag("all")
    begin, end = (None, None) if error else (given.day("from"), given.day("to"))
    if not every and begin is None and end is None:
        begin = app.calendars.today.replace(day=1)
    found = app.calendars.every(begin, end) if every else app.calendars.decided(begin, end)
    shown = [each for each in found if who.may_read(each.group)]
    values = {**given.values(*NEW), "kind": given.text("kind") or "closed"}
    return section(
        request, who, "/timetable", "office/calendar.html", error, days=shown, every=every, begin=begin, end=end,
        values=values, kinds=KINDS, groups=app.own_people.groups(who), may_withdraw=lambda each: _may(who, each),
    )  # fmt: skip


def _holidays(
    request: Request, who: "Visitor", given: Given, found: "Proposal | None", error: Refusal | None = None
) -> Response:
    year = site_of(request).app.calendars.today.year
    values = given.values(*HOLIDAYS)
    values |= {"from_year": values["from_year"] or str(year), "to_year": values["to_year"] or str(year + 1)}
    return section(
        request, who, "/timetable", "office/holidays.html", error, proposal=found, values=values,
        hidden=[(name, values[name]) for name in HOLIDAYS], address="/calendar/holidays",
    )  # fmt: skip


def _proposed(request: Request, given: Given) -> "Proposal":
    """What a library says. Raises CalendarCountry, CalendarDays, ReportsMissing, RequestInvalid."""
    calendars = site_of(request).app.calendars
    first = given.number("from_year") or calendars.today.year
    last = given.number("to_year") or first
    if first not in YEARS or not first <= last < first + MOST_YEARS:
        raise RequestInvalid("years", f"{first} to {last} are no years in a row, of at most {MOST_YEARS}")
    country = given.needed("country", "the country's two letters").upper()
    return calendars.holidays(country, given.text("subdivision").upper() or None, first, last, site=given.some("site"))


def _stored(found: "Proposal") -> str:
    return (
        f"Stored: {len(found.new)} new, {len(found.gone)} withdrawn, {len(found.renamed)} renamed, of {found.source}."
    )


def _kind(given: Given) -> Any:
    kind = given.text("kind") or "closed"
    if kind not in dict(KINDS):
        raise RequestInvalid("kind", f"{kind!r} is no kind of days")
    return kind


def _entry(request: Request, who: "Visitor", number: int) -> "ShownDays":
    found = next((each for each in site_of(request).app.calendars.every() if _number(each) == number), None)
    if found is None or not who.may_read(found.group):
        raise CalendarUnknown(str(number), "there is no calendar entry of this number")
    if not _may(who, found):
        raise AccessRefused("calendar", "days of everybody are an admin's to withdraw")
    return found


def _number(days: "ShownDays") -> int | None:
    return None if days.entry is None else days.entry.id


def _may(who: "Visitor", days: "ShownDays") -> bool:
    """Whether the visitor may take an entry back that counts."""
    if days.entry is None or days.entry.withdrawn is not None:
        return False
    return who.groups is None or days.group in who.groups
