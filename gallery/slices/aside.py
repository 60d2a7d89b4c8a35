"""What was done in a slice and could not be taken, for a reason of its own: kept beside the slice until it can be.

Each thing is a file: its rows as they are in the slice, sealed, and in front of them codes and times alone. So a row
that cannot be read is kept as it is, and filling the slice anew takes nothing of it away. It is read again by way of a
small database in memory, as what waits in a slice is.

It is sealed more than once, by every cipher that is to be had: a key that is changed, or a database that is restored
from before, then leaves another way to open it.
"""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self
from uuid import UUID, uuid5

from sqlalchemy import create_engine
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from gallery.errors import (
    GalleryDamaged,
    GalleryUnusable,
    KeyExposed,
    KeyMissing,
    KeyPassphrase,
    KeySource,
    KeyWrong,
    TemplateAltered,
)
from gallery.files import PRIVATE, new_file, whole
from gallery.repositories.events import MARK_ADDED
from gallery.schema import METADATA
from gallery.slices import outbox
from gallery.slices.state import State

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gallery.ports import Cipher, Transaction
    from gallery.slices.outbox import Item, Thing

FOLDER: Final = "aside"
SUFFIX: Final = ".sealed"
PURPOSE: Final = "aside"
NO_KEY: Final = (KeyMissing, KeyExposed, KeyWrong, KeySource, KeyPassphrase)
"""What is raised where a key is not to be had."""
Rows = Mapping[str, list[dict[str, Any]]]
"""By table, rows as SQLite keeps them."""
_TABLES: Final = (
    "session", "sighting", "sighting_crop", "mark", "correction", "event", "coverage", "credential", "token",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SetAside:
    """One thing that was set aside: its ``id``, what it is, the code of what befell it, and when that was.

    ``sealed`` is the same content, once for each cipher that it was sealed with; empty where its file cannot be read.
    """

    id: str
    kind: str
    why: str
    at: datetime
    sealed: tuple[bytes, ...]

    def opens(self, cipher: "Cipher") -> bytes | None:
        """What it holds, None where this cipher does not open it."""
        for each in self.sealed:
            with suppress(TemplateAltered):
                return cipher.open(each, person=self.id, pipeline_id="", purpose=PURPOSE)
        return None

    def to_text(self) -> str:
        """As its file holds it."""
        first, *also = (base64.b64encode(each).decode() for each in self.sealed)
        told = {"kind": self.kind, "why": self.why, "at": self.at.isoformat(), "sealed": first, "also": also}
        return json.dumps(told)


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

    @classmethod
    def from_text(cls, plain: bytes) -> Self:
        """That which `to_text` told; raises ValueError, KeyError, TypeError."""
        told = json.loads(plain, object_hook=_bytes)
        return cls(State.of(told["state"]), told["rows"])

    def to_text(self) -> bytes:
        """As it is sealed."""
        return json.dumps({"state": self.state.to_text(), "rows": self.rows}, default=_told).encode()

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
    """What was set aside of the slice in ``folder``; each of ``ways`` gives a cipher to seal and open it with.

    A way raises one of `NO_KEY` where its key is not to be had. ``only_open`` are ciphers that nothing is sealed with.
    """

    def __init__(self, folder: Path, *ways: "Callable[[], Cipher]", only_open: "Sequence[Cipher]" = ()) -> None:
        self._folder, self._ways, self._only_open = folder / FOLDER, ways, tuple(only_open)

    def all(self) -> list[SetAside]:
        """All of it, in the order in which it is to be tried again."""
        return read(self._folder.parent)

    def keep(self, content: Content, thing: "Thing", why: str, at: datetime) -> SetAside | None:
        """Set this aside; None where it is already. Raises one of `NO_KEY` where no way has its key."""
        id_ = content.id_of(thing)
        target = self._folder / f"{id_}{SUFFIX}"
        if target.exists():
            return None
        made = SetAside(id_, thing[0], why, at, _sealed(content, id_, self._ciphers()))
        self._folder.mkdir(mode=0o700, exist_ok=True)
        with new_file(target, PRIVATE) as hidden:
            hidden.write_text(made.to_text(), encoding="ascii")
        return made

    def opened(self, each: SetAside) -> Content:
        """What it holds, by whichever cipher opens it. Raises TemplateAltered, or one of `NO_KEY`."""
        for cipher in (*self._only_open, *self._ciphers()):
            plain = each.opens(cipher)
            if plain is not None:
                return Content.from_text(plain)
        raise TemplateAltered(f"{PURPOSE} {each.id}", "no key that is here opens it")

    def renew(self, each: SetAside, content: Content) -> None:
        """Seal it anew where a key was changed, or is new, so that every one of now opens it.

        With all keys at hand those from before open it no more; else what they open stays, too.
        """
        ciphers = self._ciphers()
        if all(each.opens(cipher) is not None for cipher in ciphers):
            return
        kept = () if len(ciphers) == len(self._ways) else each.sealed
        made = replace(each, sealed=(*_sealed(content, each.id, ciphers), *kept))
        with whole(self._folder / f"{each.id}{SUFFIX}") as hidden:
            hidden.write_text(made.to_text(), encoding="ascii")

    def drop(self, id_: str) -> None:
        """It is not to be tried any more."""
        (self._folder / f"{id_}{SUFFIX}").unlink(missing_ok=True)

    def _ciphers(self) -> "list[Cipher]":
        """Those whose key is to be had; raises what the first one lacks where there is none."""
        found, trouble = list["Cipher"](), list[GalleryUnusable]()
        for way in self._ways:
            try:
                found.append(way())
            except NO_KEY as error:
                trouble.append(error)
        if not found and trouble:
            raise trouble[0]
        return found


def _sealed(content: Content, id_: str, ciphers: "Iterable[Cipher]") -> tuple[bytes, ...]:
    plain = content.to_text()
    return tuple(each.seal(plain, person=id_, pipeline_id="", purpose=PURPOSE) for each in ciphers)


def count(folder: Path) -> int:
    """How many things are set aside of the slice in a folder; none of them is read."""
    return sum(1 for _ in (folder / FOLDER).glob(f"*{SUFFIX}"))


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
        sealed = tuple(base64.b64decode(each) for each in (told["sealed"], *told.get("also", ())))
        return SetAside(path.stem, kind, str(told["why"]), datetime.fromisoformat(told["at"]), sealed)
    except (OSError, ValueError, KeyError, TypeError):
        return SetAside(path.stem, "", "unreadable", datetime.fromtimestamp(path.stat().st_mtime).astimezone(), ())


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
