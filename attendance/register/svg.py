"""A picture of shapes as SVG: one file that scales, with its meaning in words for whoever cannot see it."""

from html import escape
from typing import Final

from attendance.register.heatmap import Box, Picture, Shape

CREATOR: Final = "<!-- attendance report -->"
"""By which a file is known again as one of this program."""
_FAMILY: Final = "'Noto Sans', 'DejaVu Sans', 'Segoe UI', Arial, sans-serif"


def to_svg(picture: Picture) -> str:
    """The file's content."""
    size = f'width="{picture.width:g}" height="{picture.height:g}" viewBox="0 0 {picture.width:g} {picture.height:g}"'
    title = escape(picture.title)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" lang="en" font-family="{_FAMILY}">{CREATOR}',
        f"<title>{title}</title>",
        *(_shape(each) for each in picture.shapes),
        "</svg>",
    ]
    return "".join(f"{line}\n" for line in lines)


def _shape(each: Shape) -> str:
    if isinstance(each, Box):
        line = f' stroke="{each.line}" stroke-dasharray="2 2"' if each.line else ""
        told = f"<title>{_text(each.told)}</title></rect>" if each.told else "</rect>"
        place = f'x="{each.x:g}" y="{each.y:g}" width="{each.width:g}" height="{each.height:g}"'
        return f'<rect {place} fill="{each.fill}"{line}>{told}'
    anchor = "" if each.anchor == "start" else f' text-anchor="{each.anchor}"'
    place = f'x="{each.x:g}" y="{each.y:g}" font-size="{each.size:g}"'
    return f'<text {place} fill="{each.fill}"{anchor}>{_text(each.text)}</text>'


def _text(text: str) -> str:
    """The text as XML can hold it: without control characters."""
    return escape("".join(each if each.isprintable() else " " for each in text))
