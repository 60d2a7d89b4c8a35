"""Cameras as they are now: pictures, one or one after another, and how each does, once or as it changes."""

import asyncio
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from starlette.responses import Response

from attendance.web.asked import Number
from attendance.web.doors import CamerasRead
from attendance.web.helps import HERE, without_commands
from attendance.web.pages import page, written
from attendance.web.site import site_of
from attendance.web.streams import Item, mjpeg, sse, still_here

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime

    from attendance.app import Attendance
    from attendance.web.site import Site

router = APIRouter(include_in_schema=False)

TOLD_S: Final = 1.0
"""How often pages are told how cameras do, if that has changed."""


@router.get("/cameras/status")
def status(request: Request, who: CamerasRead) -> dict[str, Any]:
    """How each camera does that the visitor sees."""
    return {"cameras": [each.to_dict() for each in site_of(request).app.cameras.all(who.groups)]}


@router.get("/cameras/events")
async def events(request: Request, who: CamerasRead) -> Response:
    """The same, each camera anew whenever that has changed."""
    site = site_of(request)
    return sse(site, _told(site, who.groups), still=still_here(request))


@router.get("/cameras/{number:int}/picture.jpg")
def picture(request: Request, who: CamerasRead, number: Number) -> Response:
    """The newest picture, with boxes and names."""
    view = site_of(request).app.cameras.view(number, who.groups)
    return Response(view.picture(), media_type="image/jpeg")


@router.get("/cameras/{number:int}/live")
async def live(request: Request, who: CamerasRead, number: Number) -> Response:
    """Pictures as they come, for an ``<img>``."""
    site = site_of(request)
    view = await asyncio.to_thread(site.app.cameras.view, number, who.groups)
    return mjpeg(site, _pictures(view), still=still_here(request))


@router.get("/cameras/{number:int}/last")
def last(request: Request, who: CamerasRead, number: Number) -> Response:
    """The last faces that were decided on there, for the script that keeps the list fresh."""
    app = site_of(request).app
    found = app.cameras.numbered(number, who.groups)
    return page(request, who, "cameras/last.html", last=app.cameras.last(found.number), now=app.clock.utc())


def said_of(app: "Attendance", health: Any) -> dict[str, str]:
    """What a page says of a camera in words, times on the clock of the site."""
    read, now = health.reading, app.clock.utc()
    detail, trouble = read.detail, read.trouble
    if read.state == "failed" and trouble is not None:
        detail = f"{detail}. {HERE.get(trouble.id) or without_commands(trouble.help)}".rstrip()
    told = "" if trouble is None or read.state != "online" else f"{_wall(app, trouble.at, now)}: {trouble.text}"
    detail = f"{detail[:1].upper()}{detail[1:]}"
    return {"detail": detail, "trouble": told and f"Last trouble at {told}", "since": _wall(app, read.since, now)}


def _wall(app: "Attendance", at: "datetime", now: "datetime") -> str:
    zone = ZoneInfo(app.zone)
    today = at.astimezone(zone).date() == now.astimezone(zone).date()
    return written(at.astimezone(zone), "%H:%M:%S" if today else "%-d %b %H:%M")


async def _told(site: "Site", groups: Any) -> "AsyncIterator[Item]":
    before: dict[int, dict[str, Any]] = {}
    while True:
        found = await asyncio.to_thread(site.app.cameras.all, groups)
        now = {each.number: {**each.to_dict(), "said": said_of(site.app, each)} for each in found}
        if now.keys() != before.keys() and before:
            yield Item({}, "cameras")
        for number, told in now.items():
            if told != before.get(number):
                yield Item(told, "camera")
        before = now
        await asyncio.sleep(TOLD_S)


async def _pictures(view: Any) -> "AsyncIterator[bytes]":
    """The newest picture each time one is asked for; none waits for a slow client."""
    loop, fresh = asyncio.get_running_loop(), asyncio.Event()

    def wake() -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(fresh.set)

    with view.watched(wake):
        yield await asyncio.to_thread(view.picture)
        while True:
            await fresh.wait()
            fresh.clear()
            yield view.newest
