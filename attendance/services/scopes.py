"""From what a door was asked for to the scope that faces are judged in: whose session, which group, which place."""

from typing import TYPE_CHECKING

from attendance.register.directions import direction_of
from attendance.scope import Scope

if TYPE_CHECKING:
    from attendance.cameras import Address
    from attendance.clock import Clock
    from attendance.judge.judging import Judge
    from attendance.register.sessions import SessionInfo, Sessions
    from attendance.services.places import Places
    from gallery.values import Direction, Place


class Scopes:
    """Makes scopes; nothing is written.

    With ``target_given`` whoever asks has set target_fpir themselves, for this run: that overrules the place's.
    """

    def __init__(
        self, judge: "Judge", sessions: "Sessions", places: "Places", clock: "Clock", *, target_given: bool = False
    ) -> None:
        self._judge, self._sessions, self._places, self._clock = judge, sessions, places, clock
        self._target_given = target_given

    def before(
        self,
        camera: "str | Address",
        session: str | None = None,
        group: str | None = None,
        *,
        direction: "Direction | None" = None,
        dry_run: bool = False,
    ) -> "tuple[Address, Scope]":
        """Where the frames come from and the scope to judge them in; ``camera`` is a place's name or an address.

        A name is understood before an address. Raises as `of` and as `Places.camera`.
        """
        place, address = self._places.camera(camera) if isinstance(camera, str) else (None, camera)
        return address, self.of(session, group, place, direction=direction, dry_run=dry_run)

    def of(
        self,
        session: str | None = None,
        group: str | None = None,
        place: "Place | None" = None,
        *,
        direction: "Direction | None" = None,
        dry_run: bool = False,
    ) -> Scope:
        """The scope asked for: the group given, else the place's, else the session's; the target is the place's.

        A target given for this run overrules that, and so does a direction. Makes no session. Raises GroupUnknown,
        SessionUnknown, SessionClosed, SessionDay, MarkDirection, and, unless it is a dry run, MonthClosed.
        """
        found = None if session is None else self._looked_for_in(session)
        if session is not None and not dry_run:
            self._sessions.refuse_closed(session, self._clock.utc())
        wanted = group
        if wanted is None and place is not None:
            wanted = place.group
        if wanted is None and found is not None:
            wanted = found.group
        target = None if place is None or self._target_given else place.target_fpir
        given = direction_of(direction)
        way = given if given is not None or place is None else place.direction
        scope = Scope(session, wanted, place, target, dry_run=dry_run, direction=way)
        self._judge.policy(scope)
        return scope

    def _looked_for_in(self, session: str) -> "SessionInfo | None":
        from attendance.register.sessions import day_named

        at, day = self._clock.utc(), day_named(session)
        if day is not None and self._sessions.known(session) is None:
            self._sessions.begun(day, at)
            return None
        return self._sessions.for_marks(session, at)
