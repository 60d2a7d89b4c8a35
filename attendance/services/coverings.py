"""When people were looked for: what was noted of cameras and files, the gaps in it, and what somebody adds by hand."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from attendance.access import needs
from attendance.errors import CoverageSpan, MarkTime, ReportPeriod
from attendance.register.coverage import gaps_of
from attendance.register.moments import wall_moment
from attendance.register.months import refuse_closed
from attendance.register.sessions import day_named, group_number
from attendance.services.known import known_place
from attendance.zones import day_bounds, days_between, local_day, zone
from gallery.repositories import coverage, rules
from gallery.repositories.events import COVERAGE_ADDED, record

if TYPE_CHECKING:
    from attendance.access import Actor
    from attendance.clock import Clock
    from attendance.register.sessions import Sessions
    from attendance.services.nights import Nights
    from gallery import Gallery

IN_PERSON: Final = "in person"
"""The source where somebody has watched, at no place that has a name."""


@dataclass(frozen=True, slots=True)
class ShownCoverage:
    """A source has looked from an instant to another (``span``), or has not, between two such spans (``gap``)."""

    what: Literal["span", "gap"]
    kind: str
    source: str
    begins: datetime
    ends: datetime
    zone: str
    group: str | None = None
    site: str | None = None
    by: str | None = None
    reason: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """One line of ``coverage list --json``; times on the clock of the site, with offset."""
        begins, ends = (each.astimezone(zone(self.zone)) for each in (self.begins, self.ends))
        return {
            "what": self.what,
            "kind": self.kind,
            "source": self.source,
            "site": self.site,
            "group": self.group,
            "begins": begins.isoformat(timespec="seconds"),
            "ends": ends.isoformat(timespec="seconds"),
            "by": self.by,
            "reason": self.reason or None,
        }


class Coverings:
    """When people were looked for."""

    def __init__(self, gallery: "Gallery", sessions: "Sessions", clock: "Clock", nights: "Nights") -> None:
        self._gallery, self._sessions, self._clock, self._nights = gallery, sessions, clock, nights

    def list(self, first: date | None = None, last: date | None = None) -> "list[ShownCoverage]":
        """What was noted of these days (of today), by source and time, and between them the gaps of a source in a day.

        A gap is longer than five minutes, and of a camera or a device alone. Raises ReportPeriod.
        """
        zone_name = self._sessions.zone
        last = last or first or local_day(self._clock.utc(), zone_name)
        first = first or last
        if first > last:
            raise ReportPeriod(f"{first}", f"the first day is after the last, {last}")
        begin, end = day_bounds(first, zone_name)[0], day_bounds(last, zone_name)[1]
        with self._gallery.store.reading() as transaction:
            found = coverage.within(transaction, begin, end)
        spans = [
            ShownCoverage("span", e.kind, e.source, e.begins, e.ends, zone_name, e.group, e.site, e.by, e.reason)
            for e in found
        ]
        gaps = [ShownCoverage("gap", g.kind, g.source, g.begins, g.ends, zone_name) for g in gaps_of(found, zone_name)]
        return sorted(spans + gaps, key=lambda each: (each.source, each.begins, each.ends))

    @needs("marks.change")
    def add(
        self,
        actor: "Actor",
        *,
        begins: str,
        ends: str,
        reason: str,
        day: date | None = None,
        place: str | None = None,
        group: str | None = None,
    ) -> ShownCoverage:
        """Somebody has watched in person, from a time to another of a day (today), or from a whole instant to another.

        Raises CoverageSpan for a time that is none, has not come yet, or is not before the other one, PlaceUnknown,
        GroupUnknown, MonthClosed.
        """
        now = self._clock.utc()
        begin, end = self._span(begins, ends, day or local_day(now, self._sessions.zone), now)
        with self._gallery.store.atomic() as transaction:
            where = None if not place else known_place(transaction, place)
            number = None if not group else group_number(transaction, group)
            also = self._nights.of_look(transaction, begin, end)
            refuse_closed(transaction, {*days_between(begin, end, self._sessions.zone), *also})
            source = IN_PERSON if where is None else where.name
            key = None if where is None else where.id
            row = coverage.begin(
                transaction, "hand", source,
                begins=begin, ends=end, at=now, by=actor.name, place=key, group_id=number, reason=reason,
            )  # fmt: skip
            details = {"place": key, "seconds": round((end - begin).total_seconds())}
            record(transaction, at=now, by=actor.name, action=COVERAGE_ADDED, subject=row, details=details)
        site = None if where is None else where.site
        return ShownCoverage("span", "hand", source, begin, end, self._sessions.zone, group, site, actor.name, reason)

    def shown(self, text: str, session: str | None) -> tuple[datetime, datetime]:
        """Which time recordings of a day gone by show, 08:00-08:15 on the clock of that day's session.

        Raises CoverageSpan for a time that is none, and where the session is not that of a day gone by: what is checked
        for today is taken for what is seen now.
        """
        now = self._clock.utc()
        day = None if session is None else day_named(session)
        if session is None or day is None or not self._sessions.is_past(session, now):
            raise CoverageSpan("--covers", "this is for recordings of a day gone by, given with --day")
        found = self._sessions.known(session)
        begins, dash, ends = text.replace("\N{EN DASH}", "-").partition("-")
        if not dash:
            raise CoverageSpan("--covers", f"{text!r} is no time of a day, such as 08:00-08:15")
        return self._span(begins, ends, day, now, "--covers", self._sessions.zone if found is None else found.zone)

    def is_untold(self, session: str | None) -> bool:
        """Whether files checked in this session tell nothing of who was absent, although a timetable asks for it.

        So it is for those of a day gone by that tell no time, unless somebody has told it.
        """
        if session is None or not self._sessions.is_past(session, self._clock.utc()):
            return False
        found = self._sessions.known(session)
        day, name = (day_named(session), self._sessions.zone) if found is None else (found.day, found.zone)
        with self._gallery.store.reading() as transaction:
            if day is None or not rules.any_rule(transaction):
                return False
            return not any(each.kind == "file" for each in coverage.within(transaction, *day_bounds(day, name)))

    def _span(
        self, begins: str, ends: str, day: date, now: datetime, where: str = "--from, --to", zone_name: str = ""
    ) -> tuple[datetime, datetime]:
        try:
            begin, end = (wall_moment(text, day, zone_name or self._sessions.zone).at for text in (begins, ends))
        except MarkTime as error:
            raise CoverageSpan(where, error.detail) from error
        if begin >= end:
            raise CoverageSpan(where, f"{begins.strip()} is not before {ends.strip()}")
        if end > now:
            name = zone_name or self._sessions.zone
            here = now.astimezone(zone(name))
            raise CoverageSpan(where, f"{ends.strip()} has not come yet: it is {here:%Y-%m-%d %H:%M} ({name})")
        return begin, end
