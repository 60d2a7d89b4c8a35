"""Forms whose files stay in memory: what is only looked at goes to no temporary file, however large it is."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.responses import Response


class InMemory(MultiPartParser):
    """As Starlette's, which writes a file of more than a megabyte to the disk."""

    spool_max_size = 1 << 30


class MemoryRequest(Request):
    """A request whose form stays in memory, whoever reads it first."""

    async def _get_form(self, **limits: Any) -> FormData:
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if self._form is None and kind == "multipart/form-data":
            try:
                self._form = await InMemory(self.headers, self.stream(), **limits).parse()
            except (MultiPartException, KeyError, ValueError) as error:
                told = error.message if isinstance(error, MultiPartException) else "the form cannot be read"
                raise HTTPException(400, told) from error
        return await super()._get_form(**limits)


class MemoryRoute(APIRoute):
    """A route of such requests: ``APIRouter(route_class=MemoryRoute)``."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """What answers."""
        plain = super().get_route_handler()

        async def answer(request: Request) -> Response:
            return await plain(MemoryRequest(request.scope, request.receive))

        return answer
