"""A line of text as a picture, for scripts that the library of printed pages does not set, with its letters behind."""

import io
from typing import Any

from PIL import Image
from reportlab.lib.utils import ImageReader
from reportlab.platypus.flowables import Flowable


class Drawn(Flowable):  # type: ignore[misc]  # has no types
    """A picture of ``text`` at ``fine`` pixels a point; searching and copying find the text itself."""

    def __init__(self, picture: Image.Image, text: str, font: str, size: float, fine: int) -> None:
        super().__init__()
        self._picture, self._text, self._font, self._size = picture, text, font, size
        self._natural = (picture.width / fine, picture.height / fine)
        self._shrunk = 1.0

    def wrap(self, available_width: float, available_height: float) -> tuple[float, float]:  # noqa: ARG002 - the library's
        """Its size: that of the text, or smaller so that it fits across."""
        self._shrunk = min(1.0, available_width / self._natural[0])
        self.width, self.height = (each * self._shrunk for each in self._natural)
        return self.width, self.height + 2

    def draw(self) -> None:
        """Put the picture on the page, and the text in letters that are not shown."""
        canvas: Any = self.canv
        data = io.BytesIO()
        self._picture.save(data, "PNG")
        canvas.drawImage(ImageReader(data), 0, 1, self.width, self.height)
        hidden = canvas.beginText(0, 1)
        hidden.setTextRenderMode(3)
        hidden.setFont(self._font, self._size * self._shrunk)
        hidden.textOut(self._text)
        canvas.drawText(hidden)
