"""`Operations`: a router whose routes tell in the OpenAPI which scope they need and what they may refuse."""

import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Annotated, Any, Final, get_args, get_origin, get_type_hints

from fastapi import APIRouter, Depends, Request

from attendance.service_errors import RequestInvalid
from attendance.web.admits import Admits

PREFIX: Final = "/api/v1"
PROBLEM: Final = "application/problem+json"
ALWAYS: Final = (401, 403, 422, 503)
"""What any route may answer: no token, not this scope, not understood, or not now."""


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The refusals of an operation, for ``responses``, beside those that every one has."""
    return {each: _problem(each) for each in sorted({*ALWAYS, *statuses})}


def _problem(status: int) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": HTTPStatus(status).phrase, "content": {PROBLEM: {"schema": schema}}}


class Operations(APIRouter):
    """Routes of one subject, each called after its function, which is its operation id."""

    def __init__(self, subject: str, *, prefix: str = "") -> None:
        super().__init__(
            prefix=PREFIX + prefix,
            tags=[subject],
            generate_unique_id_function=lambda route: route.name,
            dependencies=[Depends(only_known_parameters)],
        )

    def add_api_route(self, path: str, endpoint: Callable[..., Any], **told: Any) -> None:
        """As FastAPI's, with the security of the scope that ``who`` needs."""
        scopes = [scope] if (scope := scope_of(endpoint)) else []
        extra = {"security": [{"bearer": scopes}], **(told.pop("openapi_extra", None) or {})}
        super().add_api_route(path, endpoint, openapi_extra=extra, **told)


def scope_of(endpoint: Callable[..., Any]) -> str | None:
    """The scope that a token needs for a route, None where any token will do."""
    for hint in get_type_hints(endpoint, include_extras=True).values():
        if get_origin(hint) is not Annotated:
            continue
        for each in get_args(hint)[1:]:
            admits = getattr(each, "dependency", None)
            if isinstance(admits, Admits):
                return admits.scope
    return None


def only_known_parameters(request: Request) -> None:
    """Raise RequestInvalid for a query parameter that the operation does not have: it would be passed over."""
    known = _parameters(request).get(request.scope["endpoint"].__name__)
    for name in request.query_params if known is not None else ():
        if name not in (known or ()):
            raise RequestInvalid(request.url.path, f"{name}: there is no query parameter of this name here")


def _parameters(request: Request) -> Mapping[str, frozenset[str]]:
    """The query parameters by operation id, read from the OpenAPI once."""
    state = request.app.state
    if not hasattr(state, "query_parameters"):
        state.query_parameters = {
            operation["operationId"]: frozenset(
                each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"
            )
            for path in request.app.openapi()["paths"].values()
            for operation in path.values()
        }
    found: Mapping[str, frozenset[str]] = state.query_parameters
    return found


def allowed(request: Request) -> str:
    """How what is at the path of a request may be asked, for the header Allow."""
    found = {
        method.upper()
        for path, operations in request.app.openapi()["paths"].items()
        for method in operations
        if re.fullmatch(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path)), request.url.path)
    }
    return ", ".join(sorted(found))
