"""What a refusal looks like from outside, whichever package it comes from; and which ones end a run."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from attendance.errors import InternalFailed, SourceFailed

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
        return f"error[{self.id}] {sentence(f'{self.source}: {self.detail}')} {self.help}"


def is_ours(error: BaseException) -> bool:
    """Whether the error is one of the three trees: it has an id, an exit code and a sentence of help."""
    return all(isinstance(getattr(error, name, None), kind) for name, kind in _SHAPE.items())


_SHAPE: dict[str, type] = {"id": str, "exit_code": int, "help": str, "where": str, "detail": str}


@contextmanager
def only_here(source: str) -> Iterator[None]:
    """Models that have loaded and then fail on one source refuse that source alone, as `SourceFailed`."""
    from enroll.errors import DetectorFailed, EncoderFailed

    try:
        yield
    except (DetectorFailed, EncoderFailed) as error:
        raise SourceFailed(source, str(error)) from error


def problem_of(error: Exception, source: str) -> Problem:
    """The problem with one source. Raises the error again when it would hit every other source as well."""
    ours: Any = error if is_ours(error) else InternalFailed(source, f"{type(error).__name__}: {error}")
    if ours.exit_code >= ENDS_A_RUN:
        raise error
    detail = " ".join(ours.detail.split())
    if ours.where != source:
        detail = f"{ours.where}: {detail}"
    return Problem(source, ours.id, detail, ours.help, tuple(getattr(ours, "reasons", ())), ours)


def line_of(error: Any) -> str:
    """One line for people: which error, where, what, and what to do."""
    return f"error[{error.id}] {sentence(str(error))} {error.help}"


def sentence(text: str) -> str:
    """The text with exactly one mark at its end, whatever it came with: a question keeps its own."""
    bare = text.rstrip(" .,;:")
    return bare if bare.endswith(("?", "!", "…")) else f"{bare}."
