"""`Slice`: the database of a site that goes on while the home's own is out of reach; filled, followed, and aged.

    with central.reading() as transaction:
        Slice.begin(home).fill(transaction, "North school", at=clock.utc())

What is done in it since it was filled waits to be delivered, see `gallery.slices.outbox`. Filling it replaces all but
the sealed templates that are there already, and takes away whoever is no longer at the site, has left, was erased or
has withdrawn: the bytes are overwritten and the log is emptied.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from gallery.errors import GalleryDamaged, OfflineOver
from gallery.opening import open_database
from gallery.repositories import changes
from gallery.repositories.batches import A_BATCH, in_batches
from gallery.schema import METADATA, CoverageRow, EventRow, Meta, Person, SessionRow, SightingRow, Template
from gallery.sitetables import TemplateChange
from gallery.slices import outbox
from gallery.slices.selection import Chosen, held, rows
from gallery.slices.state import Sent, State
from gallery.sqlite.home import DATABASE
from gallery.transactions import GENERATION
from gallery.vault.filevault import CHECK, HOME_ID, KEY_FILE, FileVault

if TYPE_CHECKING:
    from gallery.ports import Database, Transaction
    from gallery.vault.keyring import Keyring

FOLDER: Final = "offline"
"""Where a home's folder keeps the slice."""
STATE: Final = "slice"
"""The fact about a slice that says of which site it is, when it was filled, and what of it was delivered."""
OWN_IDS: Final = 1 << 30
"""From here on a slice gives its own records their ids, so that none is ever taken for a record of the database."""
CLOCK_BACK: Final = timedelta(hours=1)
"""How far before its filling a slice may seem to be used: more, and nobody knows how old it is."""
_FACTS: Final = (HOME_ID, CHECK, KEY_FILE, "kept_from", "compatible", "encoder")
_KEPT: Final = ("meta", "person", "template")
_OWN: Final = (SessionRow, SightingRow, CoverageRow)


@dataclass(frozen=True, slots=True)
class Filled:
    """What a filling came to: how many people and templates there are, and how many people and templates went."""

    people: int
    templates: int
    gone: int
    new: int


