"""A worksheet that takes whole rows: the library writes a large table cell by cell, at twice the time."""

import re
from collections.abc import Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from attendance.register.spreadsheet import FIRST_DATE, MOST_LETTERS, cut

if TYPE_CHECKING:
    from xlsxwriter.format import Format

_SPACE: Final = re.compile(r"^\s|\s$")
_LONG: Final = MOST_LETTERS // 2
_FIRST: Final = FIRST_DATE.toordinal()
_EPOCH: Final = date(1899, 12, 30).toordinal()  # day 0 of Excel, from March 1900 on
_DAY_S: Final = 86_400
_letters = lru_cache(maxsize=None)(xl_col_to_name)


class QuickSheet(Worksheet):  # type: ignore[misc]  # has no types
    """A worksheet of a workbook with constant memory; rows are put from the top down, after the head."""

    def put(self, row: int, cells: Sequence[Any], looks: Sequence["Format | None"]) -> None:
        """Write a row: text as text, days and moments as Excel counts them, numbers; ``looks`` of its columns."""
        if row > self.previous_row:
            self._write_single_row(row)
        line = row + 1
        parts = [f'<row r="{line}">']
        for column, value in enumerate(cells):
            if value is None or value == "":
                continue
            look = looks[column]
            style = "" if look is None else f' s="{look._get_xf_index()}"'  # noqa: SLF001 - as the library does
            parts.append(f'<c r="{_letters(column)}{line}"{style}{_content(value)}')
        parts.append("</row>")
        self.fh.write("".join(parts))
        self._check_dimensions(row, max(0, len(cells) - 1))


def _content(value: Any) -> str:
    """The rest of a cell's element."""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, date):
        if value.toordinal() < _FIRST:
            return _text(value.isoformat())
        return f"><v>{_serial(value):.16G}</v></c>"
    return f"><v>{value:.16G}</v></c>"


@lru_cache(maxsize=10_000)
def _text(text: str) -> str:
    """Text within the cell, escaped as the library does it."""
    told = Worksheet._escape_control_characters(cut(text) if len(text) > _LONG else text)  # noqa: SLF001
    told = told.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    space = ' xml:space="preserve"' if _SPACE.search(told) else ""
    return f' t="inlineStr"><is><t{space}>{told}</t></is></c>'


def _serial(value: date) -> float:
    """The day, and the time on its wall, as Excel counts them."""
    days = value.toordinal() - _EPOCH
    if not isinstance(value, datetime):
        return days
    return days + (value.hour * 3600 + value.minute * 60 + value.second) / _DAY_S
