"""Transactions over one engine, whichever it is: writes all or nothing, and reading in one view.

Each thread is in at most one view and one writing step at a time; what is nested inside shares it.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from types import MappingProxyType
from typing import Any, Final, Self

from sqlalchemy import Connection, Delete, Engine, Insert, Update, event, select, text, update
from sqlalchemy.orm import Session

from gallery import sending, steps
from gallery.errors import GalleryReadOnly
from gallery.privacytables import ConsentRow, ConsentTextRow
from gallery.schema import (
    ApprovalRow,
    CalendarEntryRow,
    CorrectionRow,
    EventRow,
    ExcuseRow,
    MarkRow,
    MembershipChange,
    Meta,
    MonthRow,
    Person,
    RuleVersionRow,
    SightingRow,
    Template,
    WithdrawalRow,
)
from gallery.servicetables import ReceiverRow
from gallery.sitetables import TemplateChange
from gallery.texts import refuse_unkeepable

GENERATION, ERASURE = "generation", "erasure_pending"
"""Facts about the home: how often it changed, and whether bytes of somebody removed are still to be overwritten."""
CHAIN_KEY = "chain key"
"""Where a writing session finds what gives the key of the log's links."""
UNTOLD: Final = "templates changed untold"
"""Where a connection remembers that its step changed templates, or who is active, and has not said whose."""
_SEEN = "generation seen"
_ASKING_S = 0.25


REKEYING: Mapping[str, Any] = MappingProxyType({"rekeying": True})
"""The execution options of the one change that records allow: who was merged into another is named as that one."""
PURGING: Mapping[str, Any] = MappingProxyType({"purging": True})
"""The execution options of what lets records go whose time is over, by a rule, with an event that counts them."""
_RECORDS = {
    each.__tablename__ for each in (SightingRow, MarkRow, CorrectionRow, ExcuseRow, MembershipChange, ConsentRow)
}
_DECIDED = {each.__tablename__ for each in (RuleVersionRow, CalendarEntryRow, WithdrawalRow, ApprovalRow, MonthRow)}
_PURGED = {each.__tablename__ for each in (EventRow, ExcuseRow, MarkRow, SightingRow)}
_APPEND_ONLY = {EventRow.__tablename__, ConsentTextRow.__tablename__, *_RECORDS, *_DECIDED}


def _guard_records(
    _connection: Connection, clause: object, _many: object, _one: object, options: Mapping[str, Any]
) -> None:
    if not isinstance(clause, Update | Delete):
        return
    table = getattr(clause.table, "key", None)
    rekeyed = isinstance(clause, Update) and options.get("rekeying", False) and table in _RECORDS
    purged = isinstance(clause, Delete) and options.get("purging", False) and table in _PURGED
    if table in _APPEND_ONLY and not rekeyed and not purged:
        raise RuntimeError(f"the {table} table is append-only")


def _watch_templates(
    connection: Connection, clause: object, many: list[Any], one: Mapping[str, Any], _options: object
) -> None:
    """Notice that templates change, or who is active: a step that does not say whose is told of as everybody's."""
    if not isinstance(clause, Insert | Update | Delete):
        return
    table = getattr(clause.table, "key", None)
    if table == ReceiverRow.__tablename__:
        connection.info.pop(steps.WEBHOOKS, None)
    if table == Template.__tablename__ or (table == Person.__tablename__ and _of_searched(clause, [*many, one])):
        connection.info[UNTOLD] = True


def _of_searched(clause: Insert | Update | Delete, given: list[Any]) -> bool:
    """Whether it deletes people or says who is active; somebody new has no template yet."""
    if not isinstance(clause, Update):
        return isinstance(clause, Delete)
    named = {name for each in given for name in each}
    return Person.active.key in {*named, *clause.compile(column_keys=sorted(named)).params}


def _guard_text(
    _connection: Connection, _cursor: object, _statement: str, parameters: Any, _context: object, _many: object
) -> None:
    refuse_unkeepable(parameters)


