"""Marks: made by hand, voided, corrected; a request that comes twice under its Idempotency-Key is done once."""

import hashlib
import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import Header, Request
from pydantic import BaseModel
from starlette.responses import Response

from attendance.records import instant
from attendance.service_errors import RequestInvalid
from attendance.services.idempotency import Told
from attendance.web.api.models.marks import Corrected, CorrectMark, Mark, Marks, NewMark, VoidMark
from attendance.web.api.operations import Operations, refusals
from attendance.web.api.paging import Paged
from attendance.web.api.parameters import InSession, OfPerson
from attendance.web.api.scopes import MarksRead, MarksWrite
from attendance.web.api.segments import MarkId
from attendance.web.site import site_of

if TYPE_CHECKING:
    from attendance.access import Visitor
    from attendance.services.byhand import ByHandMark
    from attendance.services.sessions import SessionMark

router = Operations("marks", prefix="/marks")
_KEY: Final = re.compile(r"[\x21-\x7e]{1,200}")
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="A text of the program's own, such as a UUID: within 24 hours the same request under the same key "
        "is done once, and is answered alike. For tokens alone.",
        max_length=300,
    ),
]


def mark_row(found: "SessionMark | ByHandMark") -> dict[str, Any]:
    """A mark as programs are told of it."""
    mark, void = found.mark, None
    if mark.voided_at is not None:
        void = {"at": instant(mark.voided_at), "by": mark.voided_by or "", "reason": mark.void_reason or ""}
    return {
        "id": mark.id,
        "session": found.session.name,
        "person": {"id": found.person.external_id, "name": found.person.name},
        "at": instant(mark.at) if mark.time_is_known else None,
        "how": mark.how,
        "direction": mark.direction,
        "entered": instant(mark.made),
        "by": mark.by,
        "counts": mark.valid,
        "waits": mark.waits,
        "void": void,
        "sighting": mark.sighting,
    }


@router.get("", responses=refusals(404))
def list_marks(
    request: Request,
    _who: MarksRead,
    paged: Paged,
    *,
    session: InSession = None,
    person: OfPerson = None,
) -> Marks:
    """List the marks of a session in order of time, void ones too."""
    found = site_of(request).app.session_book.marks_if_any(session)
    wanted = [each for each in found if person in {None, each.person.external_id}]
    return Marks.model_validate(paged.of(wanted, lambda each: (each.mark.at.isoformat(), each.mark.id), mark_row))


@router.post(
    "",
    status_code=201,
    responses={200: {"model": Mark, "description": "It was there before."}, **refusals(404, 409)},
    response_model=Mark,
)
def add_mark(request: Request, who: MarksWrite, sent: NewMark, key: Key = None) -> Response:
    """Mark somebody present by hand; 200 where they were marked before, which stays."""
    app = site_of(request).app

    def work() -> Told:
        person = app.edits.of(sent.person)
        made = app.by_hand.enter(
            who.actor, person.id, session=sent.session, at=sent.at, note=sent.note, direction=sent.direction
        )
        return _told(201 if made.new else 200, mark_row(made), person.id)

    return _once(request, who, key, sent, work)


@router.get("/{mark}", responses=refusals(404))
def get_mark(request: Request, _who: MarksRead, mark: MarkId) -> Mark:
    """One mark."""
    return Mark.model_validate(mark_row(site_of(request).app.session_book.mark(mark)))


@router.post("/{mark}/void", responses=refusals(404, 409), response_model=Mark)
def void_mark(request: Request, who: MarksWrite, mark: MarkId, sent: VoidMark, key: Key = None) -> Response:
    """Declare a mark wrong; it stays on record, and cameras do not make it again."""
    app = site_of(request).app

    def work() -> Told:
        person = app.session_book.mark(mark).person.id
        return _told(200, mark_row(app.by_hand.void(who.actor, person, reason=sent.reason, mark=mark)), person)

    return _once(request, who, key, sent, work)


@router.post("/{mark}/correct", status_code=201, responses=refusals(404, 409), response_model=Corrected)
def correct_mark(request: Request, who: MarksWrite, mark: MarkId, sent: CorrectMark, key: Key = None) -> Response:
    """Put a mark of the right time in the place of a wrong one."""
    app = site_of(request).app

    def work() -> Told:
        person = app.session_book.mark(mark).person.id
        done = app.by_hand.correct(
            who.actor, person, at=sent.at, reason=sent.reason, direction=sent.direction, mark=mark
        )
        return _told(201, {"made": mark_row(done.made), "old": mark_row(done.old)}, person)

    return _once(request, who, key, sent, work)


def _told(status: int, content: dict[str, Any], person: int) -> Told:
    return Told(status, json.dumps(content, ensure_ascii=False, allow_nan=False).encode(), person)


def _once(request: Request, who: "Visitor", key: str | None, sent: BaseModel, work: Callable[[], Told]) -> Response:
    """Do it, under a key at most once."""
    app = site_of(request).app
    if key is None:
        told = work()
    else:
        if who.token is None:
            raise RequestInvalid(request.url.path, "Idempotency-Key: it belongs to a token, and none was sent")
        if not _KEY.fullmatch(key):
            raise RequestInvalid(request.url.path, "Idempotency-Key: give 1 to 200 visible ASCII characters")
        text = json.dumps([request.method, request.url.path, sent.model_dump(mode="json")], sort_keys=True)
        digest = hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()
        told = app.answers.once(who.token.id, key, digest, work)
    headers = {"Idempotent-Replayed": "true"} if told.again else {}
    return Response(told.body, told.status, headers, media_type="application/json")
