"""People who leave, and who come back: out of checks and of reports on later days, with marks and templates kept."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from attendance.access import needs
from attendance.zones import day_start, zone
from gallery.standing import NEVER_LEFT

if TYPE_CHECKING:
    from attendance.access import Actor
    from attendance.clock import Clock
    from attendance.register.sessions import Sessions
    from attendance.services.settled import Settled
    from gallery import Gallery
    from gallery.values import PersonInfo


@dataclass(frozen=True, slots=True)
class Stands:
    """Whether somebody is active; ``since`` tells, on the site's clock, from when on not, where that is known."""

    person: "PersonInfo"
    since: datetime | None = None

    @property
    def words(self) -> str:
        """The same for people."""
        if self.person.active:
            return "active"
        return "inactive" if self.since is None else f"inactive since {self.since:%Y-%m-%d %H:%M}"


class Leaving:
    """Sets people inactive, and active again."""

    def __init__(self, gallery: "Gallery", sessions: "Sessions", clock: "Clock", settled: "Settled") -> None:
        self._gallery = gallery
        self._sessions = sessions
        self._clock = clock
        self._settled = settled

    def of(self, person: "str | int | PersonInfo") -> Stands:
        """How somebody stands; raises PersonUnknown, PersonAmbiguous."""
        who = self._gallery.find(person) if isinstance(person, str | int) else person
        since = self._gallery.standings().get(who.id, NEVER_LEFT).away_since
        return Stands(who, None if since is None else since.astimezone(zone(self._sessions.zone)))

    @needs("people.change")
    def set_active(self, actor: "Actor", person: str | int, active: bool, *, since: date | None = None) -> Stands:
        """Take somebody out of checks and of reports on later days, or in again.

        ``since`` is the first day for which that counts, at the site; without it, it counts from now on, and
        nothing happens to somebody who is so already. Raises PersonUnknown, PersonAmbiguous, SessionDay, and
        MonthClosed where a status of a closed month would be another.
        """
        now = self._clock.utc()
        with self._gallery.store.atomic() as transaction:
            who = self._gallery.find(person)
            if since is not None or who.active != active:
                begin = None if since is None else day_start(self._sessions.begun(since, now), self._sessions.zone)
                with self._settled.kept(transaction, [who.id]):
                    who = self._gallery.set_active(who.id, active, at=now, by=actor.name, since=begin)
            return self.of(who)
