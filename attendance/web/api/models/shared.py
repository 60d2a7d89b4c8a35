"""The shapes that several subjects share: days and instants, people as others name them, refusals."""

import re
from datetime import date
from typing import Annotated, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def _iso_day(value: object) -> object:
    if isinstance(value, date):
        return value
    if isinstance(value, str) and _DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise ValueError("give a day as YYYY-MM-DD")


class Sent(BaseModel):
    """What programs send."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Told(BaseModel):
    """What programs are told."""

    model_config = ConfigDict(extra="forbid")


Instant = Annotated[
    str, WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-03-02T07:58:11.204Z"]})
]
"""An instant in UTC by RFC 3339."""
DayText = Annotated[str, WithJsonSchema({"type": "string", "format": "date", "examples": ["2026-03-02"]})]
Day = Annotated[
    date,
    BeforeValidator(_iso_day),
    WithJsonSchema({"type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}),
]
"""A day of the site's calendar."""
NameText = Annotated[str, Field(min_length=1, max_length=300)]
Reason = Annotated[str, Field(max_length=2000, description="Why; it is kept.", examples=["left ill"])]
NeededReason = Annotated[str, Field(min_length=1, max_length=2000, description="Why; it is kept.")]
Way = Literal["in", "out"]


class Problem(Told):
    """A refusal by RFC 9457; `id` is stable."""

    type: str = Field(examples=["urn:attendance:page.cursor"])
    title: str
    status: int
    detail: str
    instance: str
    id: str = Field(examples=["page.cursor"])
    reasons: list[str] | None = Field(default=None, description="Why a photo was refused, as codes.")


class Ref(Told):
    """A person as others name them."""

    id: str = Field(examples=["P-1"])
    name: str = Field(examples=["Ada Lovelace"])


class ScoredRef(Ref):
    """Somebody a face was compared with; a higher score is more alike."""

    score: float | None


class Withdrawal(Sent):
    """Why something is taken back."""

    reason: NeededReason
