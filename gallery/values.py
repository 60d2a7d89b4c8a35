"""What the gallery hands out: plain, frozen, checked when made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Outcome = Literal["enrolled", "added", "replaced", "unchanged"]
CropForm = Literal["aligned", "chip"]
Means = Literal["camera", "file"]
Ruling = Literal["present", "already", "review", "unknown", "refused"]
Retention = Literal["mark", "review", "unknown", "refused"]
Method = Literal["face", "manual", "pin", "qr", "badge", "device"]
CorrectionKind = Literal["void", "restore", "confirm", "reassign", "dismiss", "excuse"]
PlaceKind = Literal["camera", "kiosk"]
Direction = Literal["in", "out"]
Pipelines = tuple[str, ...]
"""The names that one pipeline goes by, the present one first."""


@dataclass(frozen=True)
class PersonInfo:
    """A person as lists and decisions show them; `external_id` is what JSON calls the id.

    `templates` counts those of the gallery's own pipeline: without one nobody can be recognised.
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
    pipeline_id: str
    quality: Mapping[str, Any]
    source: str
    source_sha256: str
    created: datetime
    has_crop: bool


@dataclass(frozen=True)
class StoredCrop:
    """An opened crop (encoded picture) with what a new template made from it must carry on.

    A chip has its `landmarks` (5, 2) float32 in its own pixels; an aligned crop has none.
    """

    template: TemplateInfo
    picture: bytes
    landmarks: NDArray[np.float32] | None = None

    @property
    def form(self) -> CropForm:
        """How the face lies in the picture."""
        return "aligned" if self.landmarks is None else "chip"


@dataclass(frozen=True)
class OpenedTemplate:
    """A template opened: vector (d,) and cohort mean, and its crop; None is what is not kept or does not open."""

    template: TemplateInfo
    vector: NDArray[np.float32] | None
    cohort_mean: float | None
    crop: StoredCrop | None

    @property
    def damaged(self) -> bool:
        """Whether something of it does not open."""
        return self.vector is None or (self.crop is None and self.template.has_crop)


@dataclass(frozen=True)
class SealedTemplate:
    """A template as it lies in its row, and whose it is; `crop` is None where none is kept."""

    template: TemplateInfo
    external_id: str
    name: str
    active: bool
    vector: bytes
    crop: bytes | None
    form: CropForm = "aligned"


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


@dataclass(frozen=True, slots=True)
class Filed:
    """A template's number, whose it is (internal id), and the sha256 of the photo that it was made of."""

    template: int
    person: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Reached:
    """Of the active people with a template: who has one of a pipeline, could have by a kept crop, or needs a photo."""

    have: int
    waiting: int
    lost: int


@dataclass(frozen=True)
class Stats:
    """Counts of a gallery; `other_encoders` tells how many templates this pipeline cannot use, by pipeline."""

    pipeline_id: str
    people: int
    active: int
    without_template: int
    templates: int
    crops: int
    other_encoders: Mapping[str, int]
    groups: Mapping[str, int]
    lookalikes: int
    sessions: int
    sightings: int
    marks: int
    database_bytes: int


@dataclass(frozen=True)
class Defect:
    """A finding of `verify`: a stable id, what it is about, and the command that repairs it."""

    id: str
    where: str
    repair: str


@dataclass(frozen=True, slots=True)
class Server:
    """The server that a database is on: its version and how it is ``reached``, in words.

    ``local``: it is this computer; ``logs_values``: what statements are given goes into a text log of the server.
    """

    version: str
    reached: str
    local: bool
    encrypted: bool
    logs_values: bool


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


class ScoredKey(NamedTuple):
    """Somebody a face was compared with, by the internal id of then; None where it is not known any more."""

    key: int | None
    score: float | None
    cosine: float | None


