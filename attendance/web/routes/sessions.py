"""Sessions: what people are marked for; opened, closed, and their marks with what they rest on."""

from typing import TYPE_CHECKING, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from attendance.errors import SessionUnknown
from attendance.service_errors import AccessRefused
from attendance.web.doors import TimetableChange, TimetableRead
from attendance.web.forms import Asked, Form, Given
from attendance.web.pages import onward
from attendance.web.sections import section
from attendance.web.site import site_of
from refusal import Refusal

if TYPE_CHECKING:
    from attendance.access import Visitor
    from attendance.services.sessions import HeldSession

router = APIRouter(include_in_schema=False)
A_PAGE: Final = 40
PRIVATE: Final = frozenset({"candidates", "person"})
"""What of a mark's evidence names other people, and is an admin's to see."""


@router.get("/sessions")
def sessions(request: Request, who: TimetableRead, asked: Asked) -> Response:
    """The sessions, newest first, and the form that opens one."""
    return _page(request, who, asked)


@router.post("/sessions")
def open_session(request: Request, who: TimetableChange, given: Form) -> Response:
    """Open a session of a group, or an admin one for all."""
    app = site_of(request).app
    try:
        group = app.own_people.group(who, given.some("group"))
        if who.groups is not None and group is None:
            raise AccessRefused("session", "a session for everybody is an admin's to open; choose a group of yours")
        made = app.session_book.open(who.actor, given.needed("name", "the session's name"), group=group)
    except Refusal as error:
        return _page(request, who, given, error)
    return onward(request, f"/sessions/{made.id}", f"{made.name} is open.")


@router.get("/sessions/{number}")
def session(request: Request, who: TimetableRead, number: int) -> Response:
    """The marks of a session, void ones too, with what each rests on."""
    app = site_of(request).app
    found = app.session_book.numbered(number, who.groups)
    rows = [
        {**each.to_dict(evidence=True), "person": each.person, "at_instant": each.mark.at}
        for each in app.session_book.marks(found.session.name)
        if who.may_see(each.person)
    ]
    for row in rows:
        row["evidence"] = _readable(row["evidence"], hidden=PRIVATE if who.groups is not None else frozenset())
    app.looks.at_session(who.actor, found.session.id)
    now = app.clock.utc()
    is_open = found.session.is_open(now) and not found.session.is_over(now)
    return section(
        request, who, "/timetable", "office/session.html", held=found, rows=rows, is_open=is_open,
        may_close=_may_close(who, found, is_open=is_open),
    )  # fmt: skip


@router.post("/sessions/{number}/close")
def close_session(request: Request, who: TimetableChange, number: int) -> Response:
    """Close a session: cameras mark nobody in it any more, only a person by hand."""
    app = site_of(request).app
    found = app.session_book.numbered(number, who.groups)
    if who.groups is not None and found.session.group is None:
        raise AccessRefused(found.session.name, "a session for everybody is an admin's to close")
    if found.session.kind == "day":
        raise SessionUnknown(found.session.name, "a day's own session ends with the day")
    done = app.session_book.close(who.actor, found.session.name)
    return onward(request, f"/sessions/{number}", f"{done.session.name} is closed.")


def _page(request: Request, who: "Visitor", given: Given, error: Refusal | None = None) -> Response:
    app = site_of(request).app
    number = 1 if error else min(max(1, given.number("page") or 1), 10**6)
    found, count = app.session_book.page(who.groups, (number - 1) * A_PAGE, A_PAGE)
    now = app.clock.utc()
    rows = [(each, each.session.is_open(now) and not each.session.is_over(now)) for each in found]
    return section(
        request, who, "/timetable", "office/sessions.html", error, rows=rows, page=number,
        pages=max(1, -(-count // A_PAGE)), values=given.values("name", "group"), groups=app.own_people.groups(who),
    )  # fmt: skip


def _may_close(who: "Visitor", found: "HeldSession", *, is_open: bool) -> bool:
    own = who.groups is None or found.session.group is not None
    return is_open and own and found.session.kind != "day"


def _readable(evidence: dict[str, object], *, hidden: frozenset[str]) -> list[tuple[str, str]]:
    """What a mark rests on, part by part, in words."""
    told = ((name, value) for name, value in evidence.items() if name not in hidden and value not in (None, [], {}))
    return [(name.replace("_", " "), _words(value)) for name, value in told]


def _words(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3f}"
    if isinstance(value, dict) and "score" in value:
        whom = "somebody removed" if value.get("name") is None else f"{value['name']} ({value['id']})"
        return f"{whom} {_words(value['score'])}"
    if isinstance(value, dict):
        return ", ".join(f"{name.replace('_', ' ')} {_words(each)}" for name, each in value.items())
    return ", ".join(map(_words, value)) if isinstance(value, list) else str(value)
