"""What a home holds, as lines of JSON in a fixed order; its digest tells whether two homes hold the same.

First the ids that the tables go on from, then files that go along, then each table: a line with its name and columns,
and a line for each row as `gallery.repositories.tables` gives it. The digest is the SHA-256 of these lines.
"""

import base64
import hashlib
import json
from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any

from gallery.errors import BackupInvalid
from gallery.repositories import tables
from gallery.repositories.owners import Unowned

if TYPE_CHECKING:
    from gallery.backup.head import Head
    from gallery.ports import Database, Transaction


@dataclass(frozen=True)
class Saved:
    """What a backup holds: of which home and moment, its digest (hexadecimal) and how many rows of each table.

    Of one that was restored also what was erased again, and what its recovery key could not bring back, by kind; and
    the rows that the new home has not taken as they were, as their owner is gone.
    """

    home_id: str
    revision: str
    created: datetime
    digest: str
    rows: Mapping[str, int]
    erased: Mapping[str, int] = field(default_factory=dict)
    gone: Mapping[str, int] = field(default_factory=dict)
    lists: int = field(default=0, compare=False)
    """Of how many files beside the backup, in the folder or named it was told what was erased since."""
    lost: tuple[Unowned, ...] = ()


class Tally:
    """Digest and counts of the lines that go by."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._rows: dict[str, int] = {}
        self._table = ""

    def over(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        """The lines, each counted."""
        for line in lines:
            self._hash.update(line)
            if line.startswith(b"["):
                self._rows[self._table] = self._rows.get(self._table, 0) + 1
            elif line.startswith(b'{"columns"'):
                self._table = str(json.loads(line)["table"])
                self._rows[self._table] = 0
            yield line

    @property
    def digest(self) -> str:
        """Of all lines so far."""
        return self._hash.hexdigest()

    @property
    def rows(self) -> dict[str, int]:
        """How many rows of each table went by."""
        return dict(self._rows)

    def saved(self, head: "Head") -> Saved:
        """All that is known of the backup with this head."""
        return Saved(head.home_id, head.revision, head.created, self.digest, self.rows)


def _line(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode() + b"\n"


def written(
    database: "Database | type[Database]", transaction: "Transaction", along: Mapping[str, bytes]
) -> Generator[bytes]:
    """The lines of the home that `transaction` sees, with these files."""
    yield _line({"counters": database.counters(transaction)})
    for name, data in sorted(along.items()):
        yield _line({"bytes": base64.b64encode(data).decode("ascii"), "file": name})
    for layout in tables.layouts(transaction):
        yield _line({"columns": layout.columns, "table": layout.name})
        for row in tables.rows(transaction, layout):
            yield _line(row)


def taken_in(
    database: "type[Database]",
    transaction: "Transaction",
    lines: Iterable[bytes],
    where: str,
    lost: list[Unowned],
    *,
    owned: bool = False,
) -> Iterator[tuple[str, bytes]]:
    """Put what the lines tell into the empty tables; gives the files among them, by name, as it comes upon them.

    Rows that are not taken as they are, as their owner is gone, are put into ``lost``; see `tables.fill`. Raises
    BackupInvalid, which names `where`, for lines that are not as `written` gives them.
    """
    empty = {layout.name: layout for layout in tables.layouts(transaction)}
    counters: dict[str, int] = {}
    try:
        for head, rows in _sections(lines):
            if "counters" in head:
                counters = {str(name): int(last) for name, last in head["counters"].items()}
            elif "file" in head:
                yield str(head["file"]), base64.b64decode(head["bytes"])
            else:
                lost += tables.fill(transaction, empty[head["table"]], head["columns"], rows, owned=owned)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BackupInvalid(where, "a line of it cannot be understood") from error
    database.set_counters(transaction, counters)


def without(lines: Iterable[bytes], lost: Iterable[Unowned]) -> Iterator[bytes]:
    """The lines of a home that has these rows no longer, or as they are now."""
    changed = {(each.table, _line(each.was)): each.now for each in lost}
    table = ""
    for line in lines:
        if line.startswith(b'{"columns"'):
            table = str(json.loads(line)["table"])
        now = changed.get((table, line), line)
        if now is not None:
            yield now if isinstance(now, bytes) else _line(now)


def _sections(lines: Iterable[bytes]) -> Iterator[tuple[Any, Iterator[Any]]]:
    """Each object among the lines with the rows that follow it."""
    number = 0

    def section(value: Any) -> int:
        nonlocal number
        number += isinstance(value, dict)
        return number

    for _, members in groupby(map(json.loads, lines), section):
        rows = iter(members)
        yield next(rows), rows
