"""Decisions: a photo judged, and what one of before rests on."""

import asyncio
from typing import Annotated, Any

from fastapi import Query, Request

from attendance.web.api.models.decisions import Decision, Decisions, Seen
from attendance.web.api.models.shared import Way
from attendance.web.api.operations import Operations, refusals
from attendance.web.api.parameters import AtPlace, InSession, OfGroup
from attendance.web.api.reviews import seen_row
from attendance.web.api.scopes import Decide
from attendance.web.api.segments import Number
from attendance.web.api.uploads import BODY, Photo
from attendance.web.site import site_of

router = Operations("decisions", prefix="/decisions")
TOLD = frozenset(Decision.model_fields)


@router.post("", responses=refusals(404, 409, 413), openapi_extra=BODY)
async def decide(
    request: Request,
    who: Decide,
    photo: Photo,
    *,
    session: InSession = None,
    group: OfGroup = None,
    place: AtPlace = None,
    direction: Annotated[Way | None, Query(description="Which way people go; else as the place says.")] = None,
    dry_run: Annotated[bool, Query(description="Write nothing.")] = False,
) -> Decisions:
    """Judge every face of a photo, and mark who is present; one decision a face, all marked in one step."""
    app = site_of(request).app

    def work() -> Any:
        where = None if place is None else app.places.in_use(place)
        scope = app.scopes.of(session, group, where, direction=direction, dry_run=dry_run)
        return app.deciding.photo(who.actor, photo.data, photo.source, scope)

    # Awaited without a thread: however many wait for their turn, pages are answered meanwhile.
    done = await asyncio.wrap_future(app.lane.submit(work))
    rows = [{key: value for key, value in each.to_dict().items() if key in TOLD} for each in done.decisions]
    return Decisions.model_validate({"dry_run": dry_run, "decisions": rows, "remark": done.remark})


@router.get("/{number}", responses=refusals(404))
def get_decision(request: Request, _who: Decide, number: Number) -> Seen:
    """What was decided on a face, with all that it rests on and what was said of it since."""
    return Seen.model_validate(seen_row(site_of(request).app.reviews.seen(number)))
