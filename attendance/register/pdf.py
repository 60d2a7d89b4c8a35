"""Pages to print: paper, heading, page x of y, tables and paragraphs whose letters are always drawn.

The same input gives the same bytes, on a computer with the same fonts.
"""

import html
import io
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from attendance.errors import ReportsMissing
from attendance.register.reportform import Paper
from attendance.register.statusreport import utc_text

if TYPE_CHECKING:
    from reportlab.pdfgen.canvas import Canvas
    from reportlab.platypus.flowables import Flowable

    from attendance.register.fonts import Fonts

CREATOR: Final = "attendance report"
"""By which a page is known again as one of this program."""
SMALL, TEXT, LARGE = 7.5, 9, 14
_FEET: Final = {
    "en": ("made {now}; times are those of {zone}", "page {number} of {of}"),
    "de": ("erstellt {now}; Zeiten gelten in {zone}", "Seite {number} von {of}"),
}
_MARGIN, _TOP = 42, 58
_FINE: Final = 4  # pixels a point of a picture of text
_COMPLEX: Final = frozenset({"R", "AL", "AN"})


@dataclass(frozen=True)
class Head:
    """What stands above each page and in the file's properties: the title, and the name of the school or firm.

    ``language`` is that of the text, for the words at the foot and for whoever has the page read out.
    """

    title: str
    site: str | None
    zone: str
    now: datetime
    language: str = "en"


