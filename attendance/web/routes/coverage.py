"""When people were looked for, so that who was absent can be told from who was not looked for."""

from typing import TYPE_CHECKING, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from attendance.errors import PlaceUnknown
from attendance.service_errors import AccessRefused
from attendance.web.doors import MarksChange, MarksRead
from attendance.web.forms import Asked, Form, Given
from attendance.web.pages import onward
from attendance.web.sections import section
from attendance.web.site import site_of
from refusal import Refusal

if TYPE_CHECKING:
    from attendance.access import Visitor
    from attendance.app import Attendance

router = APIRouter(include_in_schema=False)
NEW: Final = ("day", "begins", "ends", "place", "group", "reason")


@router.get("/coverage")
def coverage(request: Request, who: MarksRead, asked: Asked) -> Response:
    """What each source has looked at on some days, and the gaps."""
    return _page(request, who, asked)


@router.post("/coverage")
def add_coverage(request: Request, who: MarksChange, given: Form) -> Response:
    """Note that somebody has watched in person."""
    app = site_of(request).app
    try:
        group, where = app.own_people.group(who, given.some("group")), given.some("place")
        if where is not None and where not in _places(app, who):
            raise PlaceUnknown(where, "there is no place of this name")
        if who.groups is not None and group is None:
            raise AccessRefused("coverage", "choose the group of yours that you have watched")
        made = app.coverings.add(
            who.actor,
            begins=given.needed("begins", "the beginning"),
            ends=given.needed("ends", "the end"),
            reason=given.needed("reason", "who has watched, or how it is known,"),
            day=given.day("day"),
            place=where,
            group=group,
        )
    except Refusal as error:
        return _page(request, who, given, error)
    told = made.to_dict()
    return onward(request, f"/coverage?from={told['begins'][:10]}", "It is noted: somebody has watched.")


def _page(request: Request, who: "Visitor", given: Given, error: Refusal | None = None) -> Response:
    app = site_of(request).app
    try:
        begin, end = (None, None) if error else (given.day("from"), given.day("to"))
        found = app.coverings.list(begin, end)
    except Refusal as refused:
        begin, end, found, error = None, None, [], refused
    shown = [each for each in found if who.may_read(each.group)]
    return section(
        request, who, "/timetable", "office/coverage.html", error, rows=shown, begin=begin or end, end=end or begin,
        values=given.values(*NEW), groups=app.own_people.groups(who), today=app.timetables.today,
        places=_places(app, who),
    )  # fmt: skip


def _places(app: "Attendance", who: "Visitor") -> list[str]:
    """The places in use that are of no group, or of one that the visitor sees."""
    found = [each.place for each in app.places.all() if each.place.active]
    return [each.name for each in found if who.groups is None or each.group in {None, *who.groups}]
