"""Settings: every one with its meaning, origin and value; places; and how the home does."""

from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from attendance.errors import PlaceUnknown
from attendance.service_errors import RequestInvalid
from attendance.services.doctor import Doctor
from attendance.services.renewing import begin_renewal
from attendance.web.doors import PlacesChange, SettingsChange, SettingsRead, UpkeepRun
from attendance.web.forms import Asked, Form, Given
from attendance.web.pages import onward
from attendance.web.sections import section
from attendance.web.site import site_of
from refusal import Refusal

if TYPE_CHECKING:
    from attendance.access import Visitor
    from attendance.services.places import ShownPlace

router = APIRouter(include_in_schema=False)
PLACE: Final = ("name", "kind", "address", "site", "group", "target_fpir", "direction")
KINDS: Final = (("camera", "Camera"), ("kiosk", "Kiosk"))
WAYS: Final = (("", "both ways, or not known"), ("in", "in"), ("out", "out"))


@router.get("/settings")
def settings(request: Request, who: SettingsRead) -> Response:
    """Every setting."""
    found = site_of(request).app.configuration.all()
    return section(request, who, "/settings", "office/settings.html", settings=found)


@router.get("/settings/set/{name}")
def one_setting(request: Request, who: SettingsRead, name: str) -> Response:
    """One setting, and the form that changes it."""
    found = site_of(request).app.configuration.named(name)
    return section(request, who, "/settings", "office/setting.html", shown=found, value=_shown(found.value))


@router.post("/settings/set/{name}")
def change_setting(request: Request, who: SettingsChange, name: str, given: Form) -> Response:
    """Change one setting."""
    found = site_of(request).app.configuration
    try:
        value = found.set(who.actor, name, given.text("value") or "none", expected=given.some("version"))
    except Refusal as error:
        shown = found.named(name)
        return section(request, who, "/settings", "office/setting.html", error, shown=shown, value=given.text("value"))
    waits = " The service takes it up when it is started again." if found.named(name).waits else ""
    return onward(request, "/settings", f"{name} is {_shown(value) or 'none'} now.{waits}")


@router.get("/settings/places")
def places(request: Request, who: SettingsRead) -> Response:
    """The places, and the form of a new one."""
    return _places(request, who)


@router.post("/settings/places")
def add_place(request: Request, who: PlacesChange, given: Form) -> Response:
    """Add a place."""
    try:
        kind: Any = given.text("kind") or "camera"
        if kind not in dict(KINDS):
            raise RequestInvalid("kind", f"{kind!r} is neither a camera nor a kiosk")
        made = site_of(request).app.places.add(
            who.actor,
            given.needed("name", "the name"),
            given.some("address"),
            kind=kind,
            site=given.some("site"),
            group=given.some("group"),
            target_fpir=given.some("target_fpir"),
            direction=given.some("direction"),
        )
    except Refusal as error:
        return _places(request, who, given, error)
    return onward(request, "/settings/places", f"{made.place.name} is added.")


@router.get("/settings/places/{number}")
def place(request: Request, who: SettingsRead, number: int) -> Response:
    """The form that changes a place."""
    return _place(request, who, _known(request, number))


@router.post("/settings/places/{number}")
def change_place(request: Request, who: PlacesChange, number: int, given: Form) -> Response:
    """Change a place, put it out of use or into it again, or remove it."""
    places, found = site_of(request).app.places, _known(request, number)
    name, step = found.place.name, given.text("step")
    try:
        if step == "retire":
            places.retire(who.actor, name)
        elif step == "restore":
            places.restore(who.actor, name)
        elif step == "remove":
            places.remove(who.actor, name)
        else:
            told: dict[str, Any] = {part: given.some(part) for part in PLACE[3:]}
            if given.text("address"):
                told["address"] = given.text("address")
            places.change(who.actor, name, **told)
    except Refusal as error:
        return _place(request, who, found, error)
    words = {"retire": "out of use", "restore": "in use", "remove": "removed"}
    return onward(request, "/settings/places", f"{name} is {words.get(step, 'changed')}.")


@router.get("/settings/state")
def state(request: Request, who: SettingsRead, asked: Asked) -> Response:
    """How much there is of everything; when asked, what doctor finds."""
    app = site_of(request).app
    examined = asked.flag("examine")
    findings = list(Doctor(app.home, app.clock).examine()) if examined else []
    return section(
        request, who, "/settings", "office/state.html", stats=app.upkeep.stats(), examined=examined, findings=findings,
        workers=app.workers.all(), home=str(app.home), zone=app.zone, warning=app.zone_warning,
        renewal=app.renewal.is_needed(), daily=app.daily.all(), searched=app.searching.measured,
    )  # fmt: skip


@router.post("/settings/state/renew")
def renew(request: Request, who: UpkeepRun) -> Response:
    """Make templates with the present encoder for whoever lacks them, as long work."""
    app = site_of(request).app
    made = begin_renewal(who.actor, app.renewal, app.jobs)
    return onward(request, f"/jobs/{made.id}")


def _places(request: Request, who: "Visitor", given: Given | None = None, error: Refusal | None = None) -> Response:
    app = site_of(request).app
    values = dict.fromkeys(PLACE, "") if given is None else given.values(*PLACE)
    return section(
        request, who, "/settings", "office/places.html", error, places=app.places.all(), values=values, kinds=KINDS,
        ways=WAYS, groups=app.own_people.groups(who),
    )  # fmt: skip


def _place(request: Request, who: "Visitor", found: "ShownPlace", error: Refusal | None = None) -> Response:
    app = site_of(request).app
    return section(
        request, who, "/settings", "office/place.html", error, shown=found, place=found.place, ways=WAYS,
        groups=app.own_people.groups(who),
    )  # fmt: skip


def _known(request: Request, number: int) -> "ShownPlace":
    for each in site_of(request).app.places.all():
        if each.place.id == number:
            return each
    raise PlaceUnknown(str(number), "there is no place of this number")


def _shown(value: object) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
