"""The shapes of models that compare pictures, and of what comes of it."""

from typing import Literal

from pydantic import Field

from attendance.web.api.models.shared import Told


class SimilarityModel(Told):
    """A model of the workbench, and how often it was right."""

    name: str = Field(examples=["objects-pair"])
    task: Literal["pairs", "three"] = Field(description="What it was asked when the threshold was chosen.")
    side: int = Field(description="Pixels of the square that it sees.")
    channels: int = Field(description="1: grey, 3: colours.")
    distance: Literal["euclidean", "unit", "fused", "pair-head"]
    threshold: float = Field(description="A distance at or below it means alike; a smaller one is more alike.")
    how: str = Field(description="How the threshold was chosen.")
    accuracy: float = Field(description="Share of balanced test points that it answered rightly.")
    interval: list[float] = Field(description="95 % interval of the accuracy.", min_length=2, max_length=2)
    chance: float = Field(description="Share that guessing answers rightly.")
    points: int = Field(description="How many test points there were.")
    data: str = Field(description="What it was trained on.")
    classes: int
    unseen: bool = Field(description="Whether the classes of the test were never seen in training.")
    method: str
    initial: str = Field(description="Whose weights it started from; empty for none.")


class SimilarityModelList(Told):
    """A page of models."""

    items: list[SimilarityModel]
    next: str | None


class Apart(Told):
    """How far apart two of the pictures are, counted from 1."""

    first: int
    second: int
    distance: float
    alike: bool


class Comparison(Told):
    """Whether two of the pictures are alike."""

    model: str
    alike: bool
    says: str = Field(description="The decision in words.")
    threshold: float
    closest: list[int] = Field(description="The two that are least apart.", min_length=2, max_length=2)
    pairs: list[Apart]
    remark: str | None = Field(description="Where the threshold was chosen for another question, what to know of it.")