class Transactions:
    """What every database of the gallery has in common; `gallery.sqlite` adds what SQLite alone does.

    A transaction of ``reader`` keeps one view; one of ``writer`` holds the write lock from the start, or `_begun` takes
    it. ``mapped`` turns what the engine raises into the gallery's errors. With ``read_only`` nothing is ever written.
    """

    def __init__(
        self,
        reader: Engine,
        writer: Engine,
        mapped: Callable[[], AbstractContextManager[None]],
        *,
        read_only: bool,
    ) -> None:
        for engine in (reader, writer):
            event.listen(engine, "before_execute", _guard_records)
            event.listen(engine, "before_execute", _watch_templates)
            event.listen(engine, "before_cursor_execute", _guard_text)
        self._engine, self._writer = reader, writer
        self._mapped = mapped
        self.read_only = read_only
        self._here = threading.local()
        self.chain_key: Callable[[Session], bytes | None] | None = None
        """What gives the key that links entries of the log, None where the key of the home is not there."""
        self.after_erasure: Callable[[], object] | None = None
        """What is to be done once something was erased, outside of any step."""

    @property
    def where(self) -> str:
        """How messages name the database."""
        raise NotImplementedError

    @property
    def schema_version(self) -> str:
        """The revision of the schema as it is now: another machine may have upgraded it."""
        with self.reading() as session:
            return str(session.scalar(text("SELECT version_num FROM alembic_version")))

    @property
    def _inside(self) -> Session | None:
        """The innermost transaction that this thread is in."""
        found: Session | None = getattr(self._here, "inside", None)
        return found

    @property
    def inside(self) -> bool:
        """Whether this thread is within `atomic()` or `reading()`."""
        return self._inside is not None

    @property
    def _writing(self) -> Session | None:
        found: Session | None = getattr(self._here, "writing", None)
        return found

    @contextmanager
    def atomic(self, *ahead: sending.Question) -> Iterator[Session]:
        """All or nothing. Holds the write lock from the start; inside another `atomic()` a savepoint.

        Questions ``ahead`` go with what takes the lock where the engine can do that, see `gallery.sending.told`.
        Inside `reading()` it is a step of its own: within it what it wrote is seen, after it the view is as before.
        Raises GalleryLocked, GalleryReadOnly, GalleryFull, GalleryDamaged, Conflict.
        """
        if self.read_only:
            raise GalleryReadOnly(self.where, "it was opened for reading only")
        outer = self._writing
        with self._mapped():
            if outer is None:
                with self._outermost(*ahead) as session:
                    yield session
            else:
                with steps.forgetting(outer), _untold_again(outer), outer.begin_nested(), sending.forgetting(outer):
                    yield outer

    @contextmanager
    def _outermost(self, *ahead: sending.Question) -> Iterator[Session]:
        around = self._inside
        with self._begun(*ahead) as session:
            session.connection().info.pop(UNTOLD, None)
            session.info[CHAIN_KEY] = self.chain_key
            self._here.writing = self._here.inside = session
            try:
                yield session
                _tell_untold(session)
                session.commit()
            finally:
                self._here.writing, self._here.inside = None, around

    def _begun(self, *ahead: sending.Question) -> Session:
        """A session that holds the lock of the writers now, not from its first statement on; raises GalleryNewer."""
        session = Session(self._writer, expire_on_commit=False)
        try:
            self._begin(session, *ahead)
        except BaseException:
            session.close()
            raise
        return session

    def _begin(self, session: Session, *ahead: sending.Question) -> None:  # noqa: ARG002  one by one they gain nothing
        """Take the lock, and ask what every writing step does."""
        steps.heed(session, session.connection().execute(steps.QUESTION).one(), self.where)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """One consistent view; nested calls share it, and inside `atomic()` it is the view of that transaction.

        It is of the moment of its first statement, whatever others write until it is left.
        """
        around = self._inside
        with self._mapped():
            if around is not None:
                yield around
                return
            with Session(self._engine, expire_on_commit=False) as session, session.begin():
                self._here.inside = session
                try:
                    yield session
                finally:
                    self._here.inside = None

    def generation(self) -> int:
        """A number that every change of people, templates or groups raises; marks leave it alone.

        Within `reading()` it is read once, as it cannot change there.
        """
        with self.reading() as session:
            seen: int | None = session.info.get(_SEEN)
            if seen is None:
                seen = int(self.meta(GENERATION) or 0)
                if session is not self._writing:
                    session.info[_SEEN] = seen
            return seen

    def wait_for_change(self, generation: int, timeout_s: float) -> bool:
        """Until the generation is another, asking often, as nobody tells; false when so many seconds are over.

        Within a view it is asked once, as it cannot change there.
        """
        until = time.monotonic() + timeout_s
        while self.generation() == generation:
            left = until - time.monotonic()
            if left <= 0 or self.inside:
                return False
            time.sleep(min(left, _ASKING_S))
        return True

    def bump(self, session: Session) -> None:
        """Raise the generation; called inside every `atomic()` that changes people, templates or groups."""
        session.execute(update(Meta).where(Meta.key == GENERATION).values(value=str(self.generation() + 1)))

    def plan_erasure(self) -> None:
        """Remember, in the `atomic()` that removes something, that `finish_erasure` is to follow."""
        self.set_meta(ERASURE, "1")

    def meta(self, key: str) -> str | None:
        """A fact about the home, or None where it is not recorded."""
        with self.reading() as session:
            return session.scalar(select(Meta.value).where(Meta.key == key))

    def set_meta(self, key: str, value: str | None) -> None:
        """Record a fact about the home, or forget it with None."""
        with self.atomic() as session:
            row = session.get(Meta, key)
            if row is not None:
                session.delete(row)
                session.flush()
            if value is not None:
                session.add(Meta(key=key, value=value))

    def close(self) -> None:
        """Close every connection; the store cannot be used afterwards."""
        self._engine.dispose()
        self._writer.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextmanager
def _untold_again(session: Session) -> Iterator[None]:
    """What a part of the step has said is taken back with it: what was untold before it is so again."""
    session.flush()
    told = session.connection().info
    before = told.get(UNTOLD, False)
    try:
        yield
    except BaseException:
        told[UNTOLD] = before
        raise


def _tell_untold(session: Session) -> None:
    session.flush()
    if session.connection().info.pop(UNTOLD, False):
        session.add(TemplateChange())