class Slice:
    """An open slice; `database` is worked on as any home's, and `vault` opens what is sealed in it."""

    def __init__(self, home: Path, database: "Database", keyring: "Keyring | None" = None) -> None:
        self.home = home
        self.database = database
        self.vault = FileVault(database, keyring, key_home=home)

    @classmethod
    def open(cls, home: Path, keyring: "Keyring | None" = None) -> "Slice | None":
        """The slice in a home's folder, None where there is none that was ever filled; raises as `open_database`."""
        folder = folder_of(home)
        if not (folder / DATABASE).exists():
            return None
        found = cls(home, open_database(folder, create=False), keyring)
        if found.state is None:
            found.close()
            return None
        return found

    @classmethod
    def begin(cls, home: Path, keyring: "Keyring | None" = None) -> "Slice":
        """The slice in a home's folder, an empty one where there is none; raises as `open_database`."""
        return cls(home, open_database(folder_of(home)), keyring)

    def close(self) -> None:
        """Close the database."""
        self.database.close()

    # How old it is

    @property
    def state(self) -> State | None:
        """When and for what it was filled, None where it never was; raises GalleryDamaged."""
        text = self.database.meta(STATE)
        try:
            return None if text is None else State.of(text)
        except (ValueError, TypeError, KeyError) as error:
            raise GalleryDamaged(self.database.where, "what it says of itself cannot be read") from error

    @property
    def site(self) -> str | None:
        """The site that it is of; None: of all of the home."""
        state = self.state
        return None if state is None else state.site

    def age(self, now: datetime) -> timedelta:
        """How long the last contact with the database is ago; raises OfflineOver where it was never filled."""
        return now - self._filled().filled

    def refuse_old(self, now: datetime, days: float) -> None:
        """Raise OfflineOver where the last contact is longer ago than so many days, or nobody knows how long.

        Both this computer's clock and what was done in the slice tell what time it is, so that a clock that was put
        back lets nobody go on.
        """
        state = self._filled()
        if now < state.filled - CLOCK_BACK:
            told = f"the clock shows {_shown(now)}, and the slice was filled at {_shown(state.filled)}"
            raise OfflineOver(self.database.where, told)
        latest = max(now, self._latest() or now)
        if latest - state.filled > timedelta(days=days):
            told = f"the database was last reached at {_shown(state.filled)}, more than {days:g} days ago"
            raise OfflineOver(self.database.where, told)

    def _filled(self) -> State:
        state = self.state
        if state is None:
            raise OfflineOver(self.database.where, "this slice was never filled")
        return state

    def _latest(self) -> datetime | None:
        with self.database.reading() as transaction:
            return transaction.scalar(select(func.max(EventRow.at)))

    # What waits

    def waiting(self) -> int:
        """How many records were made here that are not delivered yet."""
        with self.database.reading() as transaction:
            return outbox.waiting(transaction, self._filled())

    def delivered(self, upto: Sent) -> None:
        """Remember that all up to there was delivered."""
        with self.database.atomic():
            self.database.set_meta(STATE, replace(self._filled(), sent=upto).to_text())

    # Filling

    def fill(self, central: "Transaction", site: str | None, *, at: datetime) -> Filled | None:
        """Have it hold what the database that `central` reads says of the site, and nothing else, in one step.

        None, and nothing has changed, where something waits to be delivered first. Raises what both databases raise.
        """
        try:
            filled = self._filled_from(central, Chosen(site, at))
        except _CentralError as error:
            raise error.error from None
        if filled is None:
            return None
        self.database.finish_erasure()
        self._drop_copies()
        return filled

    def _filled_from(self, central: "Transaction", chosen: Chosen) -> Filled | None:
        with self.database.atomic() as here:
            if self.state is not None and self.waiting():
                return None
            filled = _Filling(self.database, here, central, chosen).run()
            self._note(here, central, chosen, filled)
            if filled.gone:
                self.database.plan_erasure()
            return filled

    def _note(self, here: "Transaction", central: "Transaction", chosen: Chosen, filled: Filled) -> None:
        with _asking():
            generation = str(_fact(central, GENERATION))
        before = self.state
        if before is None or before.generation != generation or before.site != chosen.site or filled.gone or filled.new:
            self.database.bump(here)
            changes.note(here, None)
            here.execute(
                delete(TemplateChange).where(
                    TemplateChange.seq < select(func.max(TemplateChange.seq)).scalar_subquery()
                )
            )
        counters = self.database.counters(here)
        own = {row.__tablename__: max(counters.get(row.__tablename__, 0), OWN_IDS) for row in _OWN}
        self.database.set_counters(here, {**counters, **own})
        there = Sent(own["sighting"], counters.get("event", 0))
        state = State(uuid4().hex, chosen.site, chosen.at.astimezone(UTC), generation, there)
        self.database.set_meta(STATE, state.to_text())

    def _drop_copies(self) -> None:
        """Copies that an upgrade of the schema left here may hold somebody who is gone."""
        for copy in folder_of(self.home).glob(f"{DATABASE}.*.bak"):
            copy.unlink(missing_ok=True)


class _CentralError(Exception):
    """The database failed while a slice was filled: that is no fault of the slice's own, whose engine is another."""

    def __init__(self, error: SQLAlchemyError) -> None:
        super().__init__(str(error))
        self.error = error


@contextmanager
def _asking() -> Iterator[None]:
    """Around whatever is asked of the database."""
    try:
        yield
    except SQLAlchemyError as error:
        raise _CentralError(error) from error


