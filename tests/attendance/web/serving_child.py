"""A service in a process of its own, for tests of its end: slow, stuck and endless answers beside its pages.

    python serving_child.py HOME

It prints its address when it answers, and ends as the command does.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator

from fastapi import APIRouter, Request
from starlette.responses import StreamingResponse

from attendance import Attendance
from attendance.web import addresses, routes, server
from attendance.web.admits import Anyone
from attendance.web.site import Site, site_of

router = APIRouter()


@router.get("/test/stream")
async def stream(request: Request, _who: Anyone) -> StreamingResponse:
    """Goes on until the service is told to stop, and says good-bye."""
    closing = site_of(request).closing

    async def parts() -> AsyncIterator[str]:
        while not closing.is_set():
            yield "data: still there\n\n"
            await asyncio.sleep(0.05)
        yield "data: good-bye\n\n"

    return StreamingResponse(parts(), media_type="text/event-stream")


@router.get("/test/slow")
def slow(_who: Anyone) -> str:
    """An answer that takes a second."""
    time.sleep(1)
    return "done"


@router.get("/test/stuck")
def stuck(_who: Anyone) -> str:
    """An answer that never comes."""
    time.sleep(3600)
    return "never"


def main() -> int:
    before = routes.all_routers
    routes.all_routers = lambda: [*before(), router]
    with addresses.bound("127.0.0.1", 0) as bound, Attendance.open(sys.argv[1]) as app:
        site = Site(app, addresses.reached("127.0.0.1", bound.getsockname()[1], secure=False))
        return server.serve(site, bound, ready=lambda: print(site.public, flush=True), deadline=server.Deadline())  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
