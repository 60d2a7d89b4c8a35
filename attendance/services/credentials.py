"""Other ways than the face that count the same: a number and PIN, a QR code, a badge.

A PIN is four digits behind a number of its own and is kept as an argon2 hash; what a QR code says is signed with a key
of this home; of a badge's text a keyed digest is kept. What is taken away opens nothing from that moment on.
"""

import base64
import hmac
import io
import re
import secrets as random
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, Literal

from attendance.access import needs
from attendance.records import instant
from attendance.service_errors import CredentialInvalid, CredentialTaken, CredentialUnknown, RequestInvalid
from attendance.services.limits import PIN as PIN_LIMIT
from attendance.services.limits import Limit
from gallery.errors import Conflict, PersonUnknown
from gallery.repositories import credentials as rows
from gallery.repositories import secrets
from gallery.repositories.events import CREDENTIAL_ADDED, CREDENTIAL_REMOVED, record
from gallery.servicevalues import CredentialKind

if TYPE_CHECKING:
    from pathlib import Path

    from attendance.access import Actor
    from attendance.clock import Clock
    from attendance.services.limits import Limits
    from gallery import Gallery
    from gallery.ports import Transaction
    from gallery.servicevalues import Credential
    from gallery.values import PersonInfo

PIN_DIGITS: Final = 4
OFF_AFTER: Final = 50
"""Wrong PINs of one number, since the last right one, after which it is out of use."""
QR_PREFIX: Final = "att1"
_QR: Final = re.compile(r"att1\.([A-Z2-7]{16})\.([A-Z2-7]{26})")
_SIGNATURE_BYTES: Final = 16
SHORTEST_BADGE: Final = 4
LONGEST_TEXT: Final = 200
GUESSES: Final = Limit(free=15, first_s=10, most_s=300, forgiven_s=900)
"""What is tried in vain at one kiosk, whoever's it is."""
QrForm = Literal["svg", "png"]
_MEDIA: Final = {"svg": "image/svg+xml", "png": "image/png"}
_NOT_KNOWN: Final = {
    "pin": "number and PIN do not belong together",
    "qr": "this code is not one of ours, or not any more",
    "badge": "this badge belongs to nobody here",
}


@dataclass(frozen=True, slots=True)
class HeldCredential:
    """A way in and whose it is; the ``number`` of a PIN is what is typed before it."""

    id: int
    kind: CredentialKind
    person: "PersonInfo"
    created: datetime
    by: str
    number: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """One line of ``credential list --json``."""
        return {
            "number": self.id,
            "kind": self.kind,
            "id": self.person.external_id,
            "name": self.person.name,
            "pin_number": self.number,
            "created": instant(self.created),
            "by": self.by,
        }


@dataclass(frozen=True, slots=True)
class GivenPin:
    """A new PIN, which is told this once: whoever has it types ``number`` and then ``pin``."""

    held: HeldCredential
    number: str
    pin: str


