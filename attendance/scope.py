"""`Scope`: where, for what and among whom people are looked for; it goes with each look from door to record."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from gallery.values import Direction, Place


@dataclass(frozen=True, slots=True)
class Scope:
    """Marks are made in ``session`` (None: the day's own) of people of ``group`` (None: of all) seen at ``place``.

    ``target_fpir`` is the share of strangers that may be taken for somebody there (None: the setting's), ``at`` the
    instant that a look is of (None: that of the look itself). ``direction`` is the way people go there (None: either).
    In a ``dry_run`` nothing is written.
    """

    session: str | None = None
    group: str | None = None
    place: "Place | None" = None
    target_fpir: float | None = None
    at: datetime | None = None
    dry_run: bool = False
    direction: "Direction | None" = None

    @property
    def place_id(self) -> int | None:
        """The number of the place in the gallery."""
        return None if self.place is None else self.place.id

    @property
    def site(self) -> str | None:
        """The site that the place belongs to."""
        return None if self.place is None else self.place.site

    def of(self, at: datetime | None) -> Self:
        """The same for a look of that instant."""
        return self if at is None or at == self.at else replace(self, at=at)


ANYWHERE = Scope()
"""The day's own session, everybody, no place."""
