"""From what a door was asked for to the scope that faces are judged in: whose session, which group, which place."""

from typing import TYPE_CHECKING

from attendance.scope import Scope

if TYPE_CHECKING:
    from attendance.clock import Clock
    from attendance.judge.judging import Judge
    from attendance.register.sessions import SessionInfo, Sessions
    from gallery.values import Place


class Scopes:
    """Makes scopes; nothing is written."""

    def __init__(self, judge: "Judge", sessions: "Sessions", clock: "Clock") -> None:
        self._judge, self._sessions, self._clock = judge, sessions, clock

    def of(
        self,
        session: str | None = None,
        group: str | None = None,
        place: "Place | None" = None,
        *,
        dry_run: bool = False,
    ) -> Scope:
        """The scope asked for: the group given, else the place's, else the session's; the target is the place's.

        Makes no session. Raises GroupUnknown, SessionUnknown, SessionClosed, SessionDay.
        """
        found = None if session is None else self._looked_for_in(session)
        wanted = group
        if wanted is None and place is not None:
            wanted = place.group
        if wanted is None and found is not None:
            wanted = found.group
        scope = Scope(session, wanted, place, None if place is None else place.target_fpir, dry_run=dry_run)
        self._judge.policy(scope)
        return scope

    def _looked_for_in(self, session: str) -> "SessionInfo | None":
        from attendance.register.sessions import day_named

        at, day = self._clock.utc(), day_named(session)
        if day is not None and self._sessions.known(session) is None:
            self._sessions.begun(day, at)
            return None
        return self._sessions.for_marks(session, at)
