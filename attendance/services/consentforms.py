"""Forms of consent: one page a person, whose code leads the answer of a guardian back to that person.

A code has 128 bits and is told once; its SHA-256 alone is kept. It can be answered once, until its time is over.
"""

import base64
import hashlib
import re
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from attendance.access.rights import needs
from attendance.privacy_errors import ConsentFormInvalid
from attendance.records import instant
from attendance.service_errors import RequestInvalid
from attendance.services.consents import Agreed
from gallery.names import clean
from gallery.privacyvalues import PURPOSES, ConsentForm, GivenBy, Method, Purpose
from gallery.repositories import consentforms as rows
from gallery.repositories import consents
from gallery.repositories.events import CONSENT_FORM, CONSENT_FORM_REVOKED, record

if TYPE_CHECKING:
    from pathlib import Path

    from attendance.access import Actor
    from attendance.clock import Clock
    from attendance.services.consents import Consents, Withdrawn
    from attendance.services.consenttexts import ConsentTexts
    from attendance.settings import Settings
    from gallery import Gallery
    from gallery.ports import Transaction
    from gallery.privacyvalues import ConsentText
    from gallery.values import PersonInfo

DAYS: Final = 30
MOST_DAYS: Final = 365
MOST_FORMS: Final = 2000
"""How many pages are made at once."""
_BYTES: Final = 16
PATH: Final = "/consent/"
"""Where the service takes answers, followed by the code."""
INVALID: Final = "this form cannot be answered any more, or never could"
Answers = Mapping[Purpose, bool]


@dataclass(frozen=True, slots=True)
class MadeForm:
    """A form with its code, which is told here once and never again."""

    form: ConsentForm
    person: "PersonInfo"
    text: "ConsentText"
    code: str

    @property
    def shown_code(self) -> str:
        """The code as people read and type it."""
        return " ".join(self.code[at : at + 5] for at in range(0, len(self.code), 5))

    def to_dict(self) -> dict[str, Any]:
        """One line of ``consent form --json``."""
        return {
            "number": self.form.id,
            "id": self.person.external_id,
            "name": self.person.name,
            "code": self.code,
            "ends": instant(self.form.ends),
        }


@dataclass(frozen=True, slots=True)
class ShownForm:
    """What whoever holds a code is shown: never more of the person than a first name and a letter."""

    form: ConsentForm
    text: "ConsentText"
    called: str


