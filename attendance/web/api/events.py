"""Events as they happen, and after a pause those that were missed."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import Header, Query, Request

from attendance.service_errors import RequestInvalid
from attendance.web.api.operations import Operations, refusals
from attendance.web.api.parameters import After
from attendance.web.api.scopes import EventsRead
from attendance.web.site import Site, site_of
from attendance.web.streams import Item, Stream, begins_after, follow, sse, still_here

router = Operations("events", prefix="/events")
KINDS = (
    *("mark.made", "mark.voided", "mark.restored", "review.waiting", "review.settled", "face.unknown"),
    *("person.changed", "camera.lost", "camera.back", "camera.failed"),
)
FOUND: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Server-sent events: `id` is the number, `event` the kind, `data` an object with id, at, kind, "
        "subject, person (id and name, or null) and place. "
        "The event `missed` comes first where some are not kept any more.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
}


@router.get("", status_code=200, responses={**FOUND, **refusals()}, response_class=Stream)
async def follow_events(
    request: Request,
    _who: EventsRead,
    *,
    kind: Annotated[
        list[str] | None, Query(description=f"Of these kinds alone: {', '.join(KINDS)}.", max_length=20)
    ] = None,
    last: Annotated[
        int | None, Header(alias="Last-Event-ID", description="Go on after this one; else from now on.", ge=0, le=2**53)
    ] = None,
    after: After = None,
) -> Stream:
    """Follow what happens; a comment each 15 seconds shows that the line is alive."""
    for each in kind or ():
        if each not in KINDS:
            raise RequestInvalid(request.url.path, f"kind: {each!r} is none of {', '.join(KINDS)}")
    site, wanted = site_of(request), frozenset(kind or KINDS)
    begins = await begins_after(site, last if last is not None else after)
    return sse(site, _told(site, begins, wanted), still=still_here(request))


async def _told(site: Site, after: int, kinds: frozenset[str]) -> AsyncIterator[Item]:
    """News as events, named by their kinds; "missed" comes first where some are not kept any more."""
    newsroom = site.app.newsroom
    if after + 1 < await asyncio.to_thread(newsroom.oldest):
        yield Item({}, "missed")
    async for each in follow(site, after, lambda item: item.kind in kinds):
        yield Item(await asyncio.to_thread(newsroom.told, each), each.kind, each.id)
