"""The few statements that every mark needs: put together once, and sent with others where the engine can do that.

    with store.atomic((QUESTION, row)) as step:   # it goes to the server with what begins the step
        rows = told(step, QUESTION, row)          # None where it did not: it is to be asked as any other
        put(step, INSERT, row)                    # nobody waits for its answer: it goes with what is sent next
        made = ask(step, ANOTHER, row)            # these two go to the server, and are answered, at once

They are done in their order: after the rows that the session was given before, and before whatever it does next, be it
a question, rows of its models, or the beginning or the end of a part of the step. What one of them is refused for is
raised by what it goes with, at the latest by the commit. Each statement is a constant of a module, as it is remembered
for good; a row tells a value for every column.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, Protocol, TypeAlias

from sqlalchemy import Executable, Integer, Text, bindparam, text
from sqlalchemy.orm import Session

Rows: TypeAlias = Sequence[Sequence[Any]]
Question: TypeAlias = tuple[Executable, Mapping[str, Any]]
"""A statement that writes nothing, with what it is given."""
SENDER: Final = "sender"
"""Where the session of a writing step finds what sends for it; without one each statement is done at once."""
TOLD: Final = "told ahead"
"""Where it finds the questions that went with its beginning, each with what tells its rows."""
_NUMBERS: Final = text(
    "SELECT nextval(pg_get_serial_sequence(:named, 'id')) FROM generate_series(1, :many)"
).bindparams(bindparam("named", type_=Text), bindparam("many", type_=Integer))


class Sender(Protocol):
    """Keeps statements until the next one is sent."""

    def put(self, statement: Executable, row: Mapping[str, Any]) -> None:
        """As `put`."""

    def foresee(self, statement: Executable, row: Mapping[str, Any]) -> Callable[[], Rows]:
        """Have it done with the next one; what tells its rows, and has it done if it is not."""

    def send(self) -> None:
        """Have done now what is kept."""

    def forget(self) -> None:
        """Send nothing of what is kept: it is taken back."""


def put(session: Session, statement: Executable, row: Mapping[str, Any]) -> None:
    """Have a statement done for one row, of which nobody needs an answer."""
    sender = _sender(session)
    if sender is None:
        session.execute(statement, row)
    else:
        sender.put(statement, row)


def ask(session: Session, statement: Executable, row: Mapping[str, Any]) -> Rows:
    """Have a statement done now; its rows."""
    sender = _sender(session)
    return session.execute(statement, row).all() if sender is None else sender.foresee(statement, row)()


def _sender(session: Session) -> Sender | None:
    """What sends; what the session holds itself is done first, as it may be what the next statement refers to."""
    session.flush()
    found: Sender | None = session.info.get(SENDER)
    return found


def told(session: Session, statement: Executable, row: Mapping[str, Any]) -> Rows | None:
    """The rows of a question that went with the beginning of the step, once; None where it did not.

    They are of before whatever the step has done.
    """
    ahead: list[tuple[Question, Callable[[], Rows]]] = session.info.get(TOLD, [])
    for place, ((asked, given), rows) in enumerate(ahead):
        if asked is statement and given == row:
            del ahead[place]
            return rows()
    return None


def numbers(table: str, count: int) -> Question:
    """The question for the next so many ids of a table, for rows that are put with them; see `told`.

    Engines that take no questions ahead are not asked: they give the ids where the rows are stored.
    """
    return _NUMBERS, {"named": table, "many": count}


@contextmanager
def forgetting(session: Session) -> Iterator[None]:
    """Directly within a savepoint: what was put inside is done before the savepoint ends, or not sent any more."""
    sender: Sender | None = session.info.get(SENDER)
    if sender is None:
        yield
        return
    session.connection()  # makes the savepoint, which SQLAlchemy leaves until it sees something done
    try:
        yield
        session.flush()
        sender.send()
    except BaseException:
        sender.forget()
        raise