class Pages:
    """Collects what is to be printed, and makes a PDF of it. Raises ReportsMissing where the library is not there."""

    def __init__(self, head: Head, paper: Paper = Paper.A4) -> None:
        try:
            from reportlab.lib.pagesizes import A4, LETTER
        except ImportError as error:
            raise ReportsMissing("report", "printed reports need the library reportlab") from error
        from attendance.register.fonts import Fonts

        self._head, self._size = head, LETTER if paper is Paper.LETTER else A4
        self.fonts: Fonts = Fonts()
        self._story: list[Flowable] = []

    @property
    def width(self) -> float:
        """What lies between the margins, in points."""
        return float(self._size[0] - 2 * _MARGIN)

    def title(self, text: str) -> None:
        """The title of the whole, large."""
        self._story.append(self.paragraph(text, LARGE))

    def heading(self, text: str) -> None:
        """A heading that stays with what comes next."""
        made: Any = self.paragraph(text, TEXT + 2)
        made.keepWithNext = 1
        self._story += [_space(8), made, _space(2)]

    def text(self, text: str, size: float = TEXT) -> None:
        """A paragraph."""
        self._story += [self.paragraph(text, size), _space(1)]

    def item(self, text: str, *, box: bool = False) -> None:
        """A line of a list, with a box to tick or a dot before it."""
        from reportlab.platypus import Table

        mark = _box() if box else self.paragraph("•", TEXT)
        line = Table([[mark, self.paragraph(text, TEXT)]], [16, self.width - 16])
        line.setStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), ("TOPPADDING", (0, 0), (-1, -1), 1),
                       ("BOTTOMPADDING", (0, 0), (-1, -1), 1), ("LEFTPADDING", (0, 0), (-1, -1), 2)])  # fmt: skip
        self._story.append(line)

    def next_page(self) -> None:
        """What comes next begins on a new page."""
        from reportlab.platypus import PageBreak

        self._story.append(PageBreak())

    def add(self, made: "Flowable") -> None:
        """Something that was made elsewhere."""
        self._story.append(made)

    @property
    def height(self) -> float:
        """What lies between head and foot, in points."""
        return float(self._size[1] - 2 * _TOP + 8 - 12)

    def beside(self, lines: Sequence[str], picture: Any, side: float) -> None:
        """Lines of text, and a drawing of so many points at their right."""
        from reportlab.platypus import Table

        told = [self.paragraph(each, TEXT) for each in lines]
        self._story += [
            Table([[told, picture]], [self.width - side - 8, side + 8], style=[("VALIGN", (0, 0), (-1, -1), "TOP")])
        ]

    def signature(self, words: tuple[str, str] = ("Place and date", "Signature")) -> None:
        """Lines for date and signature, not torn apart."""
        from reportlab.platypus import KeepTogether, Table

        line = Table([["", "", ""], [words[0], "", words[1]]], [self.width * each for each in (0.4, 0.1, 0.5)])
        line.setStyle(
            [
                ("FONT", (0, 0), (-1, -1), self.fonts.base, SMALL),
                ("LINEABOVE", (0, 1), (0, 1), 0.6, "#000000"),
                ("LINEABOVE", (2, 1), (2, 1), 0.6, "#000000"),
            ]
        )
        self._story.append(KeepTogether([_space(28), line]))

    def table(
        self, head: Sequence[str], rows: Sequence[Sequence[str]], shares: Sequence[float], right: Sequence[int] = ()
    ) -> None:
        """A table with its head on each page; ``shares`` are the columns' parts of the width, ``right`` numbers.

        A row of one cell is a heading across the table.
        """
        from reportlab.platypus import LongTable

        widths = [self.width * each / sum(shares) for each in shares]
        cells = [self._cells(line, widths) for line in (head, *rows)]
        across = [number for number, line in enumerate((head, *rows)) if len(line) == 1]
        made = LongTable(cells, widths, repeatRows=1)
        made.setStyle(
            [
                ("FONT", (0, 0), (-1, -1), self.fonts.base, SMALL),
                ("LEADING", (0, 0), (-1, -1), SMALL + 2),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("BACKGROUND", (0, 0), (-1, 0), "#E4E4E4"),
                ("LINEBELOW", (0, 0), (-1, 0), 0.8, "#000000"),
                ("LINEBELOW", (0, 1), (-1, -1), 0.25, "#B0B0B0"),
                ("TOPPADDING", (0, 0), (-1, -1), 2),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
                ("LEFTPADDING", (0, 0), (-1, -1), 3),
                ("RIGHTPADDING", (0, 0), (-1, -1), 3),
                *(("ALIGN", (each, 0), (each, -1), "RIGHT") for each in right),
                *(("SPAN", (0, each), (-1, each)) for each in across),
                *(("BACKGROUND", (0, each), (-1, each), "#F3F3F3") for each in across),
            ]
        )
        self._story += [made, _space(4)]

    def _cells(self, line: Sequence[str], widths: Sequence[float]) -> list[Any]:
        if len(line) == 1:
            return [self._cell(line[0], sum(widths)), *[""] * (len(widths) - 1)]
        return [self._cell(text, width) for text, width in zip(line, widths, strict=True)]

    def _cell(self, text: str, width: float) -> Any:
        """Text as it is where it fits and needs no other font, else as a paragraph that wraps."""
        from reportlab.pdfbase.pdfmetrics import stringWidth

        if self.fonts.plain(text) and stringWidth(text, self.fonts.base, SMALL) <= width - 6:
            return text
        return self.paragraph(text, SMALL)

    def paragraph(self, text: str, size: float) -> "Flowable":
        """The text, wrapped; in a script that runs from right to left as a picture of it, with the text behind."""
        from reportlab.lib.styles import ParagraphStyle
        from reportlab.platypus import Paragraph

        bare = " ".join(text.split())
        if any(unicodedata.bidirectional(each) in _COMPLEX for each in bare):
            drawn = _picture(bare, size, self.fonts)
            if drawn is not None:
                return drawn
        told = "".join(f'<font name="{name}">{html.escape(piece)}</font>' for name, piece in self.fonts.runs(bare))
        style = ParagraphStyle("text", fontName=self.fonts.base, fontSize=size, leading=size * 1.27, splitLongWords=1)
        return Paragraph(told, style)

    def made(self) -> bytes:
        """The file's content."""
        from reportlab.platypus import SimpleDocTemplate

        if self.fonts.missing:
            self.text(f"No font on this computer has these letters, so that they stand here by their Unicode numbers: "
                      f"{' '.join(f'U+{ord(each):04X}' for each in sorted(self.fonts.missing))}.", SMALL)  # fmt: skip
        data = io.BytesIO()
        document = SimpleDocTemplate(
            data,
            pagesize=self._size,
            leftMargin=_MARGIN - 6,  # what a frame leaves free by itself
            rightMargin=_MARGIN - 6,
            topMargin=_TOP,
            bottomMargin=_TOP - 8,
            title=self._head.title,
            author=self._head.site or "attendance",
            subject=self._head.title,
            creator=CREATOR,
            producer="reportlab",
            lang=self._head.language,
            displayDocTitle=True,
            invariant=1,
        )
        document.build(self._story, canvasmaker=self._canvas_class())
        return data.getvalue()

    def _canvas_class(self) -> type["Canvas"]:
        """A canvas that draws the heads and feet once it is known how many pages there are."""
        from reportlab.pdfgen.canvas import Canvas

        pages = self

        class Numbered(Canvas):  # type: ignore[misc]  # has no types
            def __init__(self, *given: Any, **named: Any) -> None:
                super().__init__(*given, **named)
                self._kept: list[dict[str, Any]] = []

            def showPage(self) -> None:  # noqa: N802 - the library's name
                self._kept.append(dict(self.__dict__))
                self._startPage()

            def save(self) -> None:
                for number, each in enumerate(self._kept, 1):
                    self.__dict__.update(each)
                    pages._frame(self, number, len(self._kept))
                    super().showPage()
                super().save()

        return Numbered

    def _frame(self, canvas: "Canvas", number: int, of: int) -> None:
        width, height = self._size
        head = self._head
        self._line(canvas, _MARGIN, height - 36, head.site or "Attendance", head.title)
        canvas.setLineWidth(0.5)
        canvas.line(_MARGIN, height - 42, width - _MARGIN, height - 42)
        made, count = _FEET.get(head.language, _FEET["en"])
        told = made.format(now=utc_text(head.now), zone=head.zone)
        self._line(canvas, _MARGIN, 26, told, count.format(number=number, of=of))

    def _line(self, canvas: "Canvas", left: float, height: float, begins: str, ends: str) -> None:
        """Two texts on one line, each at its side; too long ones are cut."""
        half = self.width / 2 - 8
        x = left
        for font, piece in _fitting(self.fonts, begins, half):
            canvas.setFont(font, SMALL)
            canvas.drawString(x, height, piece)
            x += canvas.stringWidth(piece, font, SMALL)
        pieces = _fitting(self.fonts, ends, half)
        x = left + self.width - sum(canvas.stringWidth(piece, font, SMALL) for font, piece in pieces)
        for font, piece in pieces:
            canvas.setFont(font, SMALL)
            canvas.drawString(x, height, piece)
            x += canvas.stringWidth(piece, font, SMALL)


