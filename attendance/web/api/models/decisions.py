"""The shapes of decisions, and of what is said of them."""

from typing import Annotated, Any, Literal

from pydantic import Field

from attendance.web.api.models.shared import Instant, NameText, Reason, Ref, ScoredRef, Sent, Told

Liveness = Annotated[
    Literal["live", "unsure", "attack"] | None,
    Field(
        description="Whether a living face was seen: live, it moved as faces do; unsure, that could not be told; "
        "attack, it moved as a picture does. Null: not asked, as of photos. A film on a screen may be called live."
    ),
]


class Decision(Told):
    """What a face on a photo comes to."""

    sighting: int | None = Field(description="The number of what was recorded; null in a dry run.")
    decision: Literal["present", "already", "review", "unknown", "refused"]
    at: Instant
    person: Ref | None
    mark: str | None
    score: float | None
    threshold: float
    margin: float | None
    target_fpir: float
    gallery_size: int
    candidates: list[ScoredRef]
    box: list[int] | None = Field(description="x, y, width and height in pixels.")
    quality: dict[str, Any]
    reasons: list[str]
    liveness: Liveness


class Decisions(Told):
    """The decisions on the faces of a photo."""

    dry_run: bool
    decisions: list[Decision]
    remark: str | None = Field(description="Why there is no decision.")


class Candidate(Told):
    """Somebody a face was compared with; id and name are null where they were removed since."""

    id: str | None
    name: str | None
    score: float | None


class Said(Told):
    """What somebody has said of it."""

    kind: str
    at: Instant
    by: str
    reason: str


class Seen(Told):
    """A face that was judged, and all that the decision rests on."""

    sighting: int
    decision: Literal["present", "already", "review", "unknown", "refused"]
    at: Instant
    session: str | None
    place: str | None
    source: str
    frame: int | None
    track: int | None
    box: list[int] | None
    person: Ref | None
    score: float | None
    threshold: float | None
    margin: float | None
    target_fpir: float | None
    gallery_size: int | None
    pipeline: str
    reasons: list[str]
    candidates: list[Candidate]
    quality: dict[str, Any]
    liveness: Liveness
    face: bool = Field(description="Whether the face is kept.")
    lookalikes: list[Ref]
    said: list[Said]


class Reviews(Told):
    """A page of what waits for somebody to look."""

    items: list[Seen]
    next: str | None


class Confirmation(Sent):
    """A word on it."""

    reason: Reason = ""


class Reassignment(Sent):
    """Who it was."""

    person: NameText = Field(description="The external id.", examples=["P-2"])
    reason: Reason = ""


class Settled(Told):
    """What came of it."""

    sighting: int
    said: str
    person: Ref | None
    mark: str | None
    new: bool = Field(description="Whether the mark was made for this.")
