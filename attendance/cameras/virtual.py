"""Whether a camera is a program that poses as one: by its name, and on Linux by where the system keeps it.

A program may call itself what it likes, so that a name that is known tells something and any other tells nothing.
Windows and macOS tell no name of a device by its number; there a browser alone can be asked, which a kiosk does.
"""

import re
from pathlib import Path
from typing import Final

from attendance.cameras.address import Address, Kind

_WORDS: Final = (
    # what many call themselves, and programs that are nothing else
    *("virtual camera", "virtual cam", "virtual webcam", "virtual video", "vcam", "ivcam", "akvcam", "fake webcam"),
    *("obs camera", "obs cam", "manycam", "splitcam", "xsplit", "snap camera", "camtwist", "webcammax", "sparkocam"),
    *("altercam", "youcam", "perfectcam", "chromacam", "mmhmm", "nvidia broadcast", "webcamoid", "finecam"),
    *(
        "prism lens",
        "prismlens",
        "vtubestudiocam",
        "vseefacecamera",
        "avatarify",
        "unity video capture",
        "logi capture",
    ),
    # pictures that come over the network, from a mixer or from a telephone
    *("unity video capture", "ndi video", "ndi webcam", "vmix video", "ip camera adapter", "mjpeg camera"),
    *("droidcam", "iriun", "epoccam", "camo", "reincubate"),
    # drivers of Linux that show what is written to them
    *("dummy video device", "v4l2loopback", "v4l2 loopback", "loopback video", "vivid 000"),
)
"""In small letters, words apart by one space, as `_plain` makes them. ``fake_device_0``, which Chromium shows when it
is started for tests, is none of them: who starts the browser can give its camera any name."""
_VIRTUAL: Final = re.compile(rf"\b(?:{'|'.join(_WORDS)})(?![a-z])")
_MOST: Final = 100


def is_virtual(label: str) -> bool:
    """Whether the name of a camera, as a system or browser tells it, is that of a program known to pose as one."""
    return _VIRTUAL.search(_plain(label)) is not None


def shown_label(label: str) -> str:
    """The name of a camera as it is shown and kept: one line, not long."""
    return " ".join("".join(each if each.isprintable() else " " for each in label).split())[:_MOST]


def virtual_device(address: Address, system: Path = Path("/sys")) -> str | None:
    """The name of the program that a device of Linux belongs to; None for a camera, and where it cannot be told."""
    if address.kind is not Kind.DEVICE:
        return None
    node = f"video{address.value}" if address.value.isdecimal() else Path(address.value).resolve().name
    kept = system / "class" / "video4linux" / node
    try:
        name, place = (kept / "name").read_text(encoding="utf-8", errors="replace"), kept.resolve(strict=True)
    except OSError:
        return None
    of_no_bus = place.is_relative_to(system.resolve() / "devices" / "virtual")
    return shown_label(name) or node if of_no_bus or is_virtual(name) else None


def _plain(label: str) -> str:
    """Small letters, and one space for all that is neither letter nor digit."""
    return re.sub(r"[^a-z0-9]+", " ", label.casefold()).strip()
