"""The three seams of the gallery, each to be replaced by another that keeps its word: a database, a search, a vault.

`gallery.sqlite` and `gallery.postgres` keep that of `Database`, `gallery.search` that of `Search`, `gallery.vault` that
of `Vault`.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, Protocol, Self, TypeAlias

from gallery.values import Hit, Orphan, Server, Soundness, Templates

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray
    from sqlalchemy.orm import Session

    from gallery.sending import Question
    from gallery.traces import Needle, Scanned

    Transaction: TypeAlias = Session


PATIENCE_S: Final = 15.0
"""How long a writer waits for others: every face that is judged is written, and a camera must not stop for that."""


class Database(Protocol):
    """People, templates, sessions, marks and events of one home; the only truth.

    May be used by several threads at once. Whatever the engine raises comes out as a GalleryUnusable or a Conflict.
    """

    chain_key: "Callable[[Transaction], bytes | None] | None"
    """What gives the key that links entries of the log; None where nothing does."""
    after_erasure: "Callable[[], object] | None"
    """What `finish_erasure` does first, where something was erased."""

    @property
    def engine(self) -> Literal["sqlite", "postgresql"]:
        """Which engine it is."""

    @property
    def home(self) -> Path:
        """The folder of the home on this computer; the key lies there."""

    @property
    def where(self) -> str:
        """How messages name the database."""

    @property
    def read_only(self) -> bool:
        """Whether nothing is ever written."""

    @property
    def inside(self) -> bool:
        """Whether this thread is within `atomic()` or `reading()`."""

    @property
    def schema_version(self) -> str:
        """The revision of the schema."""

    @classmethod
    def open(
        cls,
        home: Path,
        *,
        create: bool = True,
        read_only: bool = False,
        busy_timeout_s: float = PATIENCE_S,
        at: datetime | None = None,
    ) -> Self:
        """Open the home's database, made where there is none and upgraded where its schema is older."""

    def close(self) -> None:
        """Close every connection."""

    def __enter__(self) -> Self:
        """Itself; closed where the ``with`` ends."""

    def __exit__(self, *_: object) -> None:
        """Close."""

    def atomic(self, *ahead: "Question") -> AbstractContextManager["Transaction"]:
        """All or nothing, alone among writers from the start; inside another `atomic()` a savepoint of it.

        Questions ``ahead`` may be answered with its beginning, see `gallery.sending.told`.
        """

    def reading(self) -> AbstractContextManager["Transaction"]:
        """One consistent view; nested calls share it, and inside `atomic()` it is that of the writing one."""

    def generation(self) -> int:
        """A number that every change of people, templates or groups raises; one and the same within a view."""

    def wait_for_change(self, generation: int, timeout_s: float) -> bool:
        """Until the generation is another than this one; false when so many seconds are over."""

    def bump(self, transaction: "Transaction") -> None:
        """Raise the generation, inside `atomic()`."""

    def server_time(self, transaction: "Transaction") -> datetime | None:
        """What the clock shows that all who share the database go by; None where that is this computer's own."""

    def server(self) -> "Server | None":
        """What is known of the server that the database is on; None where it is a file."""

    def meta(self, key: str) -> str | None:
        """A fact about the home, or None."""

    def set_meta(self, key: str, value: str | None) -> None:
        """Record a fact about the home, or forget it with None."""

    @staticmethod
    def is_there(home: Path) -> bool:
        """Whether `home` has a database."""

    @staticmethod
    def refuse_used(home: Path) -> None:
        """Raise NotEmpty where the database of `home` is, or was: nothing is restored over it."""

    @staticmethod
    def building(
        home: Path, revision: str, then: "Callable[[Transaction], bool]" = ...
    ) -> AbstractContextManager["Transaction"]:
        """The empty tables of a revision to fill; upgraded, they are the database of `home`, all of it or nothing.

        `then` changes what is there after the upgrade; where it says so, what it deleted is overwritten.
        """

    @staticmethod
    def counters(transaction: "Transaction") -> dict[str, int]:
        """The highest id ever given out, by table."""

    @staticmethod
    def set_counters(transaction: "Transaction", new: Mapping[str, int]) -> None:
        """Have the tables go on from these ids, so that none is used twice."""

    def check(self, *, quick: bool = False) -> Soundness:
        """What the engine itself finds wrong; `quick` leaves out what takes long. Changes nothing."""

    def drop_orphans(self, transaction: "Transaction") -> list[Orphan]:
        """Delete the rows whose owner is gone; returns which they were."""

    def size(self) -> int:
        """How many bytes the database takes."""

    def plan_erasure(self) -> None:
        """Remember, inside the `atomic()` that removes something, that `finish_erasure` is to follow."""

    def finish_erasure(self) -> bool:
        """Take what was removed out of logs and free pages, too; true when nothing is left to do."""

    def compact(self) -> bool:
        """Write the database anew without what is free in it; false where it cannot be done now."""

    def unerased(self) -> str | None:
        """What still holds bytes of somebody removed, in words; None where nothing does."""

    def beyond_reach(self) -> list[str]:
        """What may hold them besides, which `finish_erasure` and `compact` cannot overwrite, in words."""

    def scan(self, needles: "Iterable[Needle]") -> "Iterator[Scanned]":
        """Look for traces through all that the database holds outside of the home's folder; see `gallery.traces`."""


