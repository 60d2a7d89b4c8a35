"""What the gallery hands out: plain, frozen, checked when made."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Outcome = Literal["enrolled", "added", "replaced", "unchanged"]


@dataclass(frozen=True)
class PersonInfo:
    """A person as lists and decisions show them; `external_id` is what JSON calls the id.

    `templates` counts those of the gallery's own encoder: without one nobody can be recognised.
    """

    id: int
    external_id: str
    name: str
    groups: tuple[str, ...]
    templates: int
    created: datetime
    active: bool
    note: str


class Named(NamedTuple):
    """How a person is called: by external id and by name."""

    external_id: str
    name: str


class AddedTemplate(NamedTuple):
    """The template's id; `changed` is false where this photo was filed for this person before."""

    template_id: int
    changed: bool


@dataclass(frozen=True)
class EnrolResult:
    """What enrolling did; `unchanged` means the same photo was there already."""

    person: PersonInfo
    template_id: int
    outcome: Outcome


@dataclass(frozen=True)
class Removal:
    """What removing took away; `erased` is false until other readers let the log be emptied."""

    person_id: int
    templates: int
    marks: int
    erased: bool


@dataclass(frozen=True)
class Lookalike:
    """Two people too close to tell apart without a look, by internal id, the smaller first."""

    first_id: int
    second_id: int
    score: float
    created: datetime


@dataclass(frozen=True)
class TemplateInfo:
    """What is known of a template besides its vector."""

    id: int
    person_id: int
    encoder_id: str
    quality: Mapping[str, Any]
    source: str
    source_sha256: str
    created: datetime
    has_crop: bool


@dataclass(frozen=True)
class StoredCrop:
    """An opened aligned crop (encoded picture) with what a new template made from it must carry on."""

    template: TemplateInfo
    picture: bytes


@dataclass(frozen=True)
class SealedTemplate:
    """A template as it lies in its row, with the external id of its person; `crop` is None where none is kept."""

    template: TemplateInfo
    external_id: str
    vector: bytes
    crop: bytes | None


@dataclass(frozen=True)
class Templates:
    """Opened templates as arrays, row by row: ids (n,), people (n,), vectors (n, d), cohort means (n,).

    `altered` holds the ids of those that did not open and are therefore left out.
    """

    ids: NDArray[np.int64]
    people: NDArray[np.int64]
    vectors: NDArray[np.float32]
    cohort_means: NDArray[np.float32]
    altered: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        count = len(self.ids)
        if self.vectors.ndim != 2 or {len(self.people), len(self.vectors), len(self.cohort_means)} != {count}:  # noqa: PLR2004
            shapes = [a.shape for a in (self.ids, self.people, self.vectors, self.cohort_means)]
            raise ValueError(f"expected (n,), (n,), (n, d), (n,), got {shapes}")


@dataclass(frozen=True)
class Hit:
    """The best template of one person for a probe; a higher score is more alike."""

    person_id: int
    template_id: int
    score: float
    cosine: float


@dataclass(frozen=True)
class Stats:
    """Counts of a gallery; `other_encoders` tells how many templates this encoder cannot use, by encoder."""

    encoder_id: str
    people: int
    active: int
    without_template: int
    templates: int
    crops: int
    other_encoders: Mapping[str, int]
    groups: Mapping[str, int]
    lookalikes: int
    sessions: int
    marks: int
    database_bytes: int


@dataclass(frozen=True)
class Problem:
    """A finding of `verify`: a stable id, what it is about, and the command that repairs it."""

    id: str
    where: str
    repair: str


@dataclass(frozen=True)
class Orphan:
    """A row whose owner is gone: its table and number there, and the table of the owner."""

    table: str
    row: int
    parent: str


@dataclass(frozen=True)
class Soundness:
    """What an engine finds wrong with a database: damage in its own words, and rows without their owner."""

    damage: tuple[str, ...] = ()
    orphans: tuple[Orphan, ...] = ()


@dataclass(frozen=True)
class StoredMark:
    """A mark as it stands, by the internal ids of person and session; void where `voided_at` is not None."""

    id: str
    person: int
    session: int
    at: datetime
    how: str
    evidence: Mapping[str, Any]
    voided_at: datetime | None = None
    void_reason: str | None = None
    voided_by: str | None = None


@dataclass(frozen=True)
class StoredSession:
    """A session; `day` is None for a named one, `marks` are those of the people who were asked for."""

    id: int
    name: str
    kind: str
    day: date | None
    zone: str
    opens: datetime
    closes: datetime | None
    group: str | None
    marks: tuple[StoredMark, ...] = ()


@dataclass(frozen=True)
class Event:
    """One line of the log; `seq` rises and is never used twice."""

    seq: int
    at: datetime
    by: str
    action: str
    subject: str
    details: dict[str, Any]
