"""A picture of shapes as PNG, and how wide its texts come out."""

import io
import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from attendance.register.fontfiles import font_files
from attendance.register.heatmap import Box, Picture, Text

if TYPE_CHECKING:
    from PIL import ImageDraw, ImageFont

    Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

CREATOR: Final = ("Software", "attendance report")
"""By which a file is known again as one of this program."""
_FINE_PIXELS: Final = 16_000_000
_NOWHERE: Final = "\uffff"
_LOST: Final = re.compile(f"{_NOWHERE}+(?: +{_NOWHERE}+)*")


class Letters:
    """The fonts of a picture: each text in the first that has all its letters."""

    def __init__(self) -> None:
        self._files: list[Path | None] = [*font_files(), None]
        self._font = lru_cache(maxsize=256)(_loaded)
        self._file_of = lru_cache(maxsize=4096)(self._fitting)

    def __call__(self, text: str, size: float) -> float:
        """How wide the text comes out."""
        return float(self.font(text, size).getlength(text))

    def font(self, text: str, size: float) -> "Font":
        """The font for the text; where none has all letters, the first one."""
        return self._font(self._file_of(text), size)

    def shown(self, text: str) -> str:
        """The text with [?] in the place of letters that its font does not have."""
        path = self._file_of(text)
        if self._has(path, text):
            return text
        return _LOST.sub("[?]", "".join(each if self._has(path, each) else _NOWHERE for each in text))

    def _fitting(self, text: str) -> Path | None:
        return next((path for path in self._files if self._has(path, text)), self._files[0])

    def _has(self, path: Path | None, text: str) -> bool:
        font = self._font(path, 16.0)
        nothing = bytes(font.getmask(_NOWHERE))
        return all(each.isspace() or bytes(font.getmask(each)) != nothing for each in set(text))


def to_png(picture: Picture, letters: Letters) -> bytes:
    """The file's content, at two pixels for one where that is not too large."""
    from PIL import Image, ImageDraw, PngImagePlugin

    scale = 2 if 4 * picture.width * picture.height <= _FINE_PIXELS else 1
    image = Image.new("RGB", (round(picture.width * scale), round(picture.height * scale)), "#FFFFFF")
    draw = ImageDraw.Draw(image)
    for each in picture.shapes:
        if isinstance(each, Box):
            _box(draw, each, scale)
        else:
            _text(draw, each, scale, letters)
    about = PngImagePlugin.PngInfo()
    about.add_text(*CREATOR)
    about.add_itxt("Title", picture.title)
    data = io.BytesIO()
    image.save(data, "PNG", pnginfo=about, optimize=True)
    return data.getvalue()


def _box(draw: "ImageDraw.ImageDraw", each: Box, scale: int) -> None:
    corners = [each.x * scale, each.y * scale, (each.x + each.width) * scale - 1, (each.y + each.height) * scale - 1]
    draw.rectangle([round(at) for at in corners], fill=each.fill, outline=each.line)


def _text(draw: "ImageDraw.ImageDraw", each: Text, scale: int, letters: Letters) -> None:
    anchor = {"start": "ls", "middle": "ms", "end": "rs"}[each.anchor]
    text, font = letters.shown(each.text), letters.font(each.text, each.size * scale)
    draw.text((each.x * scale, each.y * scale), text, fill=each.fill, font=font, anchor=anchor)


def _loaded(path: Path | None, size: float) -> "Font":
    from PIL import ImageFont

    return ImageFont.load_default(size) if path is None else ImageFont.truetype(path, size)
