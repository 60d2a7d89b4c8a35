"""When people were looked for, by what, and for whom: who was not seen then was not there, else nothing is known.

A camera, or a video of now, looks from its first frame that was judged to its last; a picture is of one instant. Where
nobody can be recognised, nobody is looked for.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final, Self

from attendance.register.sessions import group_number
from attendance.zones import local_day
from gallery.repositories import coverage

if TYPE_CHECKING:
    from attendance.scope import Scope
    from gallery.ports import Database, Transaction
    from gallery.timetablevalues import CoverageKind, StoredCoverage
    from gallery.values import Means

FILES: Final = "files"
"""What pictures and videos are called here: their names may be those of people, who may be removed one day."""
CAMERA: Final = "camera"
"""What the pictures of a camera are called that has no name, as a program hands them in one by one."""
PAUSE: Final = timedelta(minutes=1)
"""How long a camera may give no picture and is still looking."""
SAME_LOOK: Final = timedelta(seconds=1)
"""Pictures closer together than this are one look."""


GAP: Final = timedelta(minutes=5)
"""How long a source may pause before that is a gap, as when statuses are derived."""
WATCHING: Final = ("camera", "device")
"""The kinds of sources that go on looking, so that a pause means something."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Between two spans of one day a source has not looked."""

    kind: str
    source: str
    begins: datetime
    ends: datetime


def gaps_of(found: "Iterable[StoredCoverage]", zone: str) -> list[Gap]:
    """The gaps of more than five minutes between two spans of a source within a day of the zone, in order of time."""
    reached: dict[tuple[str, str], datetime] = {}
    gaps: list[Gap] = []
    for each in sorted((one for one in found if one.kind in WATCHING), key=lambda one: one.begins):
        key = (each.kind, each.source)
        before = reached.get(key)
        if (
            before is not None
            and each.begins - before > GAP
            and local_day(before, zone) == local_day(each.begins, zone)
        ):
            gaps.append(Gap(each.kind, each.source, before, each.begins))
        reached[key] = each.ends if before is None else max(before, each.ends)
    return gaps


@dataclass(frozen=True, slots=True)
class Stretch:
    """What was noted of a source that goes on looking: the row (None: none yet) and since when it is of.

    It was looked for those whom the gallery held at ``generation``: who is enrolled later was not.
    """

    row: int | None
    begins: datetime
    generation: int


class CoverageNotes:
    """Notes when people were looked for; ``searched`` tells how many can be recognised, ``by`` is who acts.

    ``also`` tells the days, besides those that a time lies on, for which it matters that somebody has looked then.
    ``site`` is the one that this computer works for.
    """

    def __init__(
        self,
        store: "Database",
        searched: Callable[[], int],
        by: str,
        latest: "dict[tuple[str, int | None, str | None], tuple[datetime, Stretch]] | None" = None,
        *,
        also: "Callable[[Transaction, datetime, datetime], Iterable[date]]" = lambda *_: (),
        site: str | None = None,
    ) -> None:
        self._store, self.searched, self._by, self.also = store, searched, by, also
        self._site = site
        self._latest = {} if latest is None else latest

    def by(self, name: str) -> Self:
        """The same, with somebody else who acts."""
        return type(self)(self._store, self.searched, name, self._latest, also=self.also, site=self._site)

    def picture(self, means: "Means", scope: "Scope", at: datetime, *, now: datetime) -> None:
        """A picture was looked at that is of this instant; ``now`` is that of the look.

        Those that a program takes of a camera one after another are what the camera has looked at all the while.
        """
        where = (means, scope.place_id, scope.group)
        latest = self._latest.get(where)
        if latest is not None and abs(at - latest[0]) < SAME_LOOK:
            return
        goes_on = means == "camera" and latest is not None and latest[0] < at <= latest[0] + PAUSE
        begins, stretch = latest if goes_on and latest is not None else (at, None)
        noted = self.stretch(means, scope, FILES if means == "file" else CAMERA, begins, at, stretch, now=now)
        if noted is not None:
            self._latest[where] = at, noted

    def shown(self, means: "Means", scope: "Scope", begins: datetime, ends: datetime, *, now: datetime) -> bool:
        """Recordings of this time were looked through; false where nobody could be recognised."""
        if not self.searched():
            return False
        with self._store.atomic() as transaction:
            self._begin(transaction, means, scope, FILES, begins, ends, now)
        return True

    def stretch(
        self,
        means: "Means",
        scope: "Scope",
        source: str,
        begins: datetime,
        ends: datetime,
        before: Stretch | None,
        *,
        now: datetime | None = None,
    ) -> Stretch | None:
        """A source has looked from an instant to another; what is noted of it, to be handed in ``before`` more is.

        None where nobody could be recognised. When people were enrolled meanwhile what follows is another row, without
        a gap: a row is for those who were enrolled when it began.
        """
        if not self.searched():
            return None
        with self._store.atomic() as transaction:
            generation = self._store.generation()
            if before is None:
                before = Stretch(None, begins, generation)
            row = before.row
            if row is None:
                row = self._begin(transaction, means, scope, source, before.begins, ends, now or ends)
            else:
                coverage.extend(transaction, row, ends)
            if before.generation == generation:
                return Stretch(row, before.begins, generation)
            return Stretch(None, ends, generation)

    def _begin(
        self,
        transaction: "Transaction",
        kind: "CoverageKind",
        scope: "Scope",
        source: str,
        begins: datetime,
        ends: datetime,
        now: datetime,
    ) -> int:
        named = source if scope.place is None else scope.place.name
        return coverage.begin(
            transaction,
            kind,
            FILES if kind == "file" and scope.place is None else named,
            begins=begins,
            ends=ends,
            at=now,
            by=self._by,
            place=scope.place_id,
            group_id=None if scope.group is None else group_number(transaction, scope.group),
            site=self._site or scope.site,
        )