@dataclass(frozen=True)
class Sighting:
    """A judged face or a finished track as it was given out; `id` is None until it is stored.

    `ruling` and `reasons` are the decision's; `person` is the internal id of whom it names. Numbers that a record of
    schema 0001 did not tell are None. `judged` holds what it takes to decide the same again, nothing in old records.
    """

    at: datetime
    means: Means
    source: str
    ruling: Ruling
    pipeline: str
    session: int | None = None
    person: int | None = None
    frame: int | None = None
    track: int | None = None
    box: Sequence[int] | None = None
    reasons: tuple[str, ...] = ()
    score: float | None = None
    cosine: float | None = None
    threshold: float | None = None
    margin: float | None = None
    target_fpir: float | None = None
    gallery_size: int | None = None
    candidates: tuple[ScoredKey, ...] = ()
    quality: Mapping[str, Any] = field(default_factory=dict)
    place: int | None = None
    id: int | None = None
    judged: Mapping[str, Any] = field(default_factory=dict, repr=False)
    site: str | None = None

    @property
    def retention(self) -> Retention:
        """For which purpose it is kept."""
        return "mark" if self.ruling == "present" or self.ruling == "already" else self.ruling  # noqa: PLR1714 - typed


@dataclass(frozen=True)
class Correction:
    """What somebody has said of a mark or a sighting; `person` is to whom a sighting was reassigned."""

    id: int
    kind: CorrectionKind
    at: datetime
    by: str
    reason: str
    mark: str | None = None
    sighting: int | None = None
    person: int | None = None


@dataclass(frozen=True)
class Place:
    """A camera or kiosk; its address is sealed and read by itself."""

    id: int
    name: str
    kind: PlaceKind
    site: str | None
    group: str | None
    target_fpir: float | None
    created: datetime
    active: bool
    direction: Direction | None = None


@dataclass(frozen=True)
class StoredMark:
    """A mark by the internal ids of person, session and sighting; void where `voided` tells by whom and why.

    `means` is the sighting's, None for a mark that rests on none.
    """

    id: str
    person: int
    session: int
    ordinal: int
    at: datetime
    time_is_known: bool
    entered: datetime
    by: str
    method: Method
    sighting: int | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    direction: Direction | None = None
    means: str | None = None
    voided: Correction | None = None
    awaits: bool = False
    approval: "Approval | None" = None
    site: str | None = None

    @property
    def is_void(self) -> bool:
        """Whether somebody has declared it wrong."""
        return self.voided is not None

    @property
    def valid(self) -> bool:
        """Whether it counts as presence: it is not void, and where it ``awaits`` approval it has it."""
        return not self.is_void and (not self.awaits or (self.approval is not None and self.approval.granted))

    @property
    def waits(self) -> bool:
        """Whether a second person is still to look at it."""
        return self.awaits and self.approval is None and not self.is_void


@dataclass(frozen=True)
class StoredSession:
    """A session; `day` is None for a named one, `marks` are those of the people asked for, void ones too.

    `people` are those of them who are enrolled.
    """

    id: int
    name: str
    kind: str
    day: date | None
    zone: str
    opens: datetime
    closes: datetime | None
    group: str | None
    marks: tuple[StoredMark, ...] = ()
    people: frozenset[int] = frozenset()
    site: str | None = None


class TimedMark(NamedTuple):
    """A valid mark as timetables are told of it; `day` is the local day of its session, in the session's zone.

    Where the time is not known `at` is the session's beginning. `pending` waits for somebody's approval.
    """

    id: str
    person: int
    at: datetime
    time_known: bool
    direction: Direction | None
    method: Method
    session: int
    day: date
    pending: bool


@dataclass(frozen=True)
class Approval:
    """A second person has looked at a mark or an excuse that waited for one, and granted it or not."""

    id: int
    granted: bool
    at: datetime
    by: str
    reason: str
    mark: str | None = None
    excuse: int | None = None


@dataclass(frozen=True)
class Event:
    """One line of the log; `seq` rises and is never used twice."""

    seq: int
    at: datetime
    by: str
    action: str
    subject: str
    details: dict[str, Any]
