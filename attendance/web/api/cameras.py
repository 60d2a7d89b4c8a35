"""Cameras: how they do, started and stopped; what is asked for survives a restart."""

from typing import Any

from fastapi import Request

from attendance.web.api.models.cameras import Camera, CameraList, WatchCamera
from attendance.web.api.operations import Operations, refusals
from attendance.web.api.paging import Paged
from attendance.web.api.scopes import CamerasRead, CamerasWrite
from attendance.web.api.segments import PlaceName
from attendance.web.site import site_of

router = Operations("cameras", prefix="/cameras")


@router.get("", responses=refusals())
def list_cameras(request: Request, _who: CamerasRead, paged: Paged) -> CameraList:
    """List the cameras in use with how each does."""
    found = site_of(request).app.cameras.all()
    return CameraList.model_validate(paged.of(found, lambda each: each.number, lambda each: each.to_dict()))


@router.get("/{place}", responses=refusals(404))
def get_camera(request: Request, _who: CamerasRead, place: PlaceName) -> Camera:
    """How one camera does."""
    return _told(site_of(request).app.cameras.of(place))


@router.post("/{place}/start", responses=refusals(404, 409))
def start_camera(request: Request, who: CamerasWrite, place: PlaceName, sent: WatchCamera) -> Camera:
    """Watch a camera from now on, in a session or the day's own; one that is watched begins anew."""
    return _told(site_of(request).app.cameras.begin(who.actor, place, session=sent.session))


@router.post("/{place}/stop", responses=refusals(404))
def stop_camera(request: Request, who: CamerasWrite, place: PlaceName) -> Camera:
    """Watch a camera no more, also after a restart."""
    return _told(site_of(request).app.cameras.stop(who.actor, place))


def _told(health: Any) -> Camera:
    return Camera.model_validate(health.to_dict())
