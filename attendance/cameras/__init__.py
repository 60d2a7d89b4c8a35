"""Cameras, streams and videos as frames; each source is opened by a process of its own that can be killed."""

from attendance.cameras.address import Address, Kind, hidden, is_address, parse_address, redact
from attendance.cameras.camera import ProcessCamera
from attendance.cameras.frame import Camera, CameraState, Frame
from attendance.cameras.reader import VideoReader
from attendance.cameras.virtual import is_virtual, shown_label, virtual_device

__all__ = [
    "Address",
    "Camera",
    "CameraState",
    "Frame",
    "Kind",
    "ProcessCamera",
    "VideoReader",
    "hidden",
    "is_address",
    "is_virtual",
    "parse_address",
    "redact",
    "shown_label",
    "virtual_device",
]
