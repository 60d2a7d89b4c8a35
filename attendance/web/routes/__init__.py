"""Pages, one file a subject; `all_routers` is what `build` puts together."""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from fastapi import APIRouter

SUBJECTS: Final = (
    "account",
    "accounts",
    "adding",
    "apidocs",
    "approvals",
    "audit",
    "backups",
    "calendar",
    "cameras",
    "consentanswer",
    "consents",
    "coverage",
    "credentials",
    "events",
    "excuses",
    "feeds",
    "health",
    "home",
    "imports",
    "jobs",
    "kiosk",
    "live",
    "months",
    "pairing",
    "people",
    "privacy",
    "receivers",
    "reports",
    "retention",
    "review",
    "secondfactor",
    "sessions",
    "settings",
    "setup",
    "signin",
    "similarity",
    "sites",
    "timetable",
    "today",
    "why",
)
"""The files of this folder, each with a ``router``."""


def all_routers() -> "list[APIRouter]":
    """The routers of all subjects."""
    return [import_module(f"{__name__}.{each}").router for each in SUBJECTS]
