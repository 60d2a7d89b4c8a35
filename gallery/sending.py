"""The few statements that every mark needs: put together once, and sent with the next one where the engine can do that.

    put(session, INSERT, row)                  # nobody waits for its answer: it goes with what is sent next
    numbers = foresee(session, QUESTION, {})   # as `put`
    made = ask(session, ANOTHER, row)          # these three go to the server, and are answered, at once
    first = numbers()

They are done in their order: after the rows that the session was given before, and before whatever it does next, be it
a question, rows of its models, or the beginning or the end of a part of the step. What one of them is refused for is
raised by what it goes with, at the latest by the commit. Each statement is a constant of a module, as it is remembered
for good; a row tells a value for every column.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, Protocol, TypeAlias

from sqlalchemy import Executable
from sqlalchemy.orm import Session

Rows: TypeAlias = Sequence[Sequence[Any]]
SENDER: Final = "sender"
"""Where the session of a writing step finds what sends for it; without one each statement is done at once."""


class Sender(Protocol):
    """Keeps statements until the next one is sent."""

    def put(self, statement: Executable, row: Mapping[str, Any]) -> None:
        """As `put`."""

    def foresee(self, statement: Executable, row: Mapping[str, Any]) -> Callable[[], Rows]:
        """As `foresee`."""

    def numbers(self, table: str, count: int) -> Callable[[], list[int]]:
        """As `numbers`."""

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


def foresee(session: Session, statement: Executable, row: Mapping[str, Any]) -> Callable[[], Rows]:
    """Have a statement done, and its answer told by what is returned, once that is called."""
    sender = _sender(session)
    if sender is None:
        rows = session.execute(statement, row).all()
        return lambda: rows
    return sender.foresee(statement, row)


def _sender(session: Session) -> Sender | None:
    """What sends; what the session holds itself is done first, as it may be what the next statement refers to."""
    session.flush()
    found: Sender | None = session.info.get(SENDER)
    return found


def ask(session: Session, statement: Executable, row: Mapping[str, Any]) -> Rows:
    """Have a statement done now; its rows."""
    return foresee(session, statement, row)()


def numbers(session: Session, table: str, count: int) -> Callable[[], list[int]]:
    """The next so many ids of a table, foreseen, for rows that are put with them; none where the engine gives them."""
    sender: Sender | None = session.info.get(SENDER)
    return list if sender is None else sender.numbers(table, count)


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
        sender.send()
    except BaseException:
        sender.forget()
        raise
