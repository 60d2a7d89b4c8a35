"""What happens, told to pages while it does: server-sent events."""

import asyncio
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from starlette.responses import Response

from attendance.web.doors import EventsRead
from attendance.web.site import Site, site_of
from attendance.web.streams import Item, Wanted, begins_after, came_before, follow, sse, still_here

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection

router = APIRouter(include_in_schema=False)


@router.get("/events")
async def events(request: Request, who: EventsRead) -> Response:
    """News of the people whom the visitor may see, from now on, or after the last that this browser has had."""
    site = site_of(request)
    after = await begins_after(site, came_before(request))
    return sse(site, told(site, after, who.groups), still=still_here(request))


async def told(site: Site, after: int, groups: "Collection[str] | None") -> "AsyncIterator[Item]":
    """News as events, named by their kinds; "missed" comes first where some are not kept any more."""
    if after + 1 < await asyncio.to_thread(site.app.newsroom.oldest):
        yield Item({}, "missed")
    wanted: Wanted = site.app.newsroom.wanted(groups)
    async for each in follow(site, after, wanted):
        yield Item(site.app.newsroom.told(each), each.kind, each.id)