class Credentials:
    """Gives ways in, takes them away, and finds out whose is shown."""

    def __init__(self, gallery: "Gallery", clock: "Clock", limits: "Limits") -> None:
        self._gallery, self._clock, self._limits = gallery, clock, limits

    # What there is

    def all(self) -> list[HeldCredential]:
        """Every one, by name of the person."""
        with self._gallery.store.reading() as transaction:
            people = {each.id: each for each in self._gallery.people(active=None)}
            found = [_held(each, people[each.person]) for each in rows.all_credentials(transaction)]
        return sorted(found, key=lambda each: (each.person.name.casefold(), each.person.external_id, each.id))

    def of(self, person: str | int) -> list[HeldCredential]:
        """Those of a person. Raises PersonUnknown, PersonAmbiguous."""
        with self._gallery.store.reading() as transaction:
            who = self._gallery.find(person)
            return [_held(each, who) for each in rows.of_person(transaction, who.id)]

    def numbered(self, number: int) -> HeldCredential:
        """The one of this number. Raises CredentialUnknown."""
        found = next((each for each in self.all() if each.id == number), None)
        if found is None:
            raise CredentialUnknown(str(number), "there is no PIN, QR code or badge of this number")
        return found

    # Giving and taking away

    @needs("credentials.manage")
    def give_pin(self, actor: "Actor", person: str | int) -> GivenPin:
        """A new PIN, behind the number that the person has already or the next one free; an old one is over.

        Raises PersonUnknown, PersonAmbiguous, WebMissing.
        """
        from attendance.access.passwords import hashed

        pin = _drawn_pin()
        kept = hashed(pin)
        with self._gallery.store.atomic() as transaction:
            who = self._gallery.find(person)
            old = self._drop(transaction, actor, who.id, "pin")
            number = old[0].handle if old else rows.free_number(transaction)
            made = self._add(transaction, actor, who.id, "pin", number, kept)
            self._limits.forget(_tries(number))
            return GivenPin(_held(made, who), number, pin)

    @needs("credentials.manage")
    def give_qr(self, actor: "Actor", person: str | int) -> HeldCredential:
        """A new QR code; the one that the person had opens nothing any more. Raises PersonUnknown, PersonAmbiguous."""
        with self._gallery.store.atomic() as transaction:
            who = self._gallery.find(person)
            self._drop(transaction, actor, who.id, "qr")
            handle = base64.b32encode(random.token_bytes(10)).decode()
            return _held(self._add(transaction, actor, who.id, "qr", handle, None), who)

    @needs("credentials.manage")
    def give_badge(self, actor: "Actor", person: str | int, text: str) -> HeldCredential:
        """Have a badge stand for a person; ``text`` is what its reader types.

        Raises PersonUnknown, PersonAmbiguous, RequestInvalid for a text that is no badge's, CredentialTaken.
        """
        told = _badge_text(text)
        with self._gallery.store.atomic() as transaction:
            who = self._gallery.find(person)
            handle = _digest(secrets.of(transaction, self._gallery.sealer, "badge"), told)
            there = rows.found(transaction, "badge", handle)
            if there is not None and there.person == who.id:
                return _held(there, who)
            try:
                return _held(self._add(transaction, actor, who.id, "badge", handle, None), who)
            except Conflict as error:
                raise CredentialTaken("badge", "somebody else has this badge") from error

    @needs("credentials.manage")
    def write_qr(self, actor: "Actor", person: str | int, target: "Path", *, renew: bool = False) -> HeldCredential:
        """Write the QR code of a person to a new .svg or .png file; with ``renew``, or where there is none, a new one.

        Raises PersonUnknown, PersonAmbiguous, OutputFailed where the file is there already, WebMissing.
        """
        from attendance.writing import refuse_taken, write_new

        refuse_taken(target)
        held = next((each for each in self.of(person) if each.kind == "qr"), None)
        if held is None or renew:
            held = self.give_qr(actor, person)
        picture, _media = self.qr_picture(held, "png" if target.suffix.lower() == ".png" else "svg")
        write_new(target, picture, private=True)
        return held

    @needs("credentials.manage")
    def remove(self, actor: "Actor", number: int) -> HeldCredential:
        """Take one away: it opens nothing any more. Raises CredentialUnknown."""
        with self._gallery.store.atomic() as transaction:
            found = self.numbered(number)
            self._remove(transaction, actor.name, found.person.id, found.kind, found.id)
            return found

    # The QR code as it is shown

    def qr_text(self, held: HeldCredential) -> str:
        """What the QR code says. Raises CredentialUnknown for what is none."""
        with self._gallery.store.atomic() as transaction:
            found = next((each for each in rows.of_person(transaction, held.person.id) if each.id == held.id), None)
            if found is None or found.kind != "qr":
                raise CredentialUnknown(str(held.id), "this is no QR code")
            key = secrets.of(transaction, self._gallery.sealer, "qr")
            return f"{QR_PREFIX}.{found.handle}.{_signature(key, found.handle)}"

    def qr_picture(self, held: HeldCredential, form: QrForm = "svg", *, scale: int = 8) -> tuple[bytes, str]:
        """The QR code as a picture to print, and its media type. Raises CredentialUnknown, WebMissing."""
        return qr_picture(self.qr_text(held), form, scale=scale)

    # Whose is it?

    def whose(self, kind: CredentialKind, text: str, *, where: str, pauses: bool = True) -> "PersonInfo":
        """Who has what somebody shows or types at ``where``, a kiosk; wrong ones are counted and slow down the next.

        What was kept by a kiosk is over already: none of it ``pauses`` for another one, but wrong ones count all the
        same, and put a PIN out of use in the end. Raises CredentialInvalid, LimitReached.
        """
        return self.held(kind, text, where=where, pauses=pauses).person

    def held(self, kind: CredentialKind, text: str, *, where: str, pauses: bool = True) -> HeldCredential:
        """As `whose`, with which of theirs it is."""
        if pauses:
            self._limits.check(where, GUESSES)
        try:
            found = self._of_pin(text, pauses=pauses) if kind == "pin" else self._of_text(kind, text)
            who = self._person(found)
        except CredentialInvalid:
            self._limits.failed(where, GUESSES)
            raise
        self._limits.forget(where)
        return _held(found, who)

    def _of_pin(self, text: str, *, pauses: bool) -> "Credential":
        from attendance.access.passwords import fits

        typed = re.sub(r"[\s.-]", "", text[:LONGEST_TEXT])
        number, pin = typed[:-PIN_DIGITS], typed[-PIN_DIGITS:]
        if not (typed.isascii() and typed.isdigit() and number):
            raise CredentialInvalid("pin", _NOT_KNOWN["pin"])
        with self._gallery.store.reading() as transaction:
            found = rows.found(transaction, "pin", number)
        if found is None:
            fits(None, pin)  # as long as a wrong PIN takes: nobody learns which numbers there are
            raise CredentialInvalid("pin", _NOT_KNOWN["pin"])
        count = self._limits.take if pauses else self._limits.failed
        tried = count(_tries(number), PIN_LIMIT)
        if not fits(found.secret, pin):
            self._switch_off(found, tried)
            raise CredentialInvalid("pin", _NOT_KNOWN["pin"])
        self._limits.forget(_tries(number))
        return found

    def _switch_off(self, found: "Credential", tried: int) -> None:
        """Take a PIN out of use that was guessed at too often, until somebody renews it."""
        if tried < OFF_AFTER:
            return
        with self._gallery.store.atomic() as transaction:
            self._remove(transaction, "the service", found.person, "pin", found.id)

    def _of_text(self, kind: CredentialKind, text: str) -> "Credential":
        told = text.strip()[:LONGEST_TEXT]
        with self._gallery.store.reading() as transaction:
            key = secrets.stored(transaction, self._gallery.sealer, kind)  # without one, none was ever given
            handle = None if key is None else _handle(key, kind, told)
            found = None if handle is None else rows.found(transaction, kind, handle)
        if found is None:
            raise CredentialInvalid(kind, _NOT_KNOWN[kind])
        return found

    def _person(self, found: "Credential") -> "PersonInfo":
        try:
            who = self._gallery.find(found.person)
        except PersonUnknown as error:
            raise CredentialInvalid(found.kind, _NOT_KNOWN[found.kind]) from error
        if not who.active:
            raise CredentialInvalid(found.kind, "whoever it belongs to does not belong here any more")
        return who

    # Within a step

    def _add(
        self,
        transaction: "Transaction",
        actor: "Actor",
        person: int,
        kind: CredentialKind,
        handle: str,
        secret: str | None,
    ) -> "Credential":
        now = self._clock.utc()
        made = rows.insert(transaction, person, kind, handle, secret, at=now, by=actor.name)
        told = {"person": person, "kind": kind}
        record(transaction, at=now, by=actor.name, action=CREDENTIAL_ADDED, subject=made.id, details=told)
        return made

    def _drop(
        self, transaction: "Transaction", actor: "Actor", person: int, kind: CredentialKind
    ) -> "list[Credential]":
        """Take away those of a kind that a person has, as another one comes; returns them."""
        old = [each for each in rows.of_person(transaction, person) if each.kind == kind]
        for each in old:
            self._remove(transaction, actor.name, person, kind, each.id)
        return old

    def _remove(self, transaction: "Transaction", by: str, person: int, kind: CredentialKind, number: int) -> None:
        rows.remove(transaction, number)
        told = {"person": person, "kind": kind}
        record(transaction, at=self._clock.utc(), by=by, action=CREDENTIAL_REMOVED, subject=number, details=told)


