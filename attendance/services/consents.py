"""What people agree to: given, withdrawn, over; a no takes effect in the step in which it is said."""

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from attendance.access.rights import needs
from attendance.errors import SourceMissing
from attendance.privacy_errors import ConsentUnknown
from attendance.records import instant
from attendance.service_errors import RequestInvalid
from attendance.services.clockguard import before_leap
from attendance.services.consentrule import ConsentRule
from attendance.services.known import known_group
from attendance.zones import day_start
from gallery.names import clean
from gallery.privacyvalues import PURPOSES, Basis, ConsentWord, GivenBy, Method, Purpose
from gallery.repositories import consents, credentials, holds
from gallery.repositories.events import CONSENT_GIVEN, CONSENT_LAPSED, CONSENT_WITHDRAWN, record

if TYPE_CHECKING:
    from attendance.access import Actor
    from attendance.clock import Clock
    from gallery import Gallery
    from gallery.ports import Transaction
    from gallery.values import PersonInfo

__all__ = ["PURPOSES", "Agreed", "ConsentWord", "Consents", "GivenBy", "Purpose", "Standing", "Withdrawn"]
OVER: Final = "its time is over"
"""The reason of a word that the program enters when a yes lapses."""
MOST_REASON: Final = 1000
SERVICE: Final = "the service"
State = Literal["yes", "no", "over", "unanswered"]
STATES: Final[tuple[State, ...]] = ("unanswered", "yes", "no", "over")


@dataclass(frozen=True, slots=True)
class Agreed:
    """A yes, before it is known whose: to what, who gives it, and how. ``until`` is the first instant without it."""

    purposes: tuple[Purpose, ...] = ("face",)
    given_by: GivenBy = "self"
    giver: str = ""
    method: Method = "spoken"
    document_sha256: str | None = None
    until: datetime | None = None
    text: int | None = None
    basis: Basis = "consent"

    def __post_init__(self) -> None:
        if not self.purposes or not set(self.purposes) <= set(PURPOSES):
            raise RequestInvalid("purpose", f"say what it is for: {', '.join(PURPOSES)}")


@dataclass(frozen=True, slots=True)
class Standing:
    """What counts of a person: the latest word on each purpose that anything was said on."""

    person: "PersonInfo"
    words: Mapping[Purpose, ConsentWord]
    now: datetime

    def state(self, purpose: Purpose) -> State:
        """What counts on a purpose."""
        said = self.words.get(purpose)
        if said is None:
            return "unanswered"
        return "yes" if said.holds(self.now) else "over" if said.granted or said.reason == OVER else "no"

    def to_dict(self) -> dict[str, Any]:
        """One line of ``consent list --json``."""
        face = self.words.get("face")
        return {
            "id": self.person.external_id,
            "name": self.person.name,
            "groups": list(self.person.groups),
            **{each: self.state(each) for each in PURPOSES},
            "until": None if face is None or face.until is None else instant(face.until),
            "templates": self.person.templates,
        }


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """What went with a withdrawal; ``ways`` are the ways in that the person has beside the face.

    ``held``: a hold keeps the rest of what is known of them.
    """

    person: "PersonInfo"
    purposes: tuple[Purpose, ...]
    templates: int
    faces: int
    erased: bool
    ways: tuple[str, ...]
    held: bool = False


