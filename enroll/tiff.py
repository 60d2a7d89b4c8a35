"""TIFF and the raw formats of cameras, which are TIFF on the outside and show only a small preview."""

from pathlib import PurePath
from typing import Any, Final

from PIL import Image

from enroll.kinds import RAW_SUFFIXES

RAW: Final = "a camera's raw format, or a TIFF that begins with a preview"

# TIFF 6.0, TIFF/EP (ISO 12234-2) and DNG 1.7.
_NEW_SUBFILE_TYPE: Final = 254
_PHOTOMETRIC: Final = 262
_TILE_WIDTH: Final = 322
_TILE_LENGTH: Final = 323
_DNG_VERSION: Final = 50706
_REDUCED: Final = 1
_SENSOR_DATA: Final = frozenset({32803, 34892})  # colour filter array, linear raw


def is_raw(image: Image.Image, source: str) -> bool:
    """Whether an opened TIFF is a camera's raw file, by its tags, or by its name where the tags are silent."""
    if image.format != "TIFF":
        return False
    tags: Any = getattr(image, "tag_v2", {})
    reduced = _number(tags, _NEW_SUBFILE_TYPE) & _REDUCED
    told = _DNG_VERSION in tags or bool(reduced) or _number(tags, _PHOTOMETRIC) in _SENSOR_DATA
    return told or PurePath(source).suffix.lower() in RAW_SUFFIXES


def tile_pixels(image: Image.Image) -> int:
    """Return the pixels of one tile of a TIFF, which may exceed those of the picture; 0 without tiles."""
    tags: Any = getattr(image, "tag_v2", {})
    return _number(tags, _TILE_WIDTH) * _number(tags, _TILE_LENGTH)


def _number(tags: Any, tag: int) -> int:
    value = tags.get(tag, 0)
    value = value[0] if isinstance(value, tuple) and value else value
    return value if isinstance(value, int) else 0
