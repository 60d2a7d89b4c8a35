"""Sites: schools, branches or buildings of the home, and who belongs to which."""

from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from attendance.access.rights import may
from attendance.web.doors import SettingsRead, SitesChange
from attendance.web.forms import Form
from attendance.web.pages import onward
from attendance.web.sections import section
from attendance.web.site import site_of
from refusal import Refusal

router = APIRouter(include_in_schema=False)
PAGE: Final = "/settings/sites"


@router.get("/settings/sites")
def sites(request: Request, who: SettingsRead) -> Response:
    """All of them, and the forms for another one and for who belongs where."""
    return _shown(request, who)


@router.post("/settings/sites")
def add(request: Request, who: SitesChange, given: Form) -> Response:
    """Enter one, or put a retired one in use again."""
    try:
        name = given.needed("name", "the site's name")
        new = site_of(request).app.sites.add(who.actor, name)
    except Refusal as error:
        return _shown(request, who, error, given=given.values("name"))
    return onward(request, PAGE, f"{name} is {'in use' if new else 'there already'}.")


@router.post("/settings/sites/retire")
def retire(request: Request, who: SitesChange, given: Form) -> Response:
    """Put one out of use."""
    try:
        name = given.needed("site", "the site")
        site_of(request).app.sites.retire(who.actor, name)
    except Refusal as error:
        return _shown(request, who, error)
    return onward(request, PAGE, f"{name} is out of use; its people and records stay.")


@router.post("/settings/sites/group")
def assign_group(request: Request, who: SitesChange, given: Form) -> Response:
    """Have the members of a group belong to the sites that are ticked, none: to all."""
    try:
        group = given.needed("group", "the group")
        count = site_of(request).app.sites.assign_group(who.actor, group, given.all("sites"))
    except Refusal as error:
        return _shown(request, who, error)
    return onward(request, PAGE, f"{count} of {group} belong to {told(given.all('sites'))} now.")


@router.post("/people/{number}/sites")
def assign(request: Request, who: SitesChange, number: int, given: Form) -> Response:
    """Have somebody belong to the sites that are ticked, none: to all."""
    from attendance.web.asked import person_of
    from attendance.web.routes.people import shown

    found = person_of(request, who, number)
    try:
        site_of(request).app.sites.assign(who.actor, number, given.all("sites"))
    except Refusal as error:
        return shown(request, who, found, error)
    return onward(request, f"/people/{number}", f"{found.name} belongs to {told(given.all('sites'))}.")


def told(names: list[str]) -> str:
    """Sites in words."""
    return ", ".join(names) or "all sites"


def _shown(request: Request, who: Any, error: Refusal | None = None, **more: Any) -> Response:
    app = site_of(request).app
    values: dict[str, Any] = {"given": {"name": ""}, **more}
    return section(
        request, who, "/settings", "office/sites.html", error, sites=app.sites.all(), groups=app.directory.groups(None),
        changes=may(who.actor, "sites.change"), own=app.settings.site, **values,
    )  # fmt: skip
