"""The application: routers, headers, refusals, files, put together for one site."""

from typing import TYPE_CHECKING

from fastapi import FastAPI
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.staticfiles import StaticFiles

from attendance.web import api, problems, routes
from attendance.web.headers import Headers
from attendance.web.pages import STATIC
from attendance.web.running import lifespan

if TYPE_CHECKING:
    from attendance.web.site import Site


def build(site: "Site") -> FastAPI:
    """The application that serves a site."""
    made = FastAPI(title="attendance", version="1", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    made.state.site = site
    made.add_middleware(TrustedHostMiddleware, allowed_hosts=[*site.hosts])
    made.add_middleware(Headers, secure=site.secure)
    problems.install(made)
    for router in (*routes.all_routers(), *api.all_routers()):
        made.include_router(router)
    made.mount("/static", StaticFiles(directory=STATIC), name="static")
    return made
