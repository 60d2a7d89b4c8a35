"""The log of what was done, by whom and when, in words for people; names are looked up when it is shown."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from attendance.records import instant
from attendance.register.report import csv_text
from attendance.zones import day_start
from gallery.repositories import accounts, events, places, rules

if TYPE_CHECKING:
    from attendance.register.sessions import Sessions
    from gallery import Gallery
    from gallery.ports import Transaction
    from gallery.values import Event, Named

GONE: Final = "somebody removed"
SAYS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "access.refuse": "Somebody was refused what they may not do",
        "account.add": "An account was made",
        "account.change": "An account was changed",
        "account.remove": "An account was deleted",
        "approval.grant": "An entry was approved",
        "approval.refuse": "An entry was refused",
        "arrival.aside": "Something that a site did while it was cut off could not be taken and was set aside",
        "arrival.refuse": "Something that a site did while it was cut off was not taken",
        "arrival.take": "What a site did while it was cut off was taken in",
        "audit.anchor": "Where the log ends was noted outside",
        "audit.begin": "The log was linked, entry to entry",
        "audit.export": "The log was taken out as a table",
        "audit.purge": "Old entries of the log were let go",
        "backup.drop": "An old backup was deleted",
        "backup.run": "A backup was written",
        "backup.test": "A backup was tried",
        "calendar.add": "Days were entered in the calendar",
        "calendar.withdraw": "Days of the calendar were withdrawn",
        "camera.program": "A place's camera was found to be a program, or none any more",
        "consent.form": "A form of consent was made",
        "consent.give": "Consent was recorded",
        "consent.lapse": "The time of a consent was over",
        "consent.revoke": "A form of consent was taken back",
        "consent.withdraw": "Consent was refused or withdrawn",
        "consenttext.add": "A text of consent was entered",
        "coverage.add": "It was noted that somebody looked",
        "credential.add": "A PIN, code or badge was given",
        "credential.remove": "A PIN, code or badge was taken away",
        "credential.sheet": "QR cards were printed",
        "daily.failed": "A task of the day could not be done",
        "encoder.switch": "Another encoder was put in force",
        "erasure.again": "What had been erased was erased again, as a backup was restored",
        "erasure.proof": "An erasure was proved: the files of the home were searched",
        "evidence.look": "Somebody saw what a decision rests on",
        "excuse.add": "An excuse was entered",
        "excuse.withdraw": "An excuse was withdrawn",
        "factor.add": "A second factor was set up",
        "factor.code": "Somebody signed in by a code kept for a lost telephone",
        "factor.remove": "A second factor was turned off",
        "gallery.import": "People were imported",
        "hold.add": "A hold was begun: nothing of it is erased",
        "hold.lift": "A hold was lifted",
        "home.copy": "A copy of the whole home was begun",
        "key.abandon": "A lost key was given up with what it sealed",
        "key.copy": "A copy of the key was made",
        "key.protect": "The key was wrapped in another way",
        "key.recover": "The home was restored by its recovery key, without what its own key had sealed",
        "key.recovery": "A recovery key was made",
        "key.rotate": "A new key was made",
        "kiosk.pair": "A kiosk was paired",
        "liveness.measured": "It was measured what liveness is worth at a place",
        "lookalike.add": "Two people were noted as look-alikes",
        "lookalike.clear": "Look-alikes were cleared",
        "mark.add": "Somebody was marked",
        "mark.restore": "A mark was restored",
        "mark.void": "A mark was declared void",
        "marks.export": "Marks were taken out for another system",
        "month.close": "A month was closed",
        "month.open": "A month was opened again",
        "people.export": "People were taken out as a file",
        "person.active": "Somebody was set active or inactive",
        "person.add": "A person was added",
        "person.enroll": "A photo was enrolled",
        "person.export": "All data of a person was given out",
        "person.foreign_id": "Another system's id of a person was noted",
        "person.groups": "The groups of a person were changed",
        "person.merge": "Two people were merged",
        "person.remove": "A person was erased",
        "person.rename": "A person was renamed",
        "person.sites": "It was changed to which sites somebody belongs",
        "photo.look": "Somebody saw the photos of a person",
        "pipeline.adopt": "Templates of an earlier version were taken over",
        "pipeline.drop": "Templates of an earlier encoder were deleted",
        "place.add": "A place was added",
        "place.change": "A place was changed",
        "place.remove": "A place was removed",
        "place.restore": "A place was put into use again",
        "place.retire": "A place was taken out of use",
        "privacy.report": "The record of processing was taken out",
        "purge.run": "Records whose time was over were deleted",
        "receiver.add": "A receiver was added",
        "receiver.change": "A receiver was changed",
        "receiver.remove": "A receiver was removed",
        "repair.altered": "Something altered was repaired",
        "repair.event": "A missing entry of the log was repaired",
        "repair.orphan": "Something left over was repaired",
        "report.export": "A report was taken out as a file",
        "roster.import": "A register was taken in",
        "rule.add": "A rule of the timetable was added",
        "rule.change": "A rule of the timetable was changed",
        "rule.end": "A rule of the timetable was ended",
        "session.check": "A session was checked",
        "session.close": "A session was closed",
        "session.open": "A session was opened",
        "setting.change": "A setting was changed",
        "sighting.confirm": "A review was confirmed",
        "sighting.dismiss": "A review was dismissed",
        "sighting.purge": "Faces kept for review were deleted",
        "sighting.reassign": "A review was found to be somebody else",
        "sighting.reopen": "A review was taken back",
        "signin.begin": "Somebody signed in",
        "signin.end": "Somebody was signed out",
        "signin.locked": "Signing in was tried too often",
        "site.add": "A site was added, or put in use again",
        "site.retire": "A site was put out of use",
        "template.add": "A template was added",
        "template.remove": "A template was deleted",
        "token.add": "A token was made",
        "token.revoke": "A token was revoked",
        "vectors.drop": "Vectors were deleted from the server",
        "watch.start": "Watching a camera was begun",
        "watch.stop": "Watching a camera was ended",
    }
)
"""What each action says."""
KINDS: Final = tuple(dict.fromkeys(each.partition(".")[0] for each in sorted(SAYS)))
"""What may be chosen beside single actions."""
COLUMNS: Final = ("number", "at", "by", "action", "says", "subject", "subject_name", "people", "details")


@dataclass(frozen=True, slots=True)
class AuditWanted:
    """Which entries: of an action or of all of a kind ("mark"), of an actor, of days, of a person's internal id."""

    action: str | None = None
    by: str | None = None
    first: date | None = None
    last: date | None = None
    person: int | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the log as people read it; ``people`` are pairs of internal id and name."""

    number: int
    at: datetime
    by: str
    action: str
    says: str
    subject: str
    subject_name: str | None
    people: tuple[tuple[int, str], ...]
    details: Mapping[str, Any]


class Audit:
    """Reads the log."""

    def __init__(self, gallery: "Gallery", sessions: "Sessions") -> None:
        self._gallery, self._sessions = gallery, sessions

    def page(self, wanted: AuditWanted, *, before: int | None = None, limit: int = 100) -> list[Entry]:
        """So many entries before a number (None: the newest), the newest first."""
        since = None if wanted.first is None else day_start(wanted.first, self._sessions.zone)
        until = None if wanted.last is None else day_start(wanted.last + timedelta(days=1), self._sessions.zone)
        action = f"{wanted.action}." if wanted.action in KINDS else wanted.action
        with self._gallery.store.reading() as transaction:
            found = events.page(
                transaction, action=action, by=wanted.by, since=since, until=until, person=wanted.person,
                before=before, limit=limit,
            )  # fmt: skip
            names = _Names(self._gallery, self._sessions, transaction, found)
            return [_entry(each, names) for each in found]

    def all(self, wanted: AuditWanted, *, step: int = 2000) -> Iterator[Entry]:
        """All entries that are wanted, the newest first, read piece by piece."""
        before: int | None = None
        while found := self.page(wanted, before=before, limit=step):
            yield from found
            before = found[-1].number

    def table(self, wanted: AuditWanted) -> Iterator[str]:
        """All entries that are wanted as a table for spreadsheets (CSV), piece by piece."""
        yield csv_text(COLUMNS, [])
        for each in self.all(wanted):
            yield csv_text(COLUMNS, [self.row(each)]).partition("\n")[2]

    def told(self, each: Entry) -> dict[str, Any]:
        """One line of ``audit list --json``."""
        return {
            "number": each.number,
            "at": instant(each.at),
            "by": each.by,
            "action": each.action,
            "says": each.says,
            "subject": each.subject,
            "subject_name": each.subject_name,
            "people": [{"number": key, "name": name} for key, name in each.people],
            "details": dict(each.details),
        }

    def actors(self) -> list[str]:
        """Everybody who has done anything."""
        with self._gallery.store.reading() as transaction:
            return events.actors(transaction)

    def row(self, each: Entry) -> dict[str, Any]:
        """A line of the table for spreadsheets, by `COLUMNS`; times on the clock of the site, with offset."""
        from zoneinfo import ZoneInfo

        local = each.at.astimezone(ZoneInfo(self._sessions.zone))
        return {
            "number": each.number,
            "at": local.isoformat(timespec="seconds"),
            "by": each.by,
            "action": each.action,
            "says": each.says,
            "subject": each.subject,
            "subject_name": each.subject_name,
            "people": "; ".join(name for _, name in each.people),
            "details": json.dumps(dict(each.details), ensure_ascii=False, sort_keys=True),
        }


class _Names:
    """How what entries name is called now."""

    def __init__(
        self, gallery: "Gallery", sessions: "Sessions", transaction: "Transaction", found: "Sequence[Event]"
    ) -> None:
        keys = {key for each in found for key in people_of(each)}
        self.people: Mapping[int, Named] = gallery.named(keys)[1] if keys else {}
        kinds = {each.action.partition(".")[0] for each in found}
        known: dict[str, Callable[[], dict[str, str]]] = {
            **dict.fromkeys(
                ("access", "account", "factor", "signin"),
                lambda: {str(each.id): each.name for each in accounts.all_accounts(transaction)},
            ),
            "place": lambda: {str(each.id): each.name for each in places.all_places(transaction)},
            "rule": lambda: {str(each.id): each.name for each in rules.all_rules(transaction)},
            "session": lambda: {str(each.id): each.name for each in sessions.all()},
        }
        self._names = {kind: known[kind]() for kind in kinds & known.keys()}
        for kind in ("liveness", "watch"):
            if kind in kinds:
                self._names[kind] = known["place"]()

    def of(self, event: "Event") -> str | None:
        """How the subject is called, None where it has no name, or none any more."""
        kind = event.action.partition(".")[0]
        if kind in events.OF_PEOPLE and event.subject.isdecimal():
            found = self.people.get(int(event.subject))
            return GONE if found is None else found.name
        return self._names.get(kind, {}).get(event.subject)


def people_of(event: "Event") -> list[int]:
    """The internal ids of the people that an entry is about."""
    own = event.action.partition(".")[0] in events.OF_PEOPLE and event.subject.isdecimal()
    told = [event.details.get(name) for name in events.NAMING]
    found = [int(event.subject)] if own else []
    return list(dict.fromkeys([*found, *(each for each in told if isinstance(each, int))]))


def _entry(event: "Event", names: _Names) -> Entry:
    called = ((key, names.people.get(key)) for key in people_of(event))
    people = tuple((key, GONE if found is None else found.name) for key, found in called)
    return Entry(
        number=event.seq,
        at=event.at,
        by=event.by,
        action=event.action,
        says=SAYS.get(event.action, event.action),
        subject=event.subject,
        subject_name=names.of(event),
        people=people,
        details=event.details,
    )
