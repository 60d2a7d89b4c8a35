"""What runs beside the answers: services with threads of their own, begun with the site and ended with it."""

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

if TYPE_CHECKING:
    from attendance.web.site import Site

RUNNING: Final = (
    "workers", "jobs", "lane", "newsroom", "kiosks", "cameras", "posting", "brokering", "housekeeping", "daily",
    "searching",
)  # fmt: skip
"""Parts of the product in the order in which they begin; they end together. One without ``start`` is passed over."""


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """From the first answer on until the last: all that runs is begun, and ended."""
    site: Site = app.state.site
    begun: list[Any] = []
    try:
        for name in RUNNING:
            part = getattr(site.app, name, None)
            if part is not None and hasattr(part, "start"):
                begun.append(part)
                await run_in_threadpool(part.start)
        yield
    finally:
        site.closing.set()
        await run_in_threadpool(_close, begun[::-1])


def _close(parts: list[Any]) -> None:
    """Close all parts at once, as each may wait for something; then raise what the first of them raised."""
    if not parts:
        return
    with ThreadPoolExecutor(len(parts), thread_name_prefix="attendance-close") as threads:
        raised = [error for each in [threads.submit(part.close) for part in parts] if (error := each.exception())]
    if raised:
        raise raised[0]
