"""Calendars to subscribe to: whoever has the address reads them, and all that is none is not found."""

import hashlib

from fastapi import APIRouter, HTTPException, Request
from starlette.responses import Response

from attendance.web.admits import Anyone
from attendance.web.site import site_of

router = APIRouter(include_in_schema=False)


@router.get("/feeds/{secret}.ics")
def feed(request: Request, _who: Anyone, secret: str) -> Response:
    """The calendar of a token, or 304 where it is as it was."""
    app = site_of(request).app
    found, reader = app.feeds.of(secret), app.feeds.reader(secret)
    if found is None or reader is None:
        raise HTTPException(404)
    app.looks.at_calendar(reader)
    tag = f'"{hashlib.sha256(found).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(found, media_type="text/calendar", headers=headers)
