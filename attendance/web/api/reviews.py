"""Reviews: what waits for somebody to look, and what they say."""

from typing import TYPE_CHECKING, Any

from fastapi import Request
from starlette.responses import Response

from attendance.register.cues import ruling_of
from attendance.service_errors import PhotoUnknown
from attendance.web.api.models.decisions import Confirmation, Reassignment, Reviews, Seen, Settled
from attendance.web.api.operations import Operations, refusals
from attendance.web.api.paging import Paged
from attendance.web.api.parameters import OfSession
from attendance.web.api.photos import FACE, picture
from attendance.web.api.scopes import PhotosRead, ReviewsWrite
from attendance.web.api.segments import Number
from attendance.web.site import site_of

if TYPE_CHECKING:
    from attendance.register.review import Review
    from attendance.services.reviewing import Settled as Said

router = Operations("reviews", prefix="/reviews")


def seen_row(review: "Review") -> dict[str, Any]:
    """What was seen, as programs are told of it."""
    seen = review.sighting
    more = {
        "decision": seen.ruling,
        "target_fpir": seen.target_fpir,
        "gallery_size": seen.gallery_size,
        "pipeline": seen.pipeline,
        "liveness": ruling_of(seen.judged),
    }
    found = {**review.to_dict(), **more}
    found["candidates"] = [{key: each.get(key) for key in ("id", "name", "score")} for each in found["candidates"]]
    return found


@router.get("", responses=refusals(404))
def list_reviews(
    request: Request,
    _who: ReviewsWrite,
    paged: Paged,
    *,
    session: OfSession = None,
) -> Reviews:
    """List what waits for somebody to look, the oldest first."""
    found = site_of(request).app.reviews.waiting(session)
    return Reviews.model_validate(paged.of(found, lambda each: each.sighting.id or 0, seen_row))


@router.get("/{number}", responses=refusals(404, 409))
def get_review(request: Request, who: ReviewsWrite, number: Number) -> Seen:
    """One review, also one that somebody has looked at."""
    app = site_of(request).app
    found = app.reviews.of(number)
    app.looks.at_sighting(who.actor, number)
    return Seen.model_validate(seen_row(found))


@router.get("/{number}/face", responses={**FACE, **refusals(404)}, response_class=Response)
def get_face_of_review(request: Request, who: PhotosRead, number: Number) -> Response:
    """The face that is kept until somebody has looked."""
    app = site_of(request).app
    app.reviews.seen(number)
    found = app.reviews.face(number)
    if found is None:
        raise PhotoUnknown(str(number), "the face of this review is not kept, or not any more")
    app.looks.at_sighting(who.actor, number)
    return picture(found)


@router.post("/{number}/confirm", responses=refusals(404, 409))
def confirm_review(request: Request, who: ReviewsWrite, number: Number, sent: Confirmation) -> Settled:
    """It was the person whom the review names: mark them."""
    done = site_of(request).app.reviews.confirm(who.actor, number, reason=sent.reason)
    return _settled(request, number, done)


@router.post("/{number}/reassign", responses=refusals(404, 409))
def reassign_review(request: Request, who: ReviewsWrite, number: Number, sent: Reassignment) -> Settled:
    """It was somebody else: mark that person."""
    app = site_of(request).app
    done = app.reviews.reassign(who.actor, number, app.edits.of(sent.person).id, reason=sent.reason)
    return _settled(request, number, done)


@router.post("/{number}/dismiss", responses=refusals(404, 409))
def dismiss_review(request: Request, who: ReviewsWrite, number: Number, sent: Confirmation) -> Settled:
    """Nobody is to be marked."""
    done = site_of(request).app.reviews.dismiss(who.actor, number, reason=sent.reason)
    return _settled(request, number, done)


def _settled(request: Request, number: int, done: "Said") -> Settled:
    found = None if done.mark is None else site_of(request).app.session_book.mark(done.mark.id)
    return Settled.model_validate(
        {
            "sighting": number,
            "said": done.correction.kind,
            "person": None if found is None else {"id": found.person.external_id, "name": found.person.name},
            "mark": None if found is None else found.mark.id,
            "new": done.new,
        }
    )
