"""The shapes of who asks and what answers."""

from typing import Literal

from pydantic import Field

from attendance.web.api.models.shared import Instant, Told


class Me(Told):
    """Who asks."""

    name: str
    role: Literal["admin", "teacher", "auditor", "kiosk", "program"]
    token: int | None = Field(description="The number of the token.")
    scopes: list[str]
    ends: Instant | None = Field(description="Until when the token holds.")


class Version(Told):
    """What answers."""

    name: str
    version: str
    api: str
    zone: str = Field(description="The site's zone.")
    now: Instant
