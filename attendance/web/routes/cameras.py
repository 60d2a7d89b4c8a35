"""Cameras: how each does and what it shows, started, stopped and changed; a page of its own for each."""

from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from attendance.access import Visitor
from attendance.web.asked import Number
from attendance.web.doors import CamerasChange, CamerasRead, PlacesChange
from attendance.web.helps import told_here
from attendance.web.pages import onward, page
from attendance.web.routes.live import said_of
from attendance.web.site import site_of
from refusal import Refusal

router = APIRouter(include_in_schema=False)

STREAMS: Final = 3
"""How many pictures move on a page without a script: a browser opens six connections to one service at most."""
Text = Annotated[str, Form(max_length=2000)]


@dataclass(frozen=True, slots=True)
class Typed:
    """What the form of a camera says."""

    name: str = ""
    address: str = ""
    site: str = ""
    group: str = ""
    direction: str = ""
    target_fpir: str = ""


@router.get("/cameras")
def all_cameras(request: Request, who: CamerasRead) -> Response:
    """Every camera that the visitor sees, and for admins kiosks and places out of use."""
    app = site_of(request).app
    found = app.cameras.all(who.groups)
    others = app.places.all() if who.role == "admin" else []
    kiosks = [each.place for each in others if each.place.kind == "kiosk" and each.place.active]
    tokens = [each for each in app.tokens.all() if each.token.kind == "kiosk" and each.holds] if kiosks else []
    return page(
        request,
        who,
        "cameras/cameras.html",
        cameras=found,
        streams=STREAMS,
        programs=app.cameras.programs(),
        kiosks=[(each, [one for one in tokens if one.token.place == each.id]) for each in kiosks],
        retired=[each.place for each in others if not each.place.active],
        said_of=partial(said_of, app),
    )


@router.get("/cameras/add")
def adding(request: Request, who: PlacesChange) -> Response:
    """The form for a new camera."""
    return _form(request, who, Typed(), None)


@router.post("/cameras/add")
def add(
    request: Request,
    who: PlacesChange,
    name: Text = "",
    address: Text = "",
    site: Text = "",
    group: Text = "",
    direction: Text = "",
    target_fpir: Text = "",
    begin: Text = "",
) -> Response:
    """Add a camera, and watch it if that is wanted."""
    cameras = site_of(request).app.cameras
    given = Typed(name, address, site, group, direction, target_fpir)
    try:
        made = cameras.add(
            who.actor,
            name.strip(),
            address.strip(),
            site=site,
            group=group or None,
            direction=direction or None,
            target_fpir=target_fpir or None,
        )
    except Refusal as error:
        return _form(request, who, given, None, error)
    if begin:
        cameras.begin(who.actor, made.name)
    watched = " It is watched from now on." if begin else ""
    return onward(request, f"/cameras/{made.id}", f"{made.name} is added.{watched}")


@router.get("/cameras/{number:int}")
def one(request: Request, who: CamerasRead, number: Number) -> Response:
    """One camera, large, with what it has decided last."""
    app = site_of(request).app
    health = app.cameras.numbered(number, who.groups)
    now = app.clock.utc()
    sessions = [
        (each.session.name, each.session.name)
        for each in (app.session_book.all() if who.role == "admin" else [])
        if each.session.kind != "day" and each.session.is_open(now)
    ]
    shown = app.places.find(health.name) if who.role == "admin" else None
    values: dict[str, Any] = {
        "sessions": [("", "The day's own"), *sessions] if sessions else [],
        "shown": shown,
        "now": now,
    }
    values["said_of"] = partial(said_of, app)
    return page(request, who, "cameras/camera.html", health=health, last=app.cameras.last(number), **values)


@router.post("/cameras/{number:int}/start")
def start(request: Request, who: CamerasChange, number: Number, session: Text = "", back: Text = "") -> Response:
    """Watch it from now on."""
    cameras = site_of(request).app.cameras
    health = cameras.begin(who.actor, cameras.numbered(number).name, session=session or None)
    return onward(request, _back(number, back), f"{health.name} is watched from now on.")


