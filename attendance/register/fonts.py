"""Which font draws which letters of a printed report, so that none is an empty box.

All fonts are embedded. Letters that none of them has are written by their Unicode numbers, as fonts that are left to
the reader's program come out as nothing in many.
"""

import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from attendance.register.fontfiles import font_files

if TYPE_CHECKING:
    from reportlab.pdfbase.ttfonts import TTFont


_NOTHING_TO_SEE: Final = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})


class Fonts:
    """The fonts there are on this computer, the same in the same order at each run."""

    def __init__(self) -> None:
        import reportlab

        last = Path(reportlab.__file__).parent / "fonts" / "Vera.ttf"
        self.missing: set[str] = set()
        self._fonts = [font for path in [*font_files(), last] if (font := _registered(path)) is not None]

    @property
    def base(self) -> str:
        """The name of the font of everything that is not a rare letter."""
        return str(self._fonts[0].fontName)

    def plain(self, text: str) -> bool:
        """Whether the base font has all letters, from left to right."""
        return all(ord(each) in self._fonts[0].face.charToGlyph for each in text)

    def path_for(self, text: str) -> Path | None:
        """The file of the first font that has all letters of the text."""
        for font in self._fonts:
            if all(ord(each) in font.face.charToGlyph for each in text):
                return Path(font.face.filename)
        return None

    def runs(self, text: str) -> Iterator[tuple[str, str]]:
        """The text in pieces, each with the name of a font that has its letters.

        Letters that no font has come as their numbers, such as [U+1E922], and are kept in `missing`.
        """
        last, piece = "", ""
        for letter in text:
            font, told = self._drawn(letter)
            if font != last and piece:
                yield last, piece
                piece = ""
            last, piece = font, piece + told
        if piece:
            yield last, piece

    def _drawn(self, letter: str) -> tuple[str, str]:
        for font in self._fonts:
            if ord(letter) in font.face.charToGlyph:
                return font.fontName, letter
        kind = unicodedata.category(letter)
        if kind in _NOTHING_TO_SEE:
            return self.base, "" if kind == "Cf" else " "
        self.missing.add(letter)
        return self.base, f"[U+{ord(letter):04X}]"


@cache
def _registered(path: Path) -> "TTFont | None":
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFError, TTFont

    name = f"{path.stem}-{path.parent.name}" if path.suffix == ".ttc" else path.stem
    try:
        font = TTFont(name, str(path))
    except (TTFError, OSError, ValueError, KeyError):
        return None
    pdfmetrics.registerFont(font)
    return font
