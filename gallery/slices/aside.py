"""What was done in a slice and could not be taken, for a reason of its own: kept beside the slice until it can be.

Each thing is a file: its rows as they are in the slice, sealed, and in front of them codes and times alone. So a row
that cannot be read is kept as it is, and filling the slice anew takes nothing of it away. It is read again by way of a
small database in memory, as what waits in a slice is.
"""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self
from uuid import UUID, uuid5

from sqlalchemy import create_engine
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from gallery.errors import GalleryDamaged
from gallery.files import PRIVATE, new_file
from gallery.repositories.events import MARK_ADDED
from gallery.schema import METADATA
from gallery.slices import outbox
from gallery.slices.state import State

if TYPE_CHECKING:
    from gallery.ports import Cipher, Transaction
    from gallery.slices.outbox import Item, Thing

FOLDER: Final = "aside"
SUFFIX: Final = ".sealed"
PURPOSE: Final = "aside"
Rows = Mapping[str, list[dict[str, Any]]]
"""By table, rows as SQLite keeps them."""
_TABLES: Final = (
    "session", "sighting", "sighting_crop", "mark", "correction", "event", "coverage", "credential", "token",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SetAside:
    """One thing that was set aside: its ``id``, what it is, the code of what befell it, and when that was."""

    id: str
    kind: str
    why: str
    at: datetime
    sealed: bytes

    def opened(self, cipher: "Cipher") -> "Content":
        """What it holds. Raises TemplateAltered, KeyWrong."""
        plain = cipher.open(self.sealed, person=self.id, pipeline_id="", purpose=PURPOSE)
        told = json.loads(plain, object_hook=_bytes)
        return Content(State.of(told["state"]), told["rows"])


@dataclass(frozen=True, slots=True)
class Content:
    """The rows of one thing, and what the slice said of itself."""

    state: State
    rows: Rows

    @classmethod
    def of(cls, here: "Transaction", state: State, thing: "Thing") -> Self:
        """Those of a thing that waits in a slice; none of their columns is read."""
        return cls(state, {name: rows for name, rows in _rows_of(here, thing).items() if rows})

    def id_of(self, thing: "Thing") -> str:
        """The same whenever the same thing is set aside."""
        told = json.dumps([*thing, self.rows], default=_told, sort_keys=True)
        return uuid5(UUID(self.state.id), sha256(told.encode()).hexdigest()).hex

    def sealed(self, cipher: "Cipher", id_: str) -> bytes:
        """As it is kept."""
        told = json.dumps({"state": self.state.to_text(), "rows": self.rows}, default=_told)
        return cipher.seal(told.encode(), person=id_, pipeline_id="", purpose=PURPOSE)

    def items(self) -> "list[Item]":
        """What is to be delivered of it; raises whatever reading a row does."""
        with _memory(self.rows) as session:
            return list(outbox.items(session, self.state))

    @property
    def people(self) -> set[int]:
        """The internal ids of those whom it is of."""
        found = [row.get("person_id") for name in ("mark", "sighting") for row in self.rows.get(name, ())]
        return {each for each in found if isinstance(each, int)}

    @property
    def marks(self) -> set[str]:
        """The ids of the marks in it."""
        return {str(row["id"]) for row in self.rows.get("mark", ())}


class Aside:
    """What was set aside of the slice in ``folder``, sealed by ``cipher``."""

    def __init__(self, folder: Path, cipher: "Cipher") -> None:
        self._folder, self._cipher = folder / FOLDER, cipher

    def all(self) -> list[SetAside]:
        """All of it, in the order in which it is to be tried again."""
        return read(self._folder.parent)

    def keep(self, content: Content, thing: "Thing", why: str, at: datetime) -> SetAside | None:
        """Set this aside; None where it is already."""
        id_ = content.id_of(thing)
        target = self._folder / f"{id_}{SUFFIX}"
        if target.exists():
            return None
        self._folder.mkdir(mode=0o700, exist_ok=True)
        made = SetAside(id_, thing[0], why, at, content.sealed(self._cipher, id_))
        told = {"kind": made.kind, "why": why, "at": at.isoformat(), "sealed": base64.b64encode(made.sealed).decode()}
        with new_file(target, PRIVATE) as hidden:
            hidden.write_text(json.dumps(told), encoding="ascii")
        return made

    def opened(self, each: SetAside) -> Content:
        """What it holds. Raises TemplateAltered, KeyWrong."""
        return each.opened(self._cipher)

    def drop(self, id_: str) -> None:
        """It is not to be tried any more."""
        (self._folder / f"{id_}{SUFFIX}").unlink(missing_ok=True)


def read(folder: Path) -> list[SetAside]:
    """What was set aside of the slice in a folder: what others rest on first, then in order of time."""
    order = [*outbox.KINDS, ""]
    found = [_read(each) for each in sorted((folder / FOLDER).glob(f"*{SUFFIX}"))]
    return sorted(found, key=lambda each: (order.index(each.kind), each.at, each.id))


def _read(path: Path) -> SetAside:
    """One whose file cannot be read stays, as one that cannot be opened."""
    try:
        told = json.loads(path.read_text("ascii"))
        kind = told["kind"] if told["kind"] in outbox.KINDS else ""
        sealed = base64.b64decode(told["sealed"])
        return SetAside(path.stem, kind, str(told["why"]), datetime.fromisoformat(told["at"]), sealed)
    except (OSError, ValueError, KeyError, TypeError):
        return SetAside(path.stem, "", "unreadable", datetime.fromtimestamp(path.stat().st_mtime).astimezone(), b"")


def waiting(here: "Transaction", state: State) -> "tuple[list[Item], dict[Thing, Exception]]":
    """All that waits in a slice, in its order, and what of it cannot be read, with what befell that."""
    found, broken = list[Any](), dict[Any, Exception]()
    for thing in outbox.things(here, state):
        content = Content.of(here, state, thing)
        try:
            found += content.items()
        except Exception as error:  # noqa: BLE001 - whatever a row does, the others are read
            broken[thing] = error
    return outbox.in_order(found), broken


# Rows as they are


def _rows_of(here: "Transaction", thing: "Thing") -> Rows:
    kind, key = thing
    if kind == "coverage":
        return {"coverage": _raw(here, "coverage", "id", [key])}
    if kind in {"check", "void"}:
        events = _raw(here, "event", "seq", [key])
        subjects = [each["subject"] for each in events]
        if kind == "void":
            return {"event": events, "correction": _raw(here, "correction", "mark_id", subjects)}
        return {"event": events, "session": _raw(here, "session", "id", subjects)}
    if kind == "sighting":
        seen = _raw(here, "sighting", "id", [key])
        marks = _raw(here, "mark", "sighting_id", [key])
        rows = {"sighting": seen, "sighting_crop": _raw(here, "sighting_crop", "sighting_id", [key])}
    else:
        marks = _raw(here, "mark", "id", [key])
        seen = _raw(here, "sighting", "id", [each["sighting_id"] for each in marks])
        rows = {"sighting": seen}
    told = _raw(here, "event", "subject", [each["id"] for each in marks])
    sessions = [*(each["session_id"] for each in seen), *(each["session_id"] for each in marks)]
    return {
        **rows,
        "mark": marks,
        "event": [each for each in told if each["action"] == MARK_ADDED],  # what takes it back is a thing of its own
        "session": _raw(here, "session", "id", sessions),
        "credential": _raw(here, "credential", "person_id", [each["person_id"] for each in marks]),
        "token": _raw(here, "token", "kind", ["kiosk"]),
    }


def _raw(here: "Transaction", table: str, column: str, keys: Iterable[Any]) -> list[dict[str, Any]]:
    connection, found = here.connection(), list[dict[str, Any]]()
    for key in dict.fromkeys(each for each in keys if each is not None):
        query = f'SELECT * FROM "{table}" WHERE "{column}" = ? ORDER BY rowid'  # noqa: S608 - our own names # nosec B608
        found += [dict(row) for row in connection.exec_driver_sql(query, (key,)).mappings()]
    return found


@contextmanager
def _memory(rows: Rows) -> Iterator[Session]:
    """A database that holds these rows and nothing else; columns that it does not know any more are left out."""
    engine = create_engine("sqlite://", poolclass=StaticPool)
    try:
        with Session(engine) as session:
            connection = session.connection()
            connection.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
            METADATA.create_all(connection, tables=[METADATA.tables[name] for name in _TABLES])
            for name, some in rows.items():
                for row in some:
                    _insert(connection, name, row)
            yield session
    finally:
        engine.dispose()


def _insert(connection: Any, name: str, row: Mapping[str, Any]) -> None:
    known = [each for each in row if each in METADATA.tables[name].columns]
    columns, places = ", ".join(f'"{each}"' for each in known), ", ".join("?" for _ in known)
    query = f'INSERT INTO "{name}" ({columns}) VALUES ({places})'  # noqa: S608 - our own names # nosec B608
    connection.exec_driver_sql(query, tuple(row[each] for each in known))


def _told(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"b64": base64.b64encode(value).decode()}
    raise GalleryDamaged("slice", f"a value of type {type(value).__name__} is none that SQLite keeps")


def _bytes(value: dict[str, Any]) -> Any:
    return base64.b64decode(value["b64"]) if value.keys() == {"b64"} else value
