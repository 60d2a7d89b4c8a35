"""The forms a report comes in, and which one a file's name asks for."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from attendance.errors import OutputForm


class Form(StrEnum):
    """The forms a report comes in."""

    TABLE = "table"
    CSV = "csv"
    CSV_EXCEL = "csv-excel"
    JSON = "json"
    XLSX = "xlsx"
    PDF = "pdf"
    ICS = "ics"


class Paper(StrEnum):
    """The papers that pages come on."""

    A4 = "a4"
    LETTER = "letter"


BINARY = frozenset({Form.XLSX, Form.PDF})
"""Those that are no text, so that they go to a file alone."""


SUFFIXES: Mapping[str, tuple[Form, ...]] = MappingProxyType(
    {
        ".csv": (Form.CSV_EXCEL, Form.CSV),
        ".json": (Form.JSON,),
        ".xlsx": (Form.XLSX,),
        ".txt": (Form.TABLE,),
        ".pdf": (Form.PDF,),
        ".ics": (Form.ICS,),
    }
)
"""The forms that fit a file's suffix; the first is taken where none is asked for."""


def form_of_file(output: Path, wanted: Form | None) -> Form:
    """The form for a file of this name; raises OutputForm where it tells none, or another than the one wanted."""
    suffix = output.suffix.lower()
    if wanted is not None and not suffix:
        return wanted
    fitting = SUFFIXES.get(suffix)
    if fitting is None:
        told = f"its name ends in {suffix}" if suffix else "its name has no ending"
        raise OutputForm(str(output), f"{told}; a report can be {', '.join(SUFFIXES)}")
    if wanted is not None and wanted not in fitting:
        raise OutputForm(str(output), f"--format {wanted} does not fit a name that ends in {suffix}")
    return wanted or fitting[0]


def form_of_screen(wanted: Form | None, *, terminal: bool) -> Form:
    """The form for stdout: unless asked otherwise a table on a terminal, else plain CSV; raises OutputForm."""
    if wanted in BINARY:
        what = "a workbook" if wanted is Form.XLSX else "a PDF"
        raise OutputForm("stdout", f"{what} is no text: name a file for it, as in -o report.{wanted}")
    return wanted or (Form.TABLE if terminal else Form.CSV)
