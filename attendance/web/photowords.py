"""Why a photo was refused, and what to do about it, in the words of the person who stands before the camera."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from attendance.web.helps import told_here
from refusal import Refusal

WORDS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "face_too_small": ("The face is too small.", "Come closer, or use a photo in which the face is larger."),
        "blurred": ("The face is blurred.", "Hold still, wipe the lens, and let the camera focus."),
        "too_dark": ("The face is too dark.", "Turn to a window or a lamp, and have no light behind."),
        "too_bright": ("The face is too bright.", "Step out of the direct light."),
        "pose": ("The face is turned away.", "Look straight into the camera."),
        "detector_unsure": ("It is hardly to be seen as a face.", "Take off what covers the face, and look up."),
        "edge": ("The face is cut off at the edge.", "Move to the middle of the picture."),
        "low_quality": ("The photo is poor altogether.", "Take another one: near, sharp and evenly lit."),
        "not_finite": ("The face could not be measured.", "Take another photo."),
    }
)
"""By the code of a reason what it is, and what to do."""
IN_WORDS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "consent.missing": (
            "They have not agreed, or not any more, that a template is made of their face.",
            "Record it along with the photo or on the person's page; PIN, QR code and badge need none.",
        ),
        "face.none": (
            "There is no face in it.",
            "Use a photo that shows the face from the front, upright and uncovered.",
        ),
        "face.several": ("There is more than one face in it.", "Cut the photo to one person, or take another one."),
        "photo.unknown_format": ("It is no photo that can be read.", "Save it as JPEG, PNG or WebP."),
        "photo.too_many_bytes": ("The file is too large.", "A photo of 2,000 pixels is plenty: save it smaller."),
        "photo.too_many_pixels": ("It has too many pixels.", "Scale it down to 4,000 pixels on its longer side."),
        "photo.empty": ("The file is empty.", "Choose the photo again."),
        "photo.truncated": ("Its end is missing.", "Copy the photo again."),
        "photo.damaged": ("It is damaged.", "Open it in a viewer and save it anew, or take another one."),
        "photo.too_small": ("It has too few pixels.", "Use a photo in which the face is at least 50 pixels high."),
        "person.duplicate": (
            "It looks like somebody who is here already.",
            "Send it alone to see whom, or take another one.",
        ),
        "person.unlike": (
            "It does not look like the other photos.",
            "Send it alone if it is right, or take another one.",
        ),
        "upload.large": ("The file is too large.", "A photo of 2,000 pixels is plenty: save it smaller."),
    }
)
"""By the id of an error, the same."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A photo that was not taken, with each thing that is wrong and what to do about it."""

    source: str
    lines: tuple[tuple[str, str], ...]


def trouble_of(error: Refusal, source: str) -> Trouble:
    """In words why a photo was refused."""
    known = [WORDS[code] for code in error.reasons if code in WORDS]
    return Trouble(source, tuple(known) or (IN_WORDS.get(error.id) or _own_words(error),))


def _own_words(error: Refusal) -> tuple[str, str]:
    return told_here(error), ""


def one_line(troubles: Sequence[Trouble]) -> str:
    """All of it in one line."""
    return " ".join(f"{each.source}: {' '.join(' '.join(line) for line in each.lines)}" for each in troubles)
