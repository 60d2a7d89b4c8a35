"""What runs beside the answers: services with threads of their own, begun with the site and ended with it."""

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

if TYPE_CHECKING:
    from attendance.app import Attendance
    from attendance.web.site import Site

RUNNING: Final = (
    "workers", "jobs", "lane", "newsroom", "kiosks", "cameras", "posting", "brokering", "housekeeping", "daily",
)  # fmt: skip
"""Parts of the product in the order in which they begin; they end together. One without ``start`` is passed over."""


ON_SLICE: Final = ("lane", "kiosks", "cameras")
"""Those that a site goes on with while the database is out of reach from the start; the others begin when it is not."""


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """From the first answer on until the last: all that runs is begun, and ended."""
    site: Site = app.state.site
    begun: list[Any] = []
    try:
        if site.link is not None:
            begun.append(site.link)
            site.link.reached.append(lambda central: _start(central, begun, without=ON_SLICE))
        cut_off = site.app.offline is not None
        for name in ON_SLICE if cut_off else RUNNING:
            await run_in_threadpool(_start, site.app, begun, (name,))
        if site.link is not None:
            await run_in_threadpool(site.link.start)
        yield
    finally:
        site.closing.set()
        await run_in_threadpool(_close, begun[::-1])


def _start(
    app: "Attendance", begun: list[Any], names: tuple[str, ...] = RUNNING, without: tuple[str, ...] = ()
) -> None:
    """Begin parts of a home, and add them to those that are begun."""
    for name in names:
        part = None if name in without else getattr(app, name, None)
        if part is not None and hasattr(part, "start"):
            begun.append(part)
            part.start()


def _close(parts: list[Any]) -> None:
    """Close all parts at once, as each may wait for something; then raise what the first of them raised."""
    if not parts:
        return
    with ThreadPoolExecutor(len(parts), thread_name_prefix="attendance-close") as threads:
        raised = [error for each in [threads.submit(part.close) for part in parts] if (error := each.exception())]
    if raised:
        raise raised[0]
