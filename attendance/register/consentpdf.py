"""Forms of consent to print: one page a person, with the text, boxes to tick, and a QR code for the answer."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from attendance.privacy.consenttext import blocks
from attendance.privacy.phrases import phrases
from attendance.register.pdf import LARGE, SMALL, TEXT, Head, Pages
from attendance.service_errors import WebMissing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from gallery.privacyvalues import ConsentForm, ConsentText
    from gallery.values import PersonInfo

QR_SIDE: Final = 92
"""Points; a telephone reads it from the paper at arm's length."""


@dataclass(frozen=True, slots=True)
class Printed:
    """A form as it is printed: for whom, with which text, under which code."""

    person: "PersonInfo"
    form: "ConsentForm"
    text: "ConsentText"
    code: str
    shown_code: str


def to_pdf(made: "Sequence[Printed]", *, address: str, head: Head) -> bytes:
    """The pages of these forms, of one language; ``address`` comes before each code. Raises ReportsMissing, WebMissing.

    Site, zone and time are those of ``head``. Without the address of a service the QR code holds the code alone.
    """
    words = phrases(made[0].text.language)
    pages = Pages(replace(head, title=words["form"], language=made[0].text.language))
    for number, each in enumerate(made):
        if number:
            pages.next_page()
        _form(pages, each, address, head.zone)
    return pages.made()


def _day(at: "datetime", language: str) -> str:
    """A day as people of the language write it."""
    return f"{at:%d.%m.%Y}" if language == "de" else f"{at.day} {at:%B %Y}"


def _form(pages: Pages, made: Printed, address: str, zone: str) -> None:
    words = phrases(made.text.language)
    ends = made.form.ends.astimezone(ZoneInfo(zone))
    facts = [
        f"{words['for']}: {made.person.name} ({made.person.external_id})",
        f"{words['code']}: {made.shown_code}",
        f"{words['answer_by']}: {_day(ends, made.text.language)}",
    ]
    if address.startswith("http"):
        facts.append(words["scan"])
    pages.beside(facts, _qr(address + made.code if address.startswith("http") else made.code), QR_SIDE)
    sizes = {"title": LARGE - 1, "heading": TEXT + 1.5, "point": TEXT + 0.25, "text": TEXT + 0.25}
    for kind, text in blocks(made.text.body):
        told = f"\N{BULLET} {text}" if kind == "point" else text
        pages.text(told, sizes[kind])
    rows = [
        [words[each], f"\N{BALLOT BOX}  {words['yes']}", f"\N{BALLOT BOX}  {words['no']}"]
        for each in made.form.purposes
    ]
    pages.table([words["question"], "", ""], rows, [70, 15, 15])
    pages.text(words["name_guardian" if made.form.given_by == "guardian" else "name_self"] + ": " + "_" * 60, TEXT)
    pages.signature((words["place_day"], words["signature"]))
    pages.text(words["back"].format(version=made.text.version, sha256=made.text.sha256[:12]), SMALL)


def _qr(text: str) -> Any:
    """The QR code as a drawing of `QR_SIDE` points."""
    try:
        import segno
    except ImportError as error:
        raise WebMissing("segno", str(error)) from error
    from reportlab.graphics.shapes import Drawing, Rect

    matrix = segno.make(text, error="m", micro=False).matrix
    quiet = 2
    side = len(matrix) + 2 * quiet
    unit = QR_SIDE / side
    drawing = Drawing(QR_SIDE, QR_SIDE)
    for y, row in enumerate(matrix):
        for x, dark in enumerate(row):
            if dark:
                at = ((x + quiet) * unit, QR_SIDE - (y + quiet + 1) * unit)
                drawing.add(Rect(*at, unit * 1.02, unit * 1.02, strokeWidth=0, strokeColor=None, fillColor="#000000"))
    return drawing
