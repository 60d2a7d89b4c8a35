"""Pages that belong together: each shows tabs to the others, as far as the visitor may open them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal

from attendance.web.pages import INSPECTORS, READERS, page
from attendance.web.problems import plainly, status_of
from refusal import Refusal

if TYPE_CHECKING:
    from fastapi import Request
    from starlette.responses import Response

    from attendance.access import Visitor

Section = Literal["/timetable", "/reports", "/settings"]
TABS: Final[Mapping[str, tuple[tuple[str, str, tuple[str, ...]], ...]]] = MappingProxyType(
    {
        "/timetable": (
            ("/timetable", "Rules", READERS),
            ("/sessions", "Sessions", READERS),
            ("/calendar", "Calendar", READERS),
            ("/excuses", "Excuses", READERS),
            ("/approvals", "Approvals", READERS),
            ("/coverage", "Looked for", READERS),
            ("/months", "Months", INSPECTORS),
        ),
        "/reports": (
            ("/reports", "Reports", READERS),
            ("/reports/proof", "Proof of a day", READERS),
            ("/jobs", "Jobs", READERS),
        ),
        "/settings": (
            ("/settings", "Settings", INSPECTORS),
            ("/settings/accounts", "Accounts", INSPECTORS),
            ("/settings/tokens", "Tokens", INSPECTORS),
            ("/receivers", "Receivers", INSPECTORS),
            ("/settings/places", "Places", INSPECTORS),
            ("/settings/sites", "Sites", INSPECTORS),
            ("/imports", "Imports", INSPECTORS),
            ("/settings/backups", "Backups", INSPECTORS),
            ("/settings/privacy", "Privacy", INSPECTORS),
            ("/settings/retention", "Retention", INSPECTORS),
            ("/settings/state", "State", INSPECTORS),
        ),
    }
)
"""By the page that stands for a section in the bar: address, what the tab says, for whom."""


def section(
    request: "Request",
    who: "Visitor",
    of: Section,
    template: str,
    error: Refusal | str | None = None,
    *,
    status: int = 200,
    **values: Any,
) -> "Response":
    """A page of a section, with its tabs; in the bar the section counts as open. With an error it says so."""
    here = request.url.path
    tabs = [(to, text, _open(of, to, here)) for to, text, roles in TABS[of] if who.role in roles]
    found = status_of(error) if isinstance(error, Refusal) else status
    shown = plainly(request, error) if isinstance(error, Refusal) else error
    return page(request, who, template, status=found, path=of, tabs=tabs, error=shown, **values)


def _open(of: str, to: str, here: str) -> bool:
    if here == to:
        return True
    longer = [each for each, _, _ in TABS[of] if each != to and each.startswith(to) and _within(here, each)]
    return _within(here, to) and not longer


def _within(here: str, to: str) -> bool:
    return here == to or here.startswith(f"{to}/")
