"""The small sign beside a face: a mark that tells the decision by shape, a name in any script, a line of numbers."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from attendance.live.events import SeenFace
from attendance.records import Decision
from attendance.register.cues import in_short

Color = tuple[int, int, int]
Kind = Literal["present", "already", "review", "unknown", "refused", "watching"]

# Okabe and Ito, "Color Universal Design" (2008): told apart with any kind of colour vision.
COLORS: Final[dict[Kind, Color]] = {
    "present": (0, 158, 115),
    "already": (0, 114, 178),
    "review": (230, 159, 0),
    "unknown": (213, 94, 0),
    "refused": (110, 110, 110),
    "watching": (235, 235, 235),
}
DARK: Final[Color] = (20, 20, 20)
LIGHT: Final[Color] = (255, 255, 255)
LONGEST: Final = 32  # characters of a line
FINER: Final = 3  # signs are drawn this much larger, then reduced, for smooth edges

# Tried in order; the one that knows most of a text's characters draws it. Pillow finds them by name.
FONTS: Final = (
    "NotoSans-Regular.ttf",
    "DejaVuSans.ttf",
    "segoeui.ttf",
    "Arial Unicode.ttf",
    "NotoSansCJK-Regular.ttc",
    "NotoSansArabic-Regular.ttf",
    "NotoSansDevanagari-Regular.ttf",
    "wqy-microhei.ttc",
    "msyh.ttc",
    "PingFang.ttc",
    "Arial.ttf",
    "LiberationSans-Regular.ttf",
)
_NO_CHARACTER: Final = "\U0010fffe"

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@dataclass(frozen=True, slots=True)
class Sign:
    """What to write at a face; `box` is x, y, width, height in pixels."""

    box: tuple[float, float, float, float]
    kind: Kind
    title: str
    line: str


PROMPTS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "left": ("please turn your head", "slowly to the left"),
        "right": ("please turn your head", "slowly to the right"),
        "up": ("please raise your head", "slowly"),
        "straight": ("please look straight", "into the camera"),
    }
)
"""What somebody is asked to do, in two lines."""
MOMENT: Final = ("one moment", "still looking")
"""Of a face whose looks agree, while it is still looked at whether it is a living one."""


def sign_of_face(face: SeenFace) -> Sign:
    """A face under way: what it is asked to do, its decision, why it cannot be judged, or how far it is."""
    if face.prompt:
        return Sign(face.box, "watching", *PROMPTS.get(face.prompt, MOMENT))
    if face.decision is not None:
        return sign_of(face.decision, face.box)
    if face.reasons:
        return Sign(face.box, "refused", "cannot judge", in_words(face.reasons))
    if face.votes >= face.needed:
        return Sign(face.box, "watching", *MOMENT)
    return Sign(face.box, "watching", "looking", f"{face.votes} of {face.needed} frames")


def sign_of(decision: Decision, box: tuple[float, float, float, float]) -> Sign:
    """A decision in two short lines, with score and threshold."""
    numbers = "" if decision.score is None else f"{decision.score:.2f}, needs {decision.threshold:.2f}"
    name = "" if decision.person is None else drawable(decision.person.name) or drawable(decision.person.id)
    reasons = in_words(decision.reasons)
    match decision.decision:
        case "present":
            return Sign(box, "present", name, f"present · {numbers}")
        case "already":
            return Sign(box, "already", name, f"already marked · {numbers}")
        case "review":
            return Sign(box, "review", f"{name or 'nobody'}?", f"{reasons or 'please look'} · {numbers}")
        case "unknown":
            return Sign(box, "unknown", "unknown", f"best {numbers}" if numbers else reasons)
        case "refused":
            return Sign(box, "refused", "cannot judge", reasons)


def in_words(reasons: Sequence[str]) -> str:
    """Reason codes as a reader would say them."""
    return ", ".join(map(in_short, reasons))


def drawable(text: str) -> str:
    """What of a text some font of this computer can draw; plain letters for the rest where there are any."""
    font = _font(text, 16)
    known = "".join(
        char if _knows(font, char) else unicodedata.normalize("NFKD", char).encode("ascii", "ignore").decode()
        for char in text
        if not unicodedata.category(char).startswith("C")
    )
    short = " ".join(known.split())
    return short if len(short) <= LONGEST else short[: LONGEST - 1].rstrip() + "…"


@lru_cache(maxsize=256)
def painted(kind: Kind, title: str, line: str, size: int) -> NDArray[np.uint8]:
    """The sign as a picture (H, W, 4) uint8 RGBA, for letters of `size` pixels."""
    big = size * FINER
    texts = [(title, _font(title, big)), (line, _font(line, round(big * 0.78)))]
    texts = [(text, font) for text, font in texts if text]
    pad, icon, leading = big // 2, round(big * 1.5), round(big * 0.25)
    heights = [round(font.size * 1.15) if isinstance(font, ImageFont.FreeTypeFont) else big for _, font in texts]
    width = round(max((_length(text, font) for text, font in texts), default=0.0)) + icon + pad * 3
    height = max(sum(heights) + leading * (len(texts) - 1), icon) + pad
    picture = Image.new("RGBA", (width, height), (0, 0, 0, 0))
    draw = ImageDraw.Draw(picture)
    ink = DARK if kind in {"review", "watching"} else LIGHT
    draw.rounded_rectangle((0, 0, width - 1, height - 1), big // 2, fill=(*COLORS[kind], 235))
    _icon(draw, kind, (pad, (height - icon) // 2, icon), ink)
    top = (height - sum(heights) - leading * (len(texts) - 1)) / 2
    for (text, font), tall in zip(texts, heights, strict=True):
        _write(draw, (icon + 2 * pad, top + tall / 2), text, font, ink)
        top += tall + leading
    small = picture.resize((max(1, width // FINER), max(1, height // FINER)), Image.Resampling.LANCZOS)
    return np.asarray(small)


def _icon(draw: ImageDraw.ImageDraw, kind: Kind, place: tuple[int, int, int], ink: Color) -> None:
    """One shape a decision: tick, two ticks, triangle, ring with a question, bar, three dots."""
    x, y, side = place
    line = max(2, side // 8)

    def at(*points: float) -> list[tuple[float, float]]:
        return [(x + a * side, y + b * side) for a, b in zip(points[::2], points[1::2], strict=True)]

    match kind:
        case "present":
            draw.line(at(0.1, 0.55, 0.4, 0.85, 0.95, 0.2), fill=ink, width=line, joint="curve")
        case "already":
            draw.line(at(0.0, 0.55, 0.25, 0.85, 0.65, 0.25), fill=ink, width=line, joint="curve")
            draw.line(at(0.45, 0.75, 0.55, 0.85, 1.0, 0.25), fill=ink, width=line, joint="curve")
        case "review":
            draw.polygon(at(0.5, 0.05, 1.0, 0.95, 0.0, 0.95), outline=ink, width=line)
            draw.line(at(0.5, 0.4, 0.5, 0.65), fill=ink, width=line)
            draw.ellipse(at(0.44, 0.73, 0.56, 0.85), fill=ink)
        case "unknown":
            draw.ellipse(at(0.02, 0.02, 0.98, 0.98), outline=ink, width=line)
            draw.arc(at(0.33, 0.22, 0.67, 0.56), 180, 90, fill=ink, width=line)
            draw.line(at(0.5, 0.54, 0.5, 0.64), fill=ink, width=line)
            draw.ellipse(at(0.44, 0.71, 0.56, 0.83), fill=ink)
        case "refused":
            draw.ellipse(at(0.02, 0.02, 0.98, 0.98), outline=ink, width=line)
            draw.line(at(0.18, 0.18, 0.82, 0.82), fill=ink, width=line)
        case "watching":
            for start in (0.05, 0.4, 0.75):
                draw.ellipse(at(start, 0.4, start + 0.2, 0.6), fill=ink)


def _write(draw: ImageDraw.ImageDraw, middle_left: tuple[float, float], text: str, font: Font, ink: Color) -> None:
    if isinstance(font, ImageFont.FreeTypeFont):
        draw.text(middle_left, text, font=font, fill=ink, anchor="lm")
    else:
        draw.text(middle_left, text.encode("ascii", "replace").decode(), font=font, fill=ink)


def _length(text: str, font: Font) -> float:
    return font.getlength(
        text if isinstance(font, ImageFont.FreeTypeFont) else text.encode("ascii", "replace").decode()
    )


def _font(text: str, size: int) -> Font:
    """The font that knows most of the text's characters."""
    fonts = _fonts(size)
    return max(fonts, key=lambda font: sum(_knows(font, char) for char in text))


@lru_cache(maxsize=32)
def _fonts(size: int) -> Sequence[Font]:
    """The fonts of `FONTS` that are installed, and the one that Pillow carries, at this size."""
    found: list[Font] = []
    for name in FONTS:
        try:
            found.append(ImageFont.truetype(name, size))
        except OSError:
            continue
    return (*found, ImageFont.load_default(size))


@lru_cache(maxsize=8192)
def _knows(font: Font, char: str) -> bool:
    """Whether the font has a shape of its own for a character: blanks count, the box for missing ones does not."""
    if char.isspace():
        return True
    if not isinstance(font, ImageFont.FreeTypeFont):
        return char.isascii()
    return bytes(font.getmask(char)) != bytes(font.getmask(_NO_CHARACTER))
