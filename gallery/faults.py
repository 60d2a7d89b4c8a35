"""From what a database engine and SQLAlchemy raise to the gallery's own errors, whichever engine it is."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError, StatementError

from gallery.errors import GalleryError, GalleryFailed

E = TypeVar("E", bound=Exception)


@contextmanager
def mapped_by(raised: type[E], translate: Callable[[E], GalleryError], where: str) -> Iterator[None]:
    """Let no error of the engine or SQLAlchemy out; what a column type refuses comes out as its ValueError.

    ``raised`` is what the engine's driver raises, which ``translate`` turns into the gallery's error. Statements and
    what they are given (names, notes) stay out of every message; engines hide parameters besides.
    """
    try:
        yield
    except raised as error:
        raise translate(error) from error
    except StatementError as error:
        if isinstance(error.orig, raised):
            raise translate(error.orig) from error
        if isinstance(error.orig, ValueError | TypeError):
            raise error.orig from None
        raise GalleryFailed(where, str(error.orig or type(error).__name__)) from error
    except SQLAlchemyError as error:
        raise GalleryFailed(where, str(error).partition("\n")[0]) from error
