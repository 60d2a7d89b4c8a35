"""Printing: results to stdout (tables on a terminal, CSV or JSON otherwise), everything else to stderr."""

import csv
import io
import json
import os
import re
import sys
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from refusal import Refusal

if TYPE_CHECKING:
    from attendance.records import Decision

_HIDDEN = frozenset({"Cc", "Cs", "Co", "Cn", "Zl", "Zp"})
_INSTANT = re.compile(r"\A(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)\Z", re.ASCII)
_DATED = re.compile(r"\d{4}-\d\d-\d\d(?: |\Z)", re.ASCII)
_DAY, _TIME = len("2026-03-02"), len("08:05:00 +01:00")
_MOST_LETTERS = 16
"""Of a longer word a narrow table makes lines, or cuts it."""
_COLOURS = {"present": 32, "already": 36, "review": 33, "unknown": 35, "refused": 31}


def printable(text: object) -> str:
    """The text on one line, without anything that could steer a terminal."""
    return "".join(_shown(character) for character in str(text))


def _shown(character: str) -> str:
    hidden = unicodedata.category(character) in _HIDDEN
    return character.encode("unicode_escape").decode() if hidden else character


def say(text: str) -> None:
    """A message for people; where it cannot be written, the work goes on."""
    with suppress(OSError):
        sys.stderr.write(printable(text) + "\n")
        sys.stderr.flush()


def on_terminal() -> bool:
    """Whether results go to a person's screen."""
    return sys.stdout.isatty()


def at_terminal() -> bool:
    """Whether a person can be asked: what they type is read, and what is said to them is seen."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def ask(question: str, proposed: str, read: Callable[[str], str]) -> str:
    """What a person answers, ``proposed`` where that is nothing; asked again until ``read`` takes it."""
    while True:
        sys.stderr.write(f"{printable(question)} [{printable(proposed)}]: ")
        sys.stderr.flush()
        told = sys.stdin.readline()
        if not told:
            say("")
            return proposed
        try:
            return read(told.strip() or proposed)
        except Refusal as error:
            say(error.line)


def line(text: str) -> None:
    """One line of the result, out at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def csv_line(cells: Iterable[object]) -> str:
    """The cells as one CSV line without its end.

    A cell's own line breaks are escaped, and no cell of text can be taken for a formula by a spreadsheet.
    """
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow([_cell(cell) for cell in cells])
    return text.getvalue()


def json_line(value: Any) -> str:
    """The value as one line of JSON."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def records(
    rows: Sequence[dict[str, Any]], *, as_json: bool, columns: Sequence[str], whole: Collection[str] = ()
) -> None:
    """Rows as JSON lines with all keys, or these columns as a table on a terminal, else as CSV with a header.

    ``whole`` are those of which a table cuts no word; columns of which no row says anything are no part of it.
    """
    if as_json:
        for row in rows:
            line(json_line({"schema": 1, **row}))
    elif on_terminal():
        shown = [each for each in columns if not rows or any(_text(row.get(each)) for row in rows)]
        table(shown, [[_wrapping(row.get(column)) for column in shown] for row in rows], whole=whole)
    else:
        line(csv_line(columns))
        for row in rows:
            line(csv_line(row.get(column) for column in columns))


def _wrapping(cell: object) -> object:
    """An instant in words of which a narrow table makes lines, instead of cutting the time off."""
    return _INSTANT.sub(r"\1 \2 \3", cell) if isinstance(cell, str) else cell


def table(
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    to_stderr: bool = False,
    whole: Collection[str] = (),
) -> None:
    """A table for people; where it is too wide, long words are cut, but no days, and none of the columns ``whole``."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=SIMPLE_HEAD, pad_edge=False)
    lines = [[printable(_text(cell)) for cell in row] for row in rows]
    console = Console(stderr=to_stderr)
    widths = _widths([list(column) for column in zip(columns, *lines, strict=True)], console.width)
    for column, width in zip(columns, widths, strict=True):
        shown.add_column(Text(column), overflow="fold" if column in whole else "ellipsis", width=width)
    for each in lines:
        shown.add_row(*map(Text, each))
    console.print(shown)


