"""The application: routers, headers, refusals, files, put together for one site."""

from typing import TYPE_CHECKING, Final

from fastapi import APIRouter, FastAPI
from starlette.staticfiles import StaticFiles

from attendance.services.bulk import MOST_BYTES
from attendance.web import api, problems, routes
from attendance.web.api import schema
from attendance.web.api.segments import EncodedSlashes
from attendance.web.away import Away
from attendance.web.bodies import Bodies
from attendance.web.headers import Headers
from attendance.web.hosts import Hosts
from attendance.web.pages import STATIC
from attendance.web.running import lifespan

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

    from attendance.web.site import Site


LARGER: Final = {"/people/bulk": MOST_BYTES}
"""By path how many bytes may come where it is more than elsewhere."""
_READY: Final[dict[int, tuple[APIRouter, "list[BaseRoute]"]]] = {}
"""By the identity of a router itself and its routes as they were made ready."""


def build(site: "Site") -> FastAPI:
    """The application that serves a site."""
    made = FastAPI(title="attendance", version="1", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    made.state.site = site
    made.add_middleware(EncodedSlashes)
    made.add_middleware(problems.Failures)
    made.add_middleware(Bodies, limit=site.app.settings.max_upload_mb * 1_000_000, larger=LARGER)
    made.add_middleware(Away, link=site.link)
    made.add_middleware(Hosts, names=site.names)
    made.add_middleware(Headers, secure=site.secure)
    problems.install(made)
    for router in (*routes.all_routers(), *api.all_routers()):
        made.router.routes.extend(_ready(router))
    schema.describe(made)
    made.mount("/static", StaticFiles(directory=STATIC), name="static")
    return made


def _ready(router: APIRouter) -> "list[BaseRoute]":
    """Its routes, made ready once for whatever is built in this process: for all of them that takes half a second.

    They are asked for a page that none has; else FastAPI makes them ready while many ask.
    """
    if id(router) not in _READY:
        made = APIRouter()
        made.include_router(router)
        for route in made.routes:
            route.matches({"type": "http", "method": "GET", "path": "/nowhere", "root_path": "", "headers": []})
        _READY[id(router)] = router, made.routes
    return _READY[id(router)][1]
