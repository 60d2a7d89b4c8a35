"""What a report is made of: the sessions asked for, the people of the home, their marks and the checks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from attendance.records import PersonRef
from attendance.register.report import Member, Row, rows, why_empty
from attendance.services.known import known_group
from attendance.zones import local_day
from gallery.repositories import purging, sites
from gallery.standing import NEVER_LEFT

if TYPE_CHECKING:
    from pathlib import Path

    from attendance.clock import Clock
    from attendance.register.marks import Marks
    from attendance.register.reportform import Form, Paper
    from attendance.register.sessions import SessionInfo, Sessions
    from gallery import Gallery


@dataclass(frozen=True, slots=True)
class Asked:
    """What to report on: one session, or those of a span of days (today's where none is given), of a group or site."""

    session: str | None = None
    first: date | None = None
    last: date | None = None
    group: str | None = None
    site: str | None = None


class Reports:
    """Reports on sessions, as rows and as files; ``site`` is what the school or firm is called."""

    def __init__(
        self, gallery: "Gallery", sessions: "Sessions", marks: "Marks", clock: "Clock", site: str | None = None
    ) -> None:
        self._gallery = gallery
        self._sessions = sessions
        self._marks = marks
        self._clock = clock
        self._site = site

    def rows(self, asked: Asked) -> list[Row]:
        """Who was present, absent or unknown ("no log") in the sessions asked for.

        Of days that were purged nobody was absent.

        Raises SessionUnknown, GroupUnknown, SiteUnknown.
        """
        # one view: nobody is marked or removed between one line and the next
        with self._gallery.store.reading() as transaction:
            known_group(self._gallery, asked.group)
            chosen = self._chosen(asked)
            marks = {each.id: self._marks.of_session(each.id) for each in chosen}
            kept_from = purging.kept_from(transaction)
            gone = {each.id for each in chosen if kept_from is not None and each.day < kept_from}
            checks = {number: times for number, times in self._sessions.checks().items() if number not in gone}
            now = self._clock.utc()
            return rows(chosen, self._members(asked.site), marks, checks, now=now, group=asked.group)

    def why_no_rows(self, asked: Asked) -> str:
        """Why a report has no rows, in words."""
        chosen, (begin, end) = self._chosen(asked), self._days(asked)
        with self._gallery.store.reading() as transaction:
            kept_from = purging.kept_from(transaction)
        if not chosen and kept_from is not None and end < kept_from:
            return f"of {begin} to {end} nothing is kept: these days were purged"
        if not chosen:
            return f"no session was held on {begin}" if begin == end else f"no session was held from {begin} to {end}"
        return why_empty(chosen, self._members(asked.site), asked.group)

    def text(self, found: Sequence[Row], form: "Form") -> str:
        """The rows in one of the forms that are text."""
        from attendance.register.reportfile import content

        return str(content(found, form, now=self._clock.utc()))

    def write(
        self,
        found: Sequence[Row],
        form: "Form",
        target: "Path",
        *,
        overwrite: bool = False,
        paper: "Paper | None" = None,
    ) -> None:
        """Write the rows to a new file, or with ``overwrite`` in the place of an earlier report.

        ``paper`` is that of a PDF, A4 unless told otherwise. Raises OutputFailed.
        """
        from attendance.register.reportfile import write
        from attendance.register.reportform import Paper

        now, site = self._clock.utc(), self._site
        write(found, form, target, now=now, overwrite=overwrite, site=site, paper=paper or Paper.A4)

    def _chosen(self, asked: Asked) -> "list[SessionInfo]":
        if asked.session is not None:
            return [self._sessions.find(asked.session)]
        begin, end = self._days(asked)
        return [each for each in self._sessions.all() if begin <= each.day <= end]

    def _days(self, asked: Asked) -> tuple[date, date]:
        today = local_day(self._clock.utc(), self._sessions.zone)
        return asked.first or asked.last or today, asked.last or today

    def _members(self, site: str | None) -> list[Member]:
        with self._gallery.store.reading() as transaction:
            there = None if site is None else sites.everybody_at(transaction, sites.find(transaction, site))
            belongs = sites.of_people(transaction)
        standing = self._gallery.standings()
        return [
            Member(
                PersonRef(each.external_id, each.name, each.id),
                each.created,
                each.groups,
                standing.get(each.id, NEVER_LEFT),
                belongs.get(each.id, ()),
            )
            for each in self._gallery.people(active=None)
            if there is None or each.id in there
        ]
