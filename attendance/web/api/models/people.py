"""The shapes of people, their photos and their groups."""

from typing import Any, Literal

from pydantic import Field

from attendance.web.api.models.shared import Day, Instant, NameText, Ref, ScoredRef, Sent, Told


class Person(Told):
    """Somebody who is enrolled."""

    id: str = Field(description="The external id.", examples=["P-1"])
    name: str = Field(examples=["Ada Lovelace"])
    groups: list[str] = Field(examples=[["7A"]])
    templates: int = Field(description="Photos by which they can be recognised.")
    created: Instant
    active: bool
    note: str


class People(Told):
    """A page of people."""

    items: list[Person]
    next: str | None = Field(description="The cursor of the next page.")


class NewConsent(Sent):
    """That somebody has agreed that their face is kept."""

    given_by: Literal["self", "guardian"] = Field(description="Who agrees.")
    giver: str = Field(default="", max_length=200, description="The guardian's name.")
    purposes: list[Literal["face", "photo", "unknown"]] = Field(
        default=["face"], min_length=1, max_length=3, description="What it is for."
    )
    document_sha256: str | None = Field(
        default=None, pattern="^[0-9a-f]{64}$", description="The SHA-256 of the signed paper."
    )
    until: Day | None = Field(default=None, description="The last day on which it holds; else until withdrawn.")


class NewPerson(Sent):
    """Somebody new; photos follow, where they have agreed or nobody is asked."""

    name: NameText = Field(examples=["Ada Lovelace"])
    id: NameText | None = Field(default=None, description="The external id; else one is made.", examples=["S-1042"])
    groups: list[NameText] = Field(default=[], max_length=100, examples=[["7A"]])
    note: str = Field(default="", max_length=2000)
    consent: NewConsent | None = Field(default=None, description="What they have agreed to.")


class PersonChange(Sent):
    """What is to be another of a person; what is left out stays."""

    name: NameText | None = Field(default=None, examples=["Ada King"])
    groups: list[NameText] | None = Field(default=None, max_length=100, description="All groups from now on.")
    active: bool | None = Field(default=None, description="Whether checks look for them.")
    since: Day | None = Field(default=None, description="From which day on groups and standing hold; else from now on.")


class Merge(Sent):
    """Who gets all that is kept of a person."""

    into: NameText = Field(description="The external id of who stays.", examples=["P-1"])


class Erased(Told):
    """What is gone with a person."""

    id: str
    templates: int
    marks: int
    erased: bool = Field(description="False until other programs let the last traces be overwritten.")


class PhotoOfPerson(Told):
    """A photo of a person; the picture of the face is read by itself."""

    number: int
    encoder: str
    quality: dict[str, Any]
    source: str
    created: Instant
    face: bool = Field(description="Whether the face is kept.")


class Photos(Told):
    """A page of photos."""

    items: list[PhotoOfPerson]
    next: str | None


class EnrolledPhoto(Told):
    """What a photo came to."""

    outcome: Literal["enrolled", "added", "replaced", "unchanged"]
    person: Ref
    quality: dict[str, Any] | None
    lookalikes: list[ScoredRef] = Field(description="Who is hard to tell from this person.")
    warnings: list[str]


class Group(Told):
    """A group, and how many active people belong to it."""

    name: str = Field(examples=["7A"])
    people: int


class Groups(Told):
    """All groups."""

    items: list[Group]
    next: str | None
