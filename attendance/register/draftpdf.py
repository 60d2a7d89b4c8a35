"""The drafts of a data-protection officer as pages to print, each on pages of its own."""

from datetime import datetime
from typing import Final

from attendance.privacy.blocks import Block, Heading, Item, Paragraph, Table, blocks
from attendance.register.pdf import Head, Pages


def to_pdf(text: str, language: str, *, site: str | None, zone: str, now: datetime) -> bytes:
    """Pages to print, each draft on pages of its own. Raises ReportsMissing."""
    found = list(blocks(text))
    titles = [each.text for each in found if isinstance(each, Heading) and each.level == 1]
    pages = Pages(Head(titles[0] if len(titles) == 1 else _ALL[language], site, zone, now, language))
    for number, each in enumerate(found):
        following = found[number + 1] if number + 1 < len(found) else None
        _print(pages, each, first=number == 0, near=not isinstance(following, Table))
    return pages.made()


_ALL: Final = {"en": "Data protection: drafts", "de": "Datenschutz: Entwürfe"}


def _print(pages: Pages, block: Block, *, first: bool, near: bool) -> None:
    if isinstance(block, Heading):
        if block.level == 1:
            if not first:
                pages.next_page()
            pages.title(block.text)
        else:
            pages.heading(block.text, near=near)
    elif isinstance(block, Table):
        pages.table(block.head, block.rows, _shares(block))
    elif isinstance(block, Item):
        pages.item(block.text, box=block.box)
    elif isinstance(block, Paragraph):
        pages.text(block.text)


_LEAST, _MOST = 12, 60
"""Letters between which a column's longest cell counts for its width."""


def _shares(table: Table) -> list[float]:
    """Widths by what stands in the columns, none of them starved."""
    columns = zip(table.head, *table.rows, strict=True)
    return [float(min(_MOST, max(_LEAST, *map(len, column)))) for column in columns]
