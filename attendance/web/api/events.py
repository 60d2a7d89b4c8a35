"""Events as they happen, and after a pause those that were missed."""

from typing import Annotated, Any

from fastapi import Header, Query, Request

from attendance.service_errors import RequestInvalid
from attendance.web.api.operations import Operations, refusals
from attendance.web.api.scopes import EventsRead
from attendance.web.site import site_of
from attendance.web.streams import Item, Stream, follow, sse, still_here

router = Operations("events", prefix="/events")
KINDS = (
    *("mark.made", "mark.voided", "mark.restored", "review.waiting", "review.settled", "face.unknown"),
    *("person.changed", "camera.lost", "camera.back", "camera.failed"),
)
FOUND: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Server-sent events: `id` is the number, `event` the kind, `data` an object with id, at, kind, "
        "subject, person (id and name, or null) and place.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
}


@router.get("", responses={**FOUND, **refusals()}, response_class=Stream)
def follow_events(
    request: Request,
    _who: EventsRead,
    *,
    kind: Annotated[
        list[str] | None, Query(description=f"Of these kinds alone: {', '.join(KINDS)}.", max_length=20)
    ] = None,
    last: Annotated[
        int | None, Header(alias="Last-Event-ID", description="Go on after this one; else from now on.", ge=0, le=2**53)
    ] = None,
    after: Annotated[
        int | None, Query(description="As Last-Event-ID, for those who cannot send it.", ge=0, le=2**53)
    ] = None,
) -> Stream:
    """Follow what happens; a comment each 15 seconds shows that the line is alive."""
    for each in kind or ():
        if each not in KINDS:
            raise RequestInvalid(request.url.path, f"kind: {each!r} is none of {', '.join(KINDS)}")
    site, newsroom = site_of(request), site_of(request).app.newsroom
    wanted = frozenset(kind or KINDS)

    async def items() -> Any:
        news = follow(site, last if last is not None else after, lambda each: each.kind in wanted)
        async for each in news:
            told = newsroom.told(each)
            yield Item(told, event=each.kind, id=each.id)

    return sse(site, items(), still=still_here(request))
