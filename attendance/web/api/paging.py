"""Lists a page at a time: a limit, and a cursor that tells where to go on; what comes meanwhile shifts nothing."""

import hashlib
import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

from fastapi import Depends, Query, Request

from attendance.service_errors import PageCursor
from attendance.web.site import site_of

if TYPE_CHECKING:
    from attendance.services.cursors import Cursors

MOST: Final = 200
USUAL: Final = 50
T = TypeVar("T")


class Paging:
    """The page of a list that was asked for; the list is the path with all parameters but those of paging."""

    def __init__(
        self,
        request: Request,
        limit: Annotated[int, Query(description="How many items at most.", ge=1, le=MOST)] = USUAL,
        cursor: Annotated[
            str | None,
            Query(description="Where to go on: the `next` of the page before.", max_length=500),
        ] = None,
    ) -> None:
        asked = sorted(pair for pair in request.query_params.multi_items() if pair[0] not in {"limit", "cursor"})
        text = json.dumps([request.url.path, asked])
        self._which = hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()
        self._cursors: Cursors = site_of(request).app.cursors
        self._limit, self._cursor = limit, cursor

    def of(self, found: Sequence[T], place: Callable[[T], Any], row: Callable[[T], dict[str, Any]]) -> dict[str, Any]:
        """The items of the page as ``row`` tells them, and the cursor of the next one.

        ``place`` tells where an item stands, by numbers and instants alone: the list is in this order, and no two
        items have the same. Raises PageCursor.
        """
        ordered = sorted(found, key=place)
        if self._cursor is not None:
            after = self._after(place, ordered)
            ordered = [each for each in ordered if place(each) > after]
        shown = ordered[: self._limit]
        more = len(ordered) > self._limit
        following = self._cursors.after(self._which, place(shown[-1])) if more else None
        return {"items": [row(each) for each in shown], "next": following}

    def _after(self, place: Callable[[T], Any], ordered: Sequence[T]) -> Any:
        told = self._cursors.read(self._which, self._cursor or "")
        after = tuple(told) if isinstance(told, list) else told
        if ordered and type(place(ordered[0])) is not type(after):
            raise PageCursor("cursor", "this is no cursor of this list")
        return after


Paged = Annotated[Paging, Depends(Paging)]