def _widths(columns: Sequence[Sequence[str]], room: int) -> list[int | None]:
    """How wide columns of days and instants stay where not all has room, so that none is cut; None for the others.

    Of an instant either day and time make a line each, or its offset a third one.
    """
    dated = [any(_DATED.match(cell) for cell in cells[1:]) for cells in columns]
    free = room - 3 * len(columns)
    if sum(max(map(len, cells)) for cells in columns) <= free:
        return [None] * len(columns)
    words = [max(len(word) for cell in cells for word in cell.split() or [""]) for cells in columns]
    others = sum(min(word, _MOST_LETTERS) for word, days in zip(words, dated, strict=True) if not days)
    width = _TIME if others + _TIME * sum(dated) <= free else _DAY
    return [min(width, max(map(len, cells))) if days else None for cells, days in zip(columns, dated, strict=True)]


def _cell(value: object) -> str:
    from attendance.register.report import safe_cell

    if isinstance(value, int | float | Decimal):
        return _text(value)
    return safe_cell(printable(_text(value)))


def _text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float):
        return f"{cell:.3f}"
    if isinstance(cell, list | tuple | frozenset | set):
        return "; ".join(map(_text, cell))
    return str(cell)


DECISION_COLUMNS = ("source", "decision", "name", "id", "score", "reasons")


class DecisionPrinter:
    """Prints decisions one by one: on a terminal in columns, else as CSV of `DECISION_COLUMNS` or as JSON Lines."""

    def __init__(self, *, as_json: bool, header: bool = True) -> None:
        self._format: Callable[[Decision], str]
        self._head = ""
        if as_json:
            self._format = lambda decision: decision.to_json()
        elif on_terminal():
            self._format = _columns
            self._head = f"{'DECISION':9} {'SCORE':>6} {'LEAD':>6}  {'ID':12} {'NAME':28} SOURCE"
        else:
            self._format = _plain
            self._head = csv_line(DECISION_COLUMNS) if header else ""

    def __call__(self, decision: "Decision") -> None:
        """Print one, the first with the header above it."""
        self.head()
        line(self._format(decision))

    def head(self) -> None:
        """Print the header unless that is done: a run that saw nobody gives a table without rows, not nothing."""
        head, self._head = self._head, ""
        if head:
            line(head)


def _plain(decision: "Decision") -> str:
    person = decision.person
    score = None if decision.score is None else Decimal(f"{decision.score:.4f}")
    name, number = (None, None) if person is None else (person.name, person.id)
    return csv_line((decision.source, decision.decision, name, number, score, decision.reasons))


def _is_noted(decision: "Decision") -> bool:
    """Whether it is a mark of whom it could not be told that a living face was there."""
    return decision.decision in {"present", "already"} and decision.liveness == "unsure"


def _columns(decision: "Decision") -> str:
    name = decision.person.name if decision.person else ""
    number = decision.person.id if decision.person else ""
    score = "" if decision.score is None else f"{decision.score:.3f}"
    lead = "" if decision.margin is None else f"{decision.margin:.3f}"
    notes = [*decision.reasons, *(["liveness unsure"] if _is_noted(decision) else [])]
    why = f"  ({', '.join(notes)})" if notes else ""
    where = decision.source if decision.frame is None else f"{decision.source} #{decision.frame}"
    kind = f"{decision.decision:9}"
    if "NO_COLOR" not in os.environ:
        kind = f"\033[{_COLOURS[decision.decision]}m{kind}\033[0m"
    rest = f"{score:>6} {lead:>6}  {printable(number):12} {printable(name):28} {printable(where)}{why}"
    return f"{kind} {rest}"


@contextmanager
def progress(title: str, total: int) -> Iterator[Callable[[], None]]:
    """A progress bar on stderr, where that is a terminal and there is a total; gives what moves it on by one."""
    if not total or not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    # Redirected, results would land on stderr: right only where both are the same screen.
    with Progress(*columns, console=console, transient=True, redirect_stdout=sys.stdout.isatty()) as bar:
        task = bar.add_task(title, total=total)
        yield lambda: bar.advance(task)


def confirm(question: str, *, yes: bool) -> None:
    """Ask before something that cannot be undone; without a person to ask, ``--yes`` is needed."""
    import typer

    if yes:
        return
    if not sys.stdin.isatty():
        raise typer.BadParameter("pass --yes, as nobody can be asked here", param_hint="--yes")
    sys.stderr.write(f"{printable(question)} [y/N] ")
    sys.stderr.flush()
    told = sys.stdin.readline()
    if not told:
        say("")
    if told.strip().lower() not in {"y", "yes"}:
        raise typer.Exit(1)