def _fitting(fonts: "Fonts", text: str, width: float) -> list[tuple[str, str]]:
    from reportlab.pdfbase.pdfmetrics import stringWidth

    shown = text
    while shown and sum(stringWidth(piece, font, SMALL) for font, piece in fonts.runs(shown)) > width:
        shown = f"{shown[:-2].rstrip('…')}…" if len(shown) > 1 else ""
    return list(fonts.runs(shown))


def _space(points: float) -> "Flowable":
    from reportlab.platypus import Spacer

    return Spacer(1, points)


def _box() -> "Flowable":
    """A square to tick, drawn, as few fonts have one."""
    from reportlab.graphics.shapes import Drawing, Rect

    drawing = Drawing(9, 10)
    drawing.add(Rect(0, 1, 8, 8, fillColor=None, strokeWidth=0.7))
    return drawing


def _picture(text: str, size: float, fonts: "Fonts") -> "Flowable | None":
    """The text set by Pillow, whose own engine joins letters and turns directions; None where it has none."""
    from PIL import Image, ImageDraw, ImageFont, features

    path = fonts.path_for(text)
    if path is None or not features.check("raqm"):
        return None
    font = ImageFont.truetype(path, round(size * _FINE), layout_engine=ImageFont.Layout.RAQM)
    left, top, right, bottom = font.getbbox(text)
    picture = Image.new("L", (max(1, round(right - left)), max(1, round(bottom - top))), 255)
    ImageDraw.Draw(picture).text((-left, -top), text, font=font, fill=0)
    from attendance.register.drawnline import Drawn

    return Drawn(picture, text, next(iter(fonts.runs(text)))[0], size, _FINE)
