"""The shapes of cameras and what becomes of them."""

from typing import Literal

from pydantic import Field

from attendance.web.api.models.shared import Instant, NameText, Sent, Told


class Trouble(Told):
    """What was last wrong with a camera."""

    at: Instant
    detail: str
    help: str
    id: str = Field(description="The error's id; empty for what the camera itself told.")


class Camera(Told):
    """How a camera does, and what has come of it today."""

    number: int
    name: str
    wanted: bool = Field(description="Whether it is to be watched whenever the service runs.")
    session: str | None
    state: Literal["off", "opening", "online", "stale", "offline", "failed", "ended", "elsewhere"]
    detail: str
    since: Instant
    fps: float = Field(description="Frames judged a second.")
    lag_s: float | None = Field(description="How old frames are when they are judged.")
    age_s: float | None = Field(description="How old the newest frame is.")
    judged: int
    marked: int
    review: int
    unknown: int
    trouble: Trouble | None


class CameraList(Told):
    """A page of cameras."""

    items: list[Camera]
    next: str | None


class WatchCamera(Sent):
    """What a camera is watched for."""

    session: NameText | None = Field(default=None, description="Mark in this session; else in the day's own.")
