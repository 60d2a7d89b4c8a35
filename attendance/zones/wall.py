"""When a clock on the wall shows a time: mostly once, twice where clocks are put back, never where they skip it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Shown:
    """When a clock shows a time, in UTC: ``at``, and where it comes twice, ``again`` for the second time.

    ``at`` of a time that is ``skipped`` is as far past the gap as the time says.
    """

    at: datetime
    again: datetime | None = None
    skipped: bool = False


def shown(told: datetime, where: ZoneInfo) -> Shown:
    """When the clocks of the zone show this time; ``told`` has no offset."""
    first, second = (told.replace(tzinfo=where, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first.astimezone(where).replace(tzinfo=None) != told:
        return Shown(first, skipped=True)
    return Shown(first, None if second == first else second)
