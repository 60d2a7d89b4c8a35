"""What a refusal looks like from outside, whichever package it comes from; and which ones end a run."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from attendance.errors import InternalFailed, SourceFailed
from refusal import Refusal, named, one_line, told

ENDS_A_RUN = 3


@dataclass(frozen=True, slots=True)
class Problem:
    """A source that was refused while the others went on; ``reasons`` are the codes of a refused face."""

    source: str
    id: str
    detail: str
    help: str
    reasons: tuple[str, ...] = ()
    error: Exception | None = field(default=None, compare=False, repr=False)

    @property
    def line(self) -> str:
        """One line for people."""
        return told(self.id, f"{self.source}: {self.detail}", self.help)


@contextmanager
def only_here(source: str) -> Iterator[None]:
    """Models that have loaded and then fail on one source refuse that source alone, as `SourceFailed`."""
    from enroll.errors import DetectorFailed, EncoderFailed, ScreenFailed

    try:
        yield
    except (DetectorFailed, EncoderFailed, ScreenFailed) as error:
        raise SourceFailed(source, str(error)) from error


def refusal_of(error: Exception, source: str) -> Refusal:
    """The error as one of ours: another's is `InternalFailed`, with its type."""
    return error if isinstance(error, Refusal) else InternalFailed(source, f"{type(error).__name__}: {error}")


def problem_of(error: Exception, source: str) -> Problem:
    """The problem with one source. Raises the error again when it would hit every other source as well."""
    ours = refusal_of(error, source)
    if ours.exit_code >= ENDS_A_RUN:
        raise error
    detail = ours.detail if ours.where == one_line(source) else str(ours)
    return Problem(source, ours.id, detail, ours.help, ours.reasons, ours)


def catalogue() -> list[type[Refusal]]:
    """The errors of the three packages that have an id, sorted by id."""
    import attendance.privacy_errors
    import attendance.service_errors  # noqa: F401 - their classes belong to the tree
    from attendance.errors import AttendanceError
    from enroll.errors import EnrollError
    from gallery.errors import GalleryError

    return named(AttendanceError, EnrollError, GalleryError)
