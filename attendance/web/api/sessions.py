"""Sessions: opened, closed, listed, with their marks."""

from fastapi import Request

from attendance.web.api.marks import mark_row
from attendance.web.api.models.marks import Marks, NewSession, Session, Sessions
from attendance.web.api.operations import Operations, refusals
from attendance.web.api.paging import Paged
from attendance.web.api.parameters import First, Last, OfGroup
from attendance.web.api.scopes import MarksRead, TimetableRead, TimetableWrite
from attendance.web.api.segments import SessionName
from attendance.web.site import site_of

router = Operations("sessions", prefix="/sessions")


@router.get("", responses=refusals())
def list_sessions(
    request: Request,
    _who: TimetableRead,
    paged: Paged,
    *,
    first: First = None,
    last: Last = None,
    group: OfGroup = None,
) -> Sessions:
    """List sessions, in the order in which they were begun."""
    found = [
        each
        for each in site_of(request).app.session_book.all()
        if (first is None or first <= each.session.day)
        and (last is None or each.session.day <= last)
        and group in {None, each.session.group}
    ]
    return Sessions.model_validate(paged.of(found, lambda each: each.session.id, lambda each: each.to_dict()))


@router.post("", status_code=201, responses=refusals(404, 409))
def open_session(request: Request, who: TimetableWrite, sent: NewSession) -> Session:
    """Open a named session; that of a day is begun by its first mark."""
    book = site_of(request).app.session_book
    made = book.open(who.actor, sent.name, group=sent.group)
    return Session.model_validate({**made.to_dict(), "marks": 0})


@router.get("/{session}", responses=refusals(404))
def get_session(request: Request, _who: TimetableRead, session: SessionName) -> Session:
    """One session."""
    return Session.model_validate(site_of(request).app.session_book.find(session).to_dict())


@router.post("/{session}/close", responses=refusals(404, 409))
def close_session(request: Request, who: TimetableWrite, session: SessionName) -> Session:
    """Close a session now; only marks by hand are made in it then."""
    return Session.model_validate(site_of(request).app.session_book.close(who.actor, session).to_dict())


@router.get("/{session}/marks", responses=refusals(404))
def list_marks_of_session(request: Request, _who: MarksRead, paged: Paged, session: SessionName) -> Marks:
    """List the marks of a session in order of time, void ones too."""
    found = site_of(request).app.session_book.marks(session)
    return Marks.model_validate(paged.of(found, lambda each: (each.mark.at.isoformat(), each.mark.id), mark_row))