class Consents:
    """Who has agreed to what; ``tell`` is called after something was erased, for lists outside the database."""

    def __init__(
        self, gallery: "Gallery", clock: "Clock", rule: ConsentRule, zone: str, tell: Callable[[], object] = bool
    ) -> None:
        self._gallery, self._clock, self.rule, self._zone, self._tell = gallery, clock, rule, zone, tell

    @property
    def asks(self) -> bool:
        """Whether a face is kept only of who has agreed."""
        return self.rule.asks()

    # What was said

    def of(self, person: str | int) -> tuple[Standing, list[ConsentWord]]:
        """What counts of a person, and all that was said, in order. Raises PersonUnknown, PersonAmbiguous."""
        with self._gallery.store.reading() as transaction:
            who = self._gallery.find(person)
            said = consents.of_person(transaction, who.id)
        return Standing(who, {each.purpose: each for each in said}, self._clock.utc()), said

    def all(self, group: str | None = None, state: State | None = None) -> list[Standing]:
        """Of each active person (of a group) what counts, by name; those alone who are so with ``face``.

        Raises GroupUnknown.
        """
        with self._gallery.store.reading() as transaction:
            people = self._gallery.people(known_group(self._gallery, group))
            said = consents.latest(transaction)
        now = self._clock.utc()
        found = [Standing(each, said.get(each.id, {}), now) for each in people]
        return [each for each in found if state is None or each.state("face") == state]

    def missing(self, group: str | None = None) -> list[Standing]:
        """Who has not answered yet."""
        return self.all(group, "unanswered")

    def counts(self, group: str | None = None) -> dict[State, int]:
        """How many active people have said what on ``face``."""
        found = [each.state("face") for each in self.all(group)]
        return {each: found.count(each) for each in STATES}

    def until(self, day: date) -> datetime:
        """The first instant after a day of the site, until the end of which something holds. Raises RequestInvalid."""
        ends = day_start(day + timedelta(days=1), self._zone)
        if ends <= self._clock.utc():
            raise RequestInvalid("until", f"{day} is over already")
        return ends

    def last_day(self, word: ConsentWord) -> date | None:
        """The last day on which a word holds, None without an end."""
        from zoneinfo import ZoneInfo

        if word.until is None:
            return None
        return (word.until - timedelta(microseconds=1)).astimezone(ZoneInfo(self._zone)).date()

    # What is said

    @needs("consent.record")
    def give(self, actor: "Actor", person: str | int, agreed: Agreed) -> Standing:
        """Note a yes. Raises PersonUnknown, PersonAmbiguous, RequestInvalid."""
        with self._gallery.store.atomic() as transaction:
            who = self._gallery.find(person)
            self.agree_in(transaction, who.id, agreed, by=actor.name)
        return self.of(who.id)[0]

    @needs("consent.record")
    def withdraw(
        self,
        actor: "Actor",
        person: str | int,
        purposes: Sequence[Purpose] = PURPOSES,
        *,
        reason: str = "",
        given_by: GivenBy = "self",
    ) -> Withdrawn:
        """Take back what was agreed to, or say no before anybody has asked; nothing of it is kept from then on.

        Raises PersonUnknown, PersonAmbiguous, and ConsentUnknown where all of it was said before and nothing is kept.
        """
        with self._gallery.store.atomic() as transaction:
            who = self._gallery.find(person)
            done = self.refuse_in(transaction, who, purposes, by=actor.name, reason=reason, given_by=given_by)
        return self.finish(done)

    def lapse(self, now: datetime | None = None) -> int:
        """Enter for each yes whose time is over that it is, with all that follows; of how many people. Quick for none.

        Where the home can only be read, nothing is done: nothing is marked or filed there either. By a clock that is
        far ahead of the log nothing is erased: whose time is over is not recognised any more in any case.
        """
        at = now or self._clock.utc()
        store = self._gallery.store
        if store.read_only:
            return 0
        with store.reading() as transaction:
            if not consents.due(transaction, at) or before_leap(store, transaction, at) is not None:
                return 0
        with store.atomic() as transaction:
            gone = self._lapsed(transaction, at)
        if gone:
            store.finish_erasure()
            self._tell()
        return gone

    # Within a step

    def agree_in(self, transaction: "Transaction", person: int, agreed: Agreed, *, by: str) -> None:
        """Note a yes of somebody (internal id), unless the same stands already."""
        now = self._clock.utc()
        known = consents.latest(transaction, {person}).get(person, {})
        words = [_yes(person, each, agreed, now, by) for each in dict.fromkeys(agreed.purposes)]
        new = [each for each in words if not _same(known.get(each.purpose), each, now)]
        if not new:
            return
        consents.add(transaction, new)
        details = {
            "purposes": [each.purpose for each in new],
            "given_by": agreed.given_by,
            "method": agreed.method,
            "basis": agreed.basis,
            "text": agreed.text,
        }
        record(transaction, at=now, by=by, action=CONSENT_GIVEN, subject=person, details=details)

    def refuse_in(
        self,
        transaction: "Transaction",
        who: "PersonInfo",
        purposes: Iterable[Purpose],
        *,
        by: str,
        reason: str = "",
        given_by: GivenBy = "self",
        giver: str = "",
        method: Method = "spoken",
        text: int | None = None,
        document_sha256: str | None = None,
        again: bool = False,
    ) -> Withdrawn:
        """Note a no, and erase what must not be kept then; `finish` is to follow the step.

        Raises ConsentUnknown where all of it was said before and nothing is kept, unless it is to be noted ``again``.
        """
        now, wanted = self._clock.utc(), tuple(dict.fromkeys(purposes))
        if len(reason) > MOST_REASON:
            raise RequestInvalid("reason", f"it has more than {MOST_REASON} characters")
        known = consents.latest(transaction, {who.id}).get(who.id, {})
        said = all(each in known and not known[each].granted for each in wanted)
        words = [
            ConsentWord(
                who.id, each, granted=False, at=now, entered=now, by=by, text=text, given_by=given_by,
                giver=giver, method=method, document_sha256=document_sha256, reason=reason.strip(),
            )
            for each in wanted
        ]  # fmt: skip
        consents.add(transaction, words)
        templates, faces = self._dropped(transaction, who.id, wanted, now)
        if said and not again and not templates and not faces:
            raise ConsentUnknown(who.external_id, "this was taken back before, and nothing of it is kept")
        details = {"purposes": list(wanted), "templates": templates, "faces": faces}
        record(transaction, at=now, by=by, action=CONSENT_WITHDRAWN, subject=who.id, details=details)
        ways = tuple(dict.fromkeys(each.kind for each in credentials.of_person(transaction, who.id)))
        held = bool(holds.on(transaction, who.id))
        return Withdrawn(who, wanted, templates, faces, erased=False, ways=ways, held=held)

    def finish(self, done: Withdrawn) -> Withdrawn:
        """What follows the step in which something was refused: its bytes are overwritten, and others are told."""
        from dataclasses import replace

        erased = self._gallery.store.finish_erasure()
        self._tell()
        return replace(done, person=self._gallery.find(done.person.id), erased=erased)

    def _dropped(
        self, transaction: "Transaction", person: int, purposes: Collection[Purpose], now: datetime
    ) -> tuple[int, int]:
        """Erase what is kept of a person for these purposes; how many templates and faces."""
        templates = faces = 0
        if "face" in purposes:
            templates, faces = consents.drop_face(transaction, person, now)
        if "photo" in purposes:
            faces += consents.drop_photo(transaction, person, now)
        if "unknown" in purposes:
            faces += consents.drop_unknown(transaction, person, now)
        self._gallery.store.plan_erasure()
        self._gallery.store.bump(transaction)
        return templates, faces

    def _lapsed(self, transaction: "Transaction", now: datetime) -> int:
        over: dict[int, list[ConsentWord]] = {}
        for each in consents.due(transaction, now):
            over.setdefault(each.person, []).append(each)
        for person, words in over.items():
            consents.add(transaction, [_over(each, now) for each in words])
            purposes = [each.purpose for each in words]
            templates, faces = self._dropped(transaction, person, purposes, now)
            details = {"purposes": purposes, "templates": templates, "faces": faces}
            record(transaction, at=now, by=SERVICE, action=CONSENT_LAPSED, subject=person, details=details)
        return len(over)


