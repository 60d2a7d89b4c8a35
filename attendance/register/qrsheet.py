"""A sheet of QR cards to print and cut: sixteen on a page, each with a name, all alike."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from attendance.register.pdf import SMALL, TEXT, Head, Pages
from attendance.register.reportform import Paper

if TYPE_CHECKING:
    from reportlab.platypus.flowables import Flowable

ACROSS, DOWN = 4, 4
_SIDE: Final = 96
"""Of a code, in points: 34 mm, which a kiosk reads from an arm's length."""


@dataclass(frozen=True, slots=True)
class Card:
    """Whose card it is, and the picture of its code (PNG)."""

    name: str
    id: str
    code: bytes


def sheet(head: Head, cards: Sequence[Card], paper: Paper = Paper.A4) -> bytes:
    """The pages, with lines to cut along. Raises ReportsMissing."""
    from reportlab.platypus import PageBreak, Table

    pages, each_page = Pages(head, paper), ACROSS * DOWN
    high = pages.height / DOWN
    for start in range(0, len(cards), each_page):
        some: list[Any] = [_cell(pages, each) for each in cards[start : start + each_page]]
        some += [""] * (-len(some) % ACROSS)
        rows = [some[at : at + ACROSS] for at in range(0, len(some), ACROSS)]
        table = Table(rows, [pages.width / ACROSS] * ACROSS, [high] * len(rows))
        table.setStyle(
            [
                ("GRID", (0, 0), (-1, -1), 0.4, "#909090", None, (2, 3)),
                ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
                ("ALIGN", (0, 0), (-1, -1), "CENTER"),
            ]
        )
        if start:
            pages.add(PageBreak())
        pages.add(table)
    return pages.made()


def _cell(pages: Pages, card: Card) -> "list[Flowable]":
    """The code, and under it name and id, cut where they are far too long for a card."""
    lines = [(card.name, TEXT), (card.id, SMALL)]
    return [_code(card.code), *(pages.paragraph(_short(text), size) for text, size in lines)]


def _short(text: str, most: int = 60) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _code(picture: bytes) -> "Flowable":
    from reportlab.platypus import Image

    made: Any = Image(io.BytesIO(picture), _SIDE, _SIDE)
    made.hAlign = "CENTER"
    return made
