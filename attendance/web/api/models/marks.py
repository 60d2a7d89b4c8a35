"""The shapes of sessions and marks."""

from typing import Literal

from pydantic import Field

from attendance.web.api.models.shared import DayText, Instant, NameText, NeededReason, Ref, Sent, Told, Way


class Session(Told):
    """What people are marked for."""

    name: str = Field(examples=["2026-03-02"])
    kind: Literal["day", "named"]
    day: DayText
    zone: str
    opens: Instant
    closes: Instant | None
    group: str | None
    marks: int = Field(description="People whose mark counts.")


class Sessions(Told):
    """A page of sessions."""

    items: list[Session]
    next: str | None


class NewSession(Sent):
    """A session to open."""

    name: NameText = Field(examples=["Excursion"])
    group: NameText | None = Field(default=None, description="Of this group alone.")


class Void(Told):
    """By whom, when and why a mark was declared wrong."""

    at: Instant
    by: str
    reason: str


class Mark(Told):
    """Somebody was there; what is void or waits for a second person does not count."""

    id: str
    session: str
    person: Ref
    at: Instant | None = Field(description="When the person was there; null where it is not known.")
    how: str = Field(examples=["camera", "manual"])
    direction: Way | None
    entered: Instant
    by: str
    counts: bool
    waits: bool = Field(description="Whether a second person is still to approve it.")
    void: Void | None
    sighting: int | None = Field(description="The number of the decision that it rests on.")


class Marks(Told):
    """A page of marks."""

    items: list[Mark]
    next: str | None


class NewMark(Sent):
    """Somebody to mark by hand."""

    person: NameText = Field(description="The person's external id.", examples=["P-1"])
    session: NameText | None = Field(
        default=None, description="A session's name or a day; else that of `at`, or today's."
    )
    at: str | None = Field(
        None,
        max_length=64,
        description="When: a whole instant, or a time on the clock of the site; else now.",
        examples=["2026-03-02T08:05:00+01:00"],
    )
    note: str = Field(default="", max_length=2000)
    direction: Way | None = None


class VoidMark(Sent):
    """Why a mark is wrong."""

    reason: NeededReason


class CorrectMark(Sent):
    """The right time of a mark, and why."""

    at: str = Field(max_length=64, examples=["2026-03-02T08:05:00+01:00"])
    reason: NeededReason
    direction: Way | None = None


class Corrected(Told):
    """The new mark, and the one that is void."""

    made: Mark
    old: Mark