def _yes(person: int, purpose: Purpose, agreed: Agreed, now: datetime, by: str) -> ConsentWord:
    return ConsentWord(
        person, purpose, granted=True, at=now, entered=now, by=by, basis=agreed.basis, text=agreed.text,
        given_by=agreed.given_by, giver=clean(agreed.giver, "giver") if agreed.giver.strip() else "",
        method=agreed.method, document_sha256=agreed.document_sha256, until=agreed.until,
    )  # fmt: skip


def _over(word: ConsentWord, now: datetime) -> ConsentWord:
    """The word that a yes is over."""
    return ConsentWord(
        word.person, word.purpose, granted=False, at=word.until or now, entered=now, by=SERVICE, text=word.text,
        given_by=word.given_by, method=word.method, reason=OVER,
    )  # fmt: skip


def _same(known: ConsentWord | None, new: ConsentWord, now: datetime) -> bool:
    """Whether a yes says nothing but what stands already."""
    if known is None or not known.holds(now):
        return False
    told = ("basis", "text", "given_by", "giver", "method", "document_sha256", "until")
    return all(getattr(known, each) == getattr(new, each) for each in told)


def paper_digest(path: Path) -> str:
    """The SHA-256 of a paper's file, by which it is known again. Raises SourceMissing where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise SourceMissing(str(path), f"the paper cannot be read: {error.strerror or error}") from error


def word_row(word: ConsentWord) -> dict[str, Any]:
    """A word as ``consent show --json`` tells it."""
    return {
        "purpose": word.purpose,
        "granted": word.granted,
        "basis": word.basis,
        "given_by": word.given_by,
        "giver": word.giver,
        "method": word.method,
        "document_sha256": word.document_sha256,
        "text": word.text,
        "at": instant(word.at),
        "until": word.until and instant(word.until),
        "by": word.by,
        "reason": word.reason,
    }
