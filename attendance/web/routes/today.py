"""Today: the day as it stands, marks by hand with one click, and taking back or correcting one with a reason."""

from typing import Annotated, Final, Literal, TypedDict

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from attendance.access import Visitor
from attendance.errors import MarkTime, MonthClosed, SessionDay
from attendance.register.cues import NOTE
from attendance.service_errors import RequestInvalid
from attendance.web.asked import Number, back_to, person_of
from attendance.web.doors import MarksChange, MarksRead
from attendance.web.helps import told_here
from attendance.web.pages import onward, page
from attendance.web.site import site_of
from refusal import Refusal

router = APIRouter(include_in_schema=False)

SHOWN: Final = 12
"""How many names of a kind a card shows before it says how many more there are."""


class _Wish(TypedDict):
    session: str | None
    at: str | None
    note: str
    direction: Literal["in", "out"]


@router.get("/")
def today(request: Request, who: MarksRead, group: str = "") -> Response:
    """The day, of all whom the visitor sees or of one group."""
    app = site_of(request).app
    news = app.newsroom.latest()  # before the board is read: what comes meanwhile is told once more, and not missed
    board = app.day_boards.today(who.groups, group or None)
    return page(request, who, "today/today.html", board=board, news=news, shown=SHOWN, partial=False)


@router.get("/today/board")
def board_alone(request: Request, who: MarksRead, group: str = "") -> Response:
    """The part of it that changes, for the script that keeps it fresh."""
    board = site_of(request).app.day_boards.today(who.groups, group or None)
    return page(request, who, "today/board.html", board=board, shown=SHOWN, partial=True)


@router.post("/today/marks")
def mark(
    request: Request,
    who: MarksChange,
    come: Annotated[Number | None, Form(alias="in")] = None,
    go: Annotated[Number | None, Form(alias="out")] = None,
    session: Annotated[str, Form()] = "",
    at: Annotated[str, Form()] = "",
    note: Annotated[str, Form(max_length=500)] = "",
    back: Annotated[str, Form()] = "/",
) -> Response:
    """Mark somebody in or out by hand, now or at a time of the day."""
    number = come if come is not None else go
    if number is None:
        raise RequestInvalid("in, out", "nobody is named")
    person = person_of(request, who, number)
    if session:
        site_of(request).app.session_book.refuse_others(session, who.groups)
    way: Literal["in", "out"] = "in" if come is not None else "out"
    wish: _Wish = {"session": session or None, "at": at.strip() or None, "note": note.strip(), "direction": way}
    try:
        made = site_of(request).app.by_hand.enter(who.actor, person.id, **wish)
    except (MarkTime, MonthClosed, SessionDay) as error:
        return onward(request, back_to(back), f"{person.name} is not marked. {told_here(error)}", "bad")
    when = f" at {made.at:%H:%M}" if made.at is not None else ""
    if not made.new:
        return onward(request, back_to(back), f"{person.name} was marked {way} before{when}; that stays.", "warn")
    waits = " It counts once a second person has approved it." if made.mark.waits else ""
    return onward(request, back_to(back), f"{person.name} is marked {way}{when}.{waits}")


@router.get("/marks/{mark}")
def one_mark(request: Request, who: MarksRead, mark: str, back: str = "/") -> Response:
    """A mark, with what can be said against it: void it, or put one of another time in its place."""
    return _mark_page(request, who, mark, back)


@router.post("/marks/{mark}/void")
def void(
    request: Request,
    who: MarksChange,
    mark: str,
    reason: Annotated[str, Form(max_length=500)] = "",
    back: Annotated[str, Form()] = "/",
) -> Response:
    """Declare a mark wrong; it stays on record, with the reason."""
    if not reason.strip():
        return _mark_page(request, who, mark, back, void_wrong="Say why: it stays on record with the mark.")
    found = site_of(request).app.day_marks.of(mark, who.groups)
    gone = site_of(request).app.by_hand.void(who.actor, found.person.id, reason=reason.strip(), mark=mark)
    return onward(request, back_to(back), f"The mark of {gone.person.name} is void: {reason.strip()}")


@router.post("/marks/{mark}/correct")
def correct(
    request: Request,
    who: MarksChange,
    mark: str,
    at: Annotated[str, Form()] = "",
    reason: Annotated[str, Form(max_length=500)] = "",
    back: Annotated[str, Form()] = "/",
) -> Response:
    """Put a mark of another time in the place of this one."""
    given = {"at": at, "reason": reason}
    if not reason.strip():
        return _mark_page(request, who, mark, back, wrong="Say why: it stays on record with the mark.", **given)
    found = site_of(request).app.day_marks.of(mark, who.groups)
    try:
        done = site_of(request).app.by_hand.correct(
            who.actor, found.person.id, at=at.strip(), reason=reason.strip(), mark=mark
        )
    except Refusal as error:
        return _mark_page(request, who, mark, back, at_wrong=told_here(error), **given)
    when = "" if done.made.at is None else f" at {done.made.at:%H:%M}"
    return onward(request, back_to(back), f"{done.made.person.name} is marked{when} instead.")


def _mark_page(request: Request, who: Visitor, mark: str, back: str, **given: str) -> Response:
    found = site_of(request).app.day_marks.of(mark, who.groups)
    wrong = any(given.get(each) for each in ("void_wrong", "wrong", "at_wrong"))
    values = {"void_wrong": "", "wrong": "", "at_wrong": "", "at": "", "reason": "", **given}
    status = 422 if wrong else 200
    shown = {"found": found, "living_note": NOTE, "back": back_to(back), "given": values}
    return page(request, who, "today/mark.html", status=status, **shown)
