"""What a picture's file tells beside its pixels: when it was taken, and whether it moves."""

import io
from dataclasses import dataclass
from typing import Any, Final

from enroll.kinds import FORMATS

# EXIF 2.32: the directory, and in it DateTimeOriginal and OffsetTimeOriginal.
_EXIF: Final = 0x8769
_TAKEN: Final = 0x9003
_OFFSET: Final = 0x9011
_LONGEST: Final = 64


@dataclass(frozen=True, slots=True)
class Facts:
    """`taken` and `offset` are EXIF's own texts, None where they are not told; `moves`: a GIF of several frames."""

    taken: str | None = None
    offset: str | None = None
    moves: bool = False

    def __post_init__(self) -> None:
        texts = (self.taken, self.offset)
        if not all(each is None or (type(each) is str and len(each) <= _LONGEST) for each in texts):
            raise TypeError("facts: expected short texts")
        if type(self.moves) is not bool:
            raise TypeError("facts: expected a truth")


def facts_here(data: bytes) -> Facts:
    """Read the facts in this process, which is to be one for nothing else; what is no picture tells none."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            moves = image.format == "GIF" and bool(getattr(image, "is_animated", False))
            return Facts(*_exif(image), moves)
    except Exception:  # noqa: BLE001 - whatever a damaged file does, it tells nothing
        return Facts()


def _exif(image: Any) -> tuple[str | None, str | None]:
    try:
        told = image.getexif().get_ifd(_EXIF)
        return _text(told.get(_TAKEN)), _text(told.get(_OFFSET))
    except Exception:  # noqa: BLE001 - broken metadata raises anything, and the picture may move all the same
        return None, None


def _text(found: object) -> str | None:
    return str(found) if isinstance(found, str) and len(found) <= _LONGEST else None
