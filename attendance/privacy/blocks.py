"""The small part of Markdown that the drafts are written in: headings, paragraphs, lists, checkboxes and tables."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; level 1 is the title."""

    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Sentences."""

    text: str


@dataclass(frozen=True, slots=True)
class Item:
    """A line of a list; ``box`` whether somebody is to tick it."""

    text: str
    box: bool


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its head, and rows as wide."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


Block = Heading | Paragraph | Item | Table


def blocks(text: str) -> Iterator[Block]:
    """The blocks of a text, in order; lines of a paragraph or an item belong together until an empty line."""
    for blank, lines in groupby(text.splitlines(), key=lambda line: not line.strip()):
        if not blank:
            yield from _blocks_of([line.rstrip() for line in lines])


def _blocks_of(lines: list[str]) -> Iterator[Block]:
    if lines[0].startswith("|"):
        rows = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines]
        yield Table(rows[0], tuple(rows[2:]))
        return
    open_: list[str] = []
    for line in lines:
        if open_ and line.startswith(("#", "* ", "- [")):
            yield _block(open_)
            open_ = []
        open_.append(line)
    yield _block(open_)


def _block(lines: list[str]) -> Block:
    text = " ".join(line.strip() for line in lines)
    if text.startswith("#"):
        marks, _, told = text.partition(" ")
        return Heading(len(marks), told)
    if text.startswith("- [ ] "):
        return Item(text.removeprefix("- [ ] "), box=True)
    if text.startswith("* "):
        return Item(text.removeprefix("* "), box=False)
    return Paragraph(text)
