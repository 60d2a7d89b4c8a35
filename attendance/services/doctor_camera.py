"""Doctor's look at a camera: whether it sends a picture."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from attendance.clock import Clock
from attendance.services.doctor_finding import Finding

if TYPE_CHECKING:
    from attendance.cameras import Address


def camera_findings(home: Path, camera: str, clock: Clock, ca_file: str | None = None) -> Iterator[Finding]:
    """What the camera of this name or address does, trusted as settings say. Raises CameraError, PlaceError."""
    from attendance.cameras import ProcessCamera

    name, address = _meant(home, camera, clock)
    device = ProcessCamera(address, clock, ca_file=ca_file)
    device.open()
    try:
        end = clock.monotonic() + 15
        frame = device.newest(1.0)
        while frame is None and clock.monotonic() < end:
            frame = device.newest(1.0)
        if frame is None:
            yield Finding("camera", f"{name}: no picture in 15 s", "camera.no_frames", "see its help", 4)
        else:
            height, width = frame.pixels.shape[:2]
            yield Finding("camera", f"{name}: {width}x{height} pixels")
    finally:
        device.close()


def _meant(home: Path, camera: str, clock: Clock) -> "tuple[str, Address]":
    """How to call the camera, and its address; without a home that opens there is no place, and the text is one."""
    from attendance.cameras import parse_address
    from attendance.services.places import Places
    from gallery import Gallery, GalleryUnusable, open_database

    try:
        store = open_database(home, create=False, read_only=True)
    except GalleryUnusable:
        address = parse_address(camera)
        return address.shown, address
    with store:
        place, address = Places(Gallery(store, "none"), clock).camera(camera)
        return address.shown if place is None else f"{place.name}, {address.shown}", address