def qr_picture(text: str, form: QrForm = "svg", *, scale: int = 8) -> tuple[bytes, str]:
    """A QR code as a picture, black on white with its margin, and its media type. Raises WebMissing."""
    try:
        import segno
    except ImportError as error:
        from attendance.service_errors import WebMissing

        raise WebMissing("segno", str(error)) from error
    made = io.BytesIO()
    more = {"nl": False, "xmldecl": False} if form == "svg" else {}
    segno.make(text, error="m", micro=False).save(made, kind=form, scale=scale, light="#fff", **more)
    return made.getvalue(), _MEDIA[form]


def _drawn_pin() -> str:
    """Four digits by chance; none of those that are tried first."""
    while True:
        pin = f"{random.randbelow(10**PIN_DIGITS):0{PIN_DIGITS}d}"
        steps = {(int(b) - int(a)) % 10 for a, b in pairwise(pin)}
        if len(set(pin)) > 1 and steps not in ({1}, {9}) and pin[:2] != pin[2:] and pin[:2] not in {"19", "20"}:
            return pin


def _badge_text(text: str) -> str:
    told = text.strip()
    if not SHORTEST_BADGE <= len(told) <= LONGEST_TEXT or not told.isprintable():
        raise RequestInvalid("badge", f"{SHORTEST_BADGE} to {LONGEST_TEXT} characters as its reader types them")
    return told


def _handle(key: bytes, kind: CredentialKind, told: str) -> str | None:
    """Under which handle there may be what somebody shows; None where nobody of this home has made it."""
    if kind == "badge":
        return _digest(key, told) if len(told) >= SHORTEST_BADGE else None
    parts = _QR.fullmatch(told)
    return parts[1] if parts is not None and hmac.compare_digest(_signature(key, parts[1]), parts[2]) else None


def _signature(key: bytes, handle: str) -> str:
    made = hmac.digest(key, f"{QR_PREFIX}.{handle}".encode(), "sha256")[:_SIGNATURE_BYTES]
    return base64.b32encode(made).decode().rstrip("=")


def _digest(key: bytes, told: str) -> str:
    return hmac.new(key, told.encode(), "sha256").hexdigest()


def _tries(number: str) -> str:
    return f"pin:{number}"


def _held(found: "Credential", who: "PersonInfo") -> HeldCredential:
    number = found.handle if found.kind == "pin" else None
    return HeldCredential(found.id, found.kind, who, found.created, found.by, number)
