"""The photos of a person: one more, one less, and the faces that are kept."""

from typing import Annotated, Any

from fastapi import Query, Request
from starlette.responses import Response

from attendance.services.photos import photo_row
from attendance.web.api.models.people import EnrolledPhoto, Photos
from attendance.web.api.models.shared import Ref
from attendance.web.api.operations import Operations, refusals
from attendance.web.api.paging import Paged
from attendance.web.api.scopes import PeopleRead, PeopleWrite, PhotosRead
from attendance.web.api.segments import Number, PersonId
from attendance.web.api.uploads import BODY, Photo
from attendance.web.site import site_of

router = Operations("photos", prefix="/people/{person}/photos")
FACE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The face, a picture.",
        "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in ("image/jpeg", "image/png")},
    }
}
"""For ``responses`` of what is a picture."""


def picture(data: bytes) -> Response:
    """A picture of a face: nobody keeps a copy on the way."""
    kind = "image/png" if data.startswith(b"\x89PNG") else "image/jpeg"
    return Response(data, media_type=kind, headers={"Cache-Control": "no-store"})


@router.get("", responses=refusals(404))
def list_photos(request: Request, _who: PeopleRead, paged: Paged, person: PersonId) -> Photos:
    """List what is known of each photo of a person."""
    found = site_of(request).app.photos.all(person)
    return Photos.model_validate(paged.of(found, lambda each: each.id, photo_row))


@router.post("", status_code=201, responses=refusals(404, 409, 413), openapi_extra=BODY)
def add_photo(
    request: Request,
    who: PeopleWrite,
    person: PersonId,
    photo: Photo,
    *,
    allow_duplicate: Annotated[
        bool, Query(description="File it even if it looks like somebody else who is enrolled.")
    ] = False,
) -> EnrolledPhoto:
    """Enrol one more photo of a person; what is wrong with one that is refused stands in `reasons`."""
    app = site_of(request).app
    made = app.lane.run(
        lambda: app.photos.add(who.actor, person, photo.data, photo.source, allow_duplicate=allow_duplicate)
    )
    return EnrolledPhoto(
        outcome=made.outcome,  # type: ignore[arg-type]
        person=Ref(**made.person.to_dict()),
        quality=None if made.quality is None else made.quality.to_dict(),
        lookalikes=[each.to_dict() for each in made.lookalikes],  # type: ignore[misc]
        warnings=list(made.warnings),
    )


@router.get("/{number}/face", responses={**FACE, **refusals(404)}, response_class=Response)
def get_face(request: Request, who: PhotosRead, person: PersonId, number: Number) -> Response:
    """The face that is kept of a photo."""
    app = site_of(request).app
    data = app.photos.crop(person, number)
    app.looks.at_photos(who.actor, app.edits.of(person))
    return picture(data)


@router.delete("/{number}", status_code=204, responses=refusals(404))
def remove_photo(request: Request, who: PeopleWrite, person: PersonId, number: Number) -> None:
    """Take a photo away, with its template and its face."""
    site_of(request).app.photos.remove(who.actor, person, number)
