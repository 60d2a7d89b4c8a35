"""Who is enrolled: found, listed, renamed, put into groups, merged, removed."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from attendance.access import may_see, needs
from attendance.errors import MonthClosed
from attendance.records import instant
from attendance.services.known import known_group
from attendance.zones import local_day
from gallery.errors import PersonAmbiguous, PersonUnknown
from gallery.repositories import months

if TYPE_CHECKING:
    from attendance.access import Actor
    from attendance.clock import Clock
    from attendance.register.sessions import Sessions
    from attendance.services.settled import Settled
    from gallery import Gallery
    from gallery.ports import Transaction
    from gallery.values import PersonInfo


@dataclass(frozen=True, slots=True)
class Holdings:
    """What is kept of a person, and would go with them."""

    person: "PersonInfo"
    templates: int
    marks: int


@dataclass(frozen=True, slots=True)
class Removed:
    """Who is gone, with what; ``erased`` is false until other programs let the last traces be overwritten."""

    person: "PersonInfo"
    templates: int
    marks: int
    erased: bool


class People:
    """The people of a home. A person is meant by external id, by exact name, or by the gallery's own number (int).

    Every method may raise PersonUnknown and PersonAmbiguous. ``tell`` is for lists of who was erased, outside the
    database: it is called when somebody was.
    """

    def __init__(
        self,
        gallery: "Gallery",
        sessions: "Sessions",
        clock: "Clock",
        settled: "Settled",
        tell: Callable[[], object] = bool,
    ) -> None:
        self._gallery = gallery
        self.tell = tell
        self._sessions = sessions
        self._clock = clock
        self._settled = settled

    def find(self, person: str | int) -> "PersonInfo":
        """Who is meant."""
        return self._gallery.find(person)

    def seen_by(self, groups: Collection[str] | None, person: str | int) -> "PersonInfo":
        """As `find`, for one who sees the people of these groups alone (None: all).

        Of others it says the same as of somebody who is not there, and names nobody who may be meant instead.
        """
        if groups is None:
            return self._gallery.find(person)
        try:
            found = self._gallery.find(person)
        except (PersonUnknown, PersonAmbiguous):
            found = None
        if found is None or not may_see(groups, found):
            raise PersonUnknown(str(person), "nobody has this id or name")
        return found

    def all(self, group: str | None = None, *, gone_too: bool = False) -> "list[PersonInfo]":
        """The active people by name, of one group or of all; with those who were set inactive where wanted.

        Raises GroupUnknown.
        """
        return self._gallery.people(known_group(self._gallery, group), active=None if gone_too else True)

    @needs("people.change")
    def rename(self, actor: "Actor", person: str | int, name: str) -> "PersonInfo":
        """Give a person another name; the id stays. Raises NameInvalid."""
        from enroll.roster import clean_name

        return self._gallery.rename(person, clean_name(name), at=self._clock.utc(), by=actor.name)

    @needs("people.change")
    def put_in(
        self, actor: "Actor", person: str | int, groups: Iterable[str], *, since: date | None = None
    ) -> "PersonInfo":
        """Make the person a member of these groups and no others, from today on or since an earlier day.

        The latest word counts: what was said of that day and later ones is taken back. Raises SessionDay for a day
        that has not begun, and MonthClosed where that month, or one after it, is closed.
        """
        now = self._clock.utc()
        day = local_day(now, self._sessions.zone) if since is None else self._sessions.begun(since, now)
        with self._gallery.store.atomic() as transaction:
            _refuse_closed(transaction, day)
            who = self._gallery.find(person)
            with self._settled.kept(transaction, [who.id]):
                return self._gallery.set_groups(who.id, groups, at=now, by=actor.name, from_day=day)

    @needs("people.change")
    def merge(self, actor: "Actor", person: str | int, into: str | int) -> "PersonInfo":
        """Give a person's templates and marks to another one, who stays and is returned.

        Raises Conflict, and MonthClosed where a status of either in a closed month would go or be another.
        """
        with self._gallery.store.atomic() as transaction:
            both = {self._gallery.find(person).id, self._gallery.find(into).id}
            with self._settled.kept(transaction, both):
                merged = self._gallery.merge(person, into, at=self._clock.utc(), by=actor.name)
        self._gallery.store.finish_erasure()
        return merged

    def holdings(self, person: str | int) -> Holdings:
        """What `remove` would take away."""
        with self._gallery.store.reading():
            found = self._gallery.find(person)
            return Holdings(found, *self._gallery.holdings(found.id))

    @needs("people.erase")
    def remove(self, actor: "Actor", person: str | int) -> Removed:
        """Remove a person with templates, marks and every other trace outside dated backups."""
        found = self._gallery.find(person)
        gone = self._gallery.remove(found.id, at=self._clock.utc(), by=actor.name)
        if not self._gallery.store.inside:  # within a step it is not done yet
            self.tell()
        return Removed(found, gone.templates, gone.marks, gone.erased)


def _refuse_closed(transaction: "Transaction", day: date) -> None:
    """Raise MonthClosed where the month of the day, or one after it, is closed: who belonged then is settled."""
    for month, state in months.states(transaction).items():
        if state.closed and month >= day.isoformat()[: len(month)]:
            raise MonthClosed(month, f"this month was closed at {instant(state.at)} by {state.by}")


def person_row(person: "PersonInfo") -> dict[str, Any]:
    """One line of ``gallery list --json``."""
    return {
        "id": person.external_id,
        "name": person.name,
        "groups": list(person.groups),
        "templates": person.templates,
        "created": instant(person.created),
        "active": person.active,
        "note": person.note,
    }
