"""While the database of all sites is out of reach kiosks and the live view go on, and all else is told so."""

import re
from typing import TYPE_CHECKING, Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from attendance.web.problems import refused
from refusal import Refusal

if TYPE_CHECKING:
    from attendance.services.link import Link

ON: Final = re.compile(
    r"/(static/.*|kiosk(/.*)?|health|ready|metrics|cameras|cameras/(status|events|\d+|\d+/(picture\.jpg|live|last)))"
)
"""What goes on by the slice of the site; of these only a kiosk may send something."""
READS: Final = frozenset({"GET", "HEAD"})


class Away:
    """Answers 503 for what needs the database while that is out of reach; without a link it lets all through."""

    def __init__(self, app: ASGIApp, link: "Link[Any] | None") -> None:
        self._app, self._link = app, link

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] == "http" and self._link is not None and self._link.away and not goes_on(scope):
            try:
                await run_in_threadpool(self._link.refuse_away)
            except Refusal as error:
                await refused(Request(scope, receive), error)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def goes_on(scope: Scope) -> bool:
    """Whether a request is for what works without the database."""
    path = str(scope["path"])
    return ON.fullmatch(path) is not None and (path.startswith("/kiosk") or scope["method"] in READS)