class Search(Protocol):
    """Templates in memory, asked for the nearest; results equal comparing with each of them."""

    def add(self, template_id: int, person_id: int, vector: "ArrayLike", cohort_mean: float) -> None:
        """One template, vector (d,), under a new id."""

    def extend(self, new: Templates) -> None:
        """Several templates."""

    def remove(self, template_id: int) -> None:
        """Take one out; raises KeyError where it is not in."""

    def drop(self, template_ids: Collection[int]) -> None:
        """Take several out; raises KeyError where one is not in."""

    def templates_of(self, people: Collection[int]) -> dict[int, int]:
        """Template id to person id of the templates of these people."""

    @property
    def owners(self) -> "tuple[NDArray[np.int64], NDArray[np.int64]]":
        """The ids of all templates (n,), and whose they are (n,)."""

    @property
    def bytes(self) -> int:
        """How much memory the templates take in it."""

    def search(
        self,
        vectors: "NDArray[np.float32]",
        cohort_means: "ArrayLike",
        *,
        people: int = 5,
        allowed: Collection[int] | None = None,
    ) -> list[list[Hit]]:
        """For each probe of `vectors` (n, d) up to `people` distinct people, best first, among those `allowed`."""

    @property
    def people(self) -> AbstractSet[int]:
        """The ids of those who have a template in it, as they are at each moment."""

    def size(self, allowed: Collection[int] | None = None) -> int:
        """How many people have a template in it: all, or of those `allowed`."""

    def scores_with_others(self, person: int, others: Collection[int] | None, most: int) -> "NDArray[np.float32]":
        """Scores (n,) of a person with at most `most` of `others` (None: all), by the first template of each."""


class Cipher(Protocol):
    """Seals bytes so that they open for one person, pipeline and purpose alone."""

    def seal(self, plain: bytes, *, person: int | str, pipeline_id: str, purpose: str) -> bytes:
        """`plain`, sealed."""

    def open(self, sealed: bytes, *, person: int | str, pipeline_id: str, purpose: str) -> bytes:
        """What `seal` was given; raises TemplateAltered on any difference."""

    def derive(self, purpose: str, salt: bytes) -> bytes:
        """A key of 32 bytes for one purpose alone, from which nobody can tell the home's."""


class Vault(Cipher, Protocol):
    """Keeps the key of a home and seals with it."""

    def unlock(self) -> Cipher:
        """What seals and opens in the transaction this thread is in; raises what keeps the key from opening it."""

    def file(self) -> bytes:
        """What the key file holds that opens what is stored, to be copied; raises as `unlock`."""

    def rotate(self, *, at: datetime, by: str) -> int:
        """A new key, everything sealed anew with it, whole or not at all; returns how many values were sealed."""