class _Filling:
    """One filling: rows of `central` that are not here come, those that are only here go."""

    def __init__(self, database: "Database", here: "Transaction", central: "Transaction", chosen: Chosen) -> None:
        self._database, self._here, self._central, self._chosen = database, here, central, chosen

    def run(self) -> Filled:
        """Replace everything; returns what it came to."""
        self._empty()
        rekeyed = self._facts()
        if rekeyed:
            self._here.execute(delete(Template))
        gone = self._people()
        dropped, new = self._templates()
        for name in held():
            if name not in _KEPT:
                self._copy(name)
        count = self._here.scalar(select(func.count()).select_from(Person)) or 0
        templates = self._here.scalar(select(func.count()).select_from(Template)) or 0
        return Filled(count, templates, gone + dropped + rekeyed, new)

    def _empty(self) -> None:
        """Delete all but people and templates; it is done past the guard of records, as the database keeps them."""
        for table in reversed(METADATA.sorted_tables):
            if table.name not in {*_KEPT, TemplateChange.__tablename__}:
                self._here.connection().exec_driver_sql(f'DELETE FROM "{table.name}"')  # noqa: S608 - our own name # nosec B608

    def _facts(self) -> bool:
        """Take over which home it is and what its key opens; whether that is another than it was."""
        before = _fact(self._here, CHECK)
        for key in _FACTS:
            with _asking():
                fact = _fact(self._central, key)
            self._database.set_meta(key, fact)
        return before is not None and before != _fact(self._here, CHECK)

    def _people(self) -> int:
        table: Any = Person.__table__
        there = {row.id: row._asdict() for row in self._streamed(rows("person", self._chosen))}
        known = {row.id: row._asdict() for row in self._here.execute(select(table))}
        gone, new = known.keys() - there.keys(), there.keys() - known.keys()
        changed = [number for number in known.keys() & there.keys() if known[number] != there[number]]
        for some in in_batches(sorted(gone)):
            self._here.execute(delete(table).where(table.c.id.in_(some)))
        for number in changed:  # two may have changed their ids for each other's
            self._here.execute(update(table).where(table.c.id == number).values(external_id=uuid4().hex))
        for number in changed:
            self._here.execute(update(table).where(table.c.id == number).values(**there[number]))
        for some in in_batches(sorted(new)):
            self._here.execute(insert(table), [there[number] for number in some])
        return len(gone)

    def _templates(self) -> tuple[int, int]:
        """Those that are not here come, a few at a time in memory; how many went, and how many came."""
        table: Any = Template.__table__
        told = rows("template", self._chosen).with_only_columns(table.c.id, table.c.person_id, table.c.pipeline_id)
        there = {tuple(row) for row in self._streamed(told)}
        query = select(table.c.id, table.c.person_id, table.c.pipeline_id)
        known = {tuple(row) for row in self._here.execute(query)}
        gone, new = {row[0] for row in known - there}, {row[0] for row in there - known}
        for some in in_batches(sorted(gone)):
            self._here.execute(delete(table).where(table.c.id.in_(some)))
        for some in in_batches(sorted(new)):
            with _asking():
                found = self._central.execute(select(table).where(table.c.id.in_(some))).all()
            self._here.execute(insert(table), [row._asdict() for row in found])
        return len(gone), len(new)

    def _copy(self, name: str) -> None:
        for part in self._parts(rows(name, self._chosen)):
            self._here.execute(insert(METADATA.tables[name]), [row._asdict() for row in part])

    def _streamed(self, query: Any) -> Iterator[Any]:
        return (row for part in self._parts(query) for row in part)

    def _parts(self, query: Any) -> Iterator[Any]:
        """The rows of a query of the database, some at a time in memory."""
        with _asking():
            parts = self._central.execute(query, execution_options={"yield_per": A_BATCH}).partitions()
        while True:
            with _asking():
                part = next(parts, None)
            if part is None:
                return
            yield part


def _fact(transaction: "Transaction", key: str) -> str | None:
    return transaction.scalar(select(Meta.value).where(Meta.key == key))


def _shown(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="minutes").replace("+00:00", "Z")


def folder_of(home: Path) -> Path:
    """Where the slice of a home's folder lies."""
    return Path(home).expanduser() / FOLDER