@router.post("/cameras/{number:int}/stop")
def stop(request: Request, who: CamerasChange, number: Number, back: Text = "") -> Response:
    """Watch it no more."""
    cameras = site_of(request).app.cameras
    health = cameras.stop(who.actor, cameras.numbered(number).name)
    return onward(request, _back(number, back), f"{health.name} is not watched any more.", "warn")


@router.post("/cameras/{number:int}/restart")
def restart(request: Request, who: CamerasChange, number: Number, back: Text = "") -> Response:
    """Open it anew."""
    cameras = site_of(request).app.cameras
    health = cameras.restart(who.actor, cameras.numbered(number).name)
    return onward(request, _back(number, back), f"{health.name} is opened anew.")


@router.get("/cameras/{number:int}/change")
def changing(request: Request, who: PlacesChange, number: Number) -> Response:
    """The form that changes where it is and whom it looks for."""
    return _form(request, who, None, number)


@router.post("/cameras/{number:int}/change")
def change(
    request: Request,
    who: PlacesChange,
    number: Number,
    address: Text = "",
    site: Text = "",
    group: Text = "",
    direction: Text = "",
    target_fpir: Text = "",
) -> Response:
    """Change it; an address that is left out stays."""
    app = site_of(request).app
    place = app.cameras.place(number)
    given = Typed(place.name, address, site, group, direction, target_fpir)
    told: dict[str, Any] = {"address": address.strip()} if address.strip() else {}
    try:
        if told:
            app.cameras.refuse_itself(told["address"])
        app.places.change(
            who.actor,
            place.name,
            site=site or None,
            group=group or None,
            direction=direction or None,
            target_fpir=target_fpir or None,
            **told,
        )
    except Refusal as error:
        return _form(request, who, given, number, error)
    return onward(request, f"/cameras/{number}" if place.kind == "camera" else "/cameras", f"{place.name} is changed.")


@router.post("/cameras/{number:int}/retire")
def retire(request: Request, who: PlacesChange, number: Number) -> Response:
    """Put a place out of use; records go on naming it."""
    app = site_of(request).app
    found = app.places.retire(who.actor, app.cameras.place(number).name).place
    return onward(request, "/cameras", f"{found.name} is out of use.", "warn")


@router.post("/cameras/{number:int}/restore")
def restore(request: Request, who: PlacesChange, number: Number) -> Response:
    """Put a place in use again."""
    app = site_of(request).app
    found = app.places.restore(who.actor, app.cameras.place(number).name).place
    return onward(request, "/cameras", f"{found.name} is in use again.")


def _form(
    request: Request, who: Visitor, given: Typed | None, number: int | None, error: Refusal | None = None
) -> Response:
    app = site_of(request).app
    shown = None if number is None else app.places.find(app.cameras.place(number).name)
    if given is None and shown is not None:
        given = _given(shown.place)
    values = {"given": given, "shown": shown, "number": number, "groups": app.gallery.groups()}
    wrong = dict.fromkeys(("form", "name", "address", "group", "target_fpir"), "")
    if error is not None:
        wrong[_field(error)] = told_here(error)
    return page(request, who, "cameras/form.html", status=422 if error else 200, wrong=wrong, **values)


def _given(place: Any) -> Typed:
    target = "" if place.target_fpir is None else f"{place.target_fpir:g}"
    return Typed(place.name, "", place.site or "", place.group or "", place.direction or "", target)


def _field(error: Refusal) -> str:
    """The field of the form that an error is of."""
    fields = {
        "place.name": "name",
        "place.exists": "name",
        "person.invalid": "name",
        "place.address": "address",
        "camera.itself": "address",
        "group.unknown": "group",
        "settings.value": "target_fpir",
    }
    return fields.get(error.id, "form")


def _back(number: int, back: str) -> str:
    return "/cameras" if back == "all" else f"/cameras/{number}"
