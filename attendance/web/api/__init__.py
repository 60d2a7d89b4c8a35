"""The API for programs, /api/v1, one file a subject; `all_routers` is what `build` puts together.

A route names the scope that a token needs (`scopes`), parses by the shapes of `models`, calls a service and tells.
What can be refused is application/problem+json with a stable id; `schema` is what is told of it all as OpenAPI 3.1.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from fastapi import APIRouter

SUBJECTS: Final[tuple[str, ...]] = (
    "home",
    "people",
    "photos",
    "groups",
    "sessions",
    "marks",
    "decisions",
    "reviews",
    "timetable",
    "calendar",
    "excuses",
    "reports",
    "cameras",
    "events",
    "similarity",
)
"""The files of this folder, each with a ``router``."""


def all_routers() -> "list[APIRouter]":
    """The routers of all subjects."""
    return [import_module(f"{__name__}.{each}").router for each in SUBJECTS]