class ConsentForms:
    """Makes forms, and takes their answers."""

    def __init__(
        self,
        gallery: "Gallery",
        consents: "Consents",
        texts: "ConsentTexts",
        clock: "Clock",
        settings: "Settings",
        zone: str,
    ) -> None:
        self._gallery, self._consents, self._texts = gallery, consents, texts
        self._clock, self._settings, self._zone = clock, settings, zone

    # Made and taken back

    @needs("consent.record")
    def make(
        self,
        actor: "Actor",
        people: Collection[str | int],
        *,
        language: str = "en",
        given_by: GivenBy = "guardian",
        days: int = DAYS,
        purposes: tuple[Purpose, ...] = PURPOSES,
    ) -> list[MadeForm]:
        """A form for each of these people; one that was handed out before and not answered is taken back.

        Raises PersonUnknown, ConsentTextUnknown, RequestInvalid.
        """
        if not 1 <= days <= MOST_DAYS:
            raise RequestInvalid("days", f"a form holds for 1 to {MOST_DAYS} days, not {days}")
        if not 1 <= len(people) <= MOST_FORMS:
            raise RequestInvalid("people", f"forms are made for 1 to {MOST_FORMS} people at once, not {len(people)}")
        now = self._clock.utc()
        ends = now + timedelta(days=days)
        with self._gallery.store.atomic() as transaction:
            text = self._texts.now_in(transaction, language)
            blank = ConsentForm(0, 0, text.id, purposes, given_by, now, actor.name, ends)
            return [self._made(transaction, self._gallery.find(each), text, blank) for each in people]

    def _made(self, transaction: "Transaction", who: "PersonInfo", text: "ConsentText", blank: ConsentForm) -> MadeForm:
        code = base64.b32encode(secrets.token_bytes(_BYTES)).decode().rstrip("=")
        rows.revoke(transaction, who.id, blank.created)
        form = rows.insert(
            transaction, who.id, _digest(code), text.id, blank.purposes, blank.given_by,
            at=blank.created, by=blank.by, ends=blank.ends,
        )  # fmt: skip
        details = {"form": form.id, "text": text.id, "ends": instant(form.ends)}
        record(transaction, at=blank.created, by=blank.by, action=CONSENT_FORM, subject=who.id, details=details)
        return MadeForm(form, who, text, code)

    def of(self, person: str | int) -> list[ConsentForm]:
        """The forms that somebody was handed, in order. Raises PersonUnknown."""
        with self._gallery.store.reading() as transaction:
            return rows.of_person(transaction, self._gallery.find(person).id)

    @needs("consent.record")
    def revoke(self, actor: "Actor", person: str | int, number: int | None = None) -> int:
        """Take back a form of somebody that nobody has answered, or all of them; how many."""
        now = self._clock.utc()
        with self._gallery.store.atomic() as transaction:
            who = self._gallery.find(person)
            count = rows.revoke(transaction, who.id, now, number)
            if count:
                details = {"forms": count}
                record(transaction, at=now, by=actor.name, action=CONSENT_FORM_REVOKED, subject=who.id, details=details)
        return count

    def pdf(self, made: Sequence[MadeForm], public: str) -> bytes:
        """The forms as pages to print, with the address of the service in their QR codes. Raises ReportsMissing."""
        from attendance.register.consentpdf import Printed, to_pdf
        from attendance.register.pdf import Head

        printed = [Printed(each.person, each.form, each.text, each.code, each.shown_code) for each in made]
        head = Head("", self._settings.site_name, self._zone, self._clock.utc())
        return to_pdf(printed, address=public.rstrip("/") + PATH, head=head)

    @needs("consent.record")
    def write(
        self,
        actor: "Actor",
        people: Collection[str | int],
        target: "Path",
        public: str,
        *,
        language: str = "en",
        given_by: GivenBy = "guardian",
        days: int = DAYS,
    ) -> list[MadeForm]:
        """Make forms, as `make` does, and write them to a new file, as `pdf` does; all of it or nothing.

        Raises NotEmpty where the file is there, GalleryFull.
        """
        from gallery.files import new_output

        with new_output(target, "file of forms") as unfinished, self._gallery.store.atomic():
            made = self.make(actor, people, language=language, given_by=given_by, days=days)
            unfinished.write_bytes(self.pdf(made, public))
        return made

    # Answered

    def asked(self, code: str) -> tuple[Purpose, ...]:
        """What the form of this code asks, whatever became of it; all there is to ask for a code of none."""
        with self._gallery.store.reading() as transaction:
            form = rows.found(transaction, _digest(folded(code)))
        return PURPOSES if form is None else form.purposes

    def shown(self, code: str) -> ShownForm:
        """What whoever holds this code may see. Raises ConsentFormInvalid, in the same words whatever is wrong."""
        with self._gallery.store.reading() as transaction:
            form = self._open(transaction, code)
            text = consents.text(transaction, form.text)
            who = self._gallery.find(form.person)
        if text is None:
            raise ConsentFormInvalid("form", INVALID)
        return ShownForm(form, text, called(who.name))

    def answer(self, code: str, answers: Answers, giver: str, text: int | None = None) -> "Withdrawn | None":
        """Take the answer of whoever holds the code: yes or no for each purpose of the form, and who says so.

        ``text`` is the one that they were shown, where that is of another language than the form's. None where all
        stays, else what was erased. Raises ConsentFormInvalid, RequestInvalid.
        """
        name = _giver(giver)
        with self._gallery.store.atomic() as transaction:
            form = self._open(transaction, code)
            shown = form.text if text is None else self._shown_text(transaction, form, text)
            said = _Said(answers, name, "page", shown, document=None, until=None)
            done = self._take(transaction, f"consent form {form.id}", form, said)
        return None if done is None else self._consents.finish(done)

    @needs("consent.record")
    def enter(
        self,
        actor: "Actor",
        person: str | int,
        code: str,
        answers: Answers,
        *,
        giver: str = "",
        document_sha256: str | None = None,
        until: datetime | None = None,
    ) -> "Withdrawn | None":
        """Enter what stands on a paper that came back; its code and the person must belong together.

        Raises PersonUnknown, ConsentFormInvalid, which says here what is wrong with it, RequestInvalid.
        """
        with self._gallery.store.atomic() as transaction:
            who = self._gallery.find(person)
            form = rows.found(transaction, _digest(folded(code)))
            self._refuse(form, who)
            if form is None:
                raise ConsentFormInvalid("form", INVALID)
            said = _Said(answers, giver.strip() and _giver(giver), "paper", form.text, document_sha256, until)
            done = self._take(transaction, actor.name, form, said)
        return None if done is None else self._consents.finish(done)

    def _refuse(self, form: ConsentForm | None, who: "PersonInfo") -> None:
        """Say what is wrong with a paper, to whoever administers."""
        if form is None:
            raise ConsentFormInvalid("code", "no form has this code: compare it letter by letter")
        if form.person != who.id:
            raise ConsentFormInvalid(who.external_id, "this is the form of somebody else: nothing was entered")
        if form.used is not None:
            raise ConsentFormInvalid(who.external_id, f"this form was answered before, on {instant(form.used)}")
        if form.revoked is not None:
            raise ConsentFormInvalid(who.external_id, f"this form was taken back on {instant(form.revoked)}")
        if not form.holds(self._clock.utc()):
            raise ConsentFormInvalid(who.external_id, f"the time of this form was over on {instant(form.ends)}")

    def _take(self, transaction: "Transaction", by: str, form: ConsentForm, said: "_Said") -> "Withdrawn | None":
        """Write down the answers of a form, and use it up: all in one step. Raises ConsentFormInvalid."""
        wrong = set(said.answers) ^ set(form.purposes)
        if wrong:
            raise RequestInvalid(", ".join(sorted(wrong)), "answer each of what the form asks, and nothing else")
        if not rows.claim(transaction, form.id, self._clock.utc()):
            raise ConsentFormInvalid("form", INVALID)
        who = self._gallery.find(form.person)
        yes = tuple(each for each in form.purposes if said.answers[each])
        no = tuple(each for each in form.purposes if not said.answers[each])
        if yes:
            agreed = Agreed(yes, form.given_by, said.giver, said.method, said.document, said.until, said.text)
            self._consents.agree_in(transaction, who.id, agreed, by=by)
        if not no:
            return None
        return self._consents.refuse_in(
            transaction, who, no, by=by, given_by=form.given_by, giver=said.giver,
            method=said.method, text=said.text, document_sha256=said.document, again=True,
        )  # fmt: skip

    def _open(self, transaction: "Transaction", code: str) -> ConsentForm:
        """The form of a code that can be answered. Raises ConsentFormInvalid."""
        form = rows.found(transaction, _digest(folded(code)))
        if form is None or not form.holds(self._clock.utc()):
            raise ConsentFormInvalid("form", INVALID)
        return form

    @staticmethod
    def _shown_text(transaction: "Transaction", form: ConsentForm, text: int) -> int:
        """The text that was shown instead of the form's own: one that there is."""
        if text != form.text and consents.text(transaction, text) is None:
            raise RequestInvalid("text", "there is no such text")
        return text


@dataclass(frozen=True, slots=True)
class _Said:
    """The answers to a form, who gave them and how."""

    answers: Answers
    giver: str
    method: Method
    text: int
    document: str | None
    until: datetime | None


def _giver(name: str) -> str:
    """The name of who answers. Raises RequestInvalid."""
    from gallery.errors import PersonInvalid

    try:
        return clean(name, "name")
    except PersonInvalid as error:
        raise RequestInvalid("name", f"say who answers: {error.detail}") from error


def folded(code: str) -> str:
    """A code as it was made, however it was typed: without spaces and dashes, a zero for the letter O."""
    return re.sub(r"[\s-]", "", code[:100]).upper().replace("0", "O").replace("1", "I").replace("8", "B")


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode("utf-8", "surrogatepass")).hexdigest()


def called(name: str) -> str:
    """A first name and the first letter of the last one: enough to know one's own child by."""
    words = name.split()
    if len(words) < 2:  # noqa: PLR2004 - a name of one word
        return name
    first, last = (words[1], words[0].rstrip(",")) if words[0].endswith(",") else (words[0], words[-1])
    return f"{first} {last[:1]}."
