"""People: found, added, changed from a state that was seen, erased, merged."""

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Query, Request
from starlette.responses import JSONResponse, Response

from attendance.services.admission import Newcomer
from attendance.services.consents import Agreed
from attendance.services.people import person_row
from attendance.services.versions import version_of
from attendance.web.api.conditions import ETAG, IfGiven, Needed, tagged
from attendance.web.api.models.people import Erased, Merge, NewConsent, NewPerson, People, Person, PersonChange
from attendance.web.api.operations import Operations, refusals
from attendance.web.api.paging import Paged
from attendance.web.api.parameters import OfGroup
from attendance.web.api.scopes import PeopleErase, PeopleRead, PeopleWrite
from attendance.web.api.segments import PersonId
from attendance.web.site import site_of

if TYPE_CHECKING:
    from attendance.app import Attendance

router = Operations("people", prefix="/people")
TAGGED: dict[int | str, dict[str, Any]] = {200: {"model": Person, "headers": ETAG}}
NOT_CHANGED: dict[int | str, dict[str, Any]] = {304: {"description": "Not Modified"}}


@router.get("", responses=refusals(404))
def list_people(
    request: Request,
    _who: PeopleRead,
    paged: Paged,
    *,
    group: OfGroup = None,
    name: Annotated[str | None, Query(description="Whose name holds this text.", max_length=300)] = None,
    active: Annotated[bool | None, Query(description="Active or inactive people alone.")] = None,
) -> People:
    """List people, in the order in which they were added."""
    app = site_of(request).app
    wanted = (name or "").casefold()
    found = [
        each
        for each in app.people.all(group, gone_too=True)
        if wanted in each.name.casefold() and active in {None, each.active}
    ]
    return People.model_validate(paged.of(found, lambda each: each.id, person_row))


@router.post("", status_code=201, responses={201: {"headers": ETAG}, **refusals(409)}, response_model=Person)
def add_person(request: Request, who: PeopleWrite, sent: NewPerson) -> Response:
    """Add somebody; they are recognised once they have a photo."""
    app = site_of(request).app
    newcomer = Newcomer(sent.name, sent.id, tuple(sent.groups))
    made = app.admission.enter(who.actor, newcomer, note=sent.note, agreed=_agreed(app, sent.consent))
    row = person_row(made)
    return tagged(request, row, version_of(row), status=201)


@router.get("/{person}", responses={**TAGGED, **NOT_CHANGED, **refusals(404)}, response_model=Person)
def get_person(request: Request, _who: PeopleRead, person: PersonId) -> Response:
    """One person; the ETag is for changing them."""
    row = person_row(site_of(request).app.edits.of(person))
    return tagged(request, row, version_of(row))


@router.patch("/{person}", responses={**TAGGED, **refusals(404, 409, 412, 428)}, response_model=Person)
def change_person(
    request: Request, who: PeopleWrite, person: PersonId, sent: PersonChange, expected: Needed
) -> Response:
    """Change what is named, if nobody else has changed the person since they were read."""
    changed = site_of(request).app.edits.change(
        who.actor,
        person,
        expected=expected,
        name=sent.name,
        groups=sent.groups,
        active=sent.active,
        since=sent.since,
    )
    row = person_row(changed)
    return tagged(request, row, version_of(row))


@router.delete("/{person}", responses=refusals(404, 412))
def erase_person(request: Request, who: PeopleErase, person: PersonId, expected: IfGiven) -> Erased:
    """Erase a person with photos, marks and every other trace outside dated backups; this cannot be undone."""
    gone = site_of(request).app.edits.remove(who.actor, person, expected=expected)
    return Erased(id=gone.person.external_id, templates=gone.templates, marks=gone.marks, erased=gone.erased)


@router.post("/{person}/merge", responses={**TAGGED, **refusals(404, 409)}, response_model=Person)
def merge_person(request: Request, who: PeopleErase, person: PersonId, sent: Merge) -> Response:
    """Give all that is kept of a person to another one, who stays and is told; the first is gone then."""
    row = person_row(site_of(request).app.edits.merge(who.actor, person, sent.into))
    return JSONResponse(row, headers={"ETag": f'"{version_of(row)}"'})


def _agreed(app: "Attendance", sent: NewConsent | None) -> Agreed | None:
    """What a program says that somebody has agreed to."""
    if sent is None:
        return None
    return Agreed(
        tuple(sent.purposes),
        sent.given_by,
        sent.giver,
        "spoken" if sent.document_sha256 is None else "paper",
        sent.document_sha256,
        None if sent.until is None else app.consents.until(sent.until),
    )
