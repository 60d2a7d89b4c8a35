"""The texts by which people are asked: the shipped ones as the settings fill them in, and a home's own."""

import hashlib
import re
from typing import TYPE_CHECKING, Final

from attendance.access.rights import needs
from attendance.privacy.consenttext import LANGUAGES, VERSION, shipped
from attendance.privacy_errors import ConsentTextUnknown
from attendance.service_errors import RequestInvalid
from gallery.repositories import consents
from gallery.repositories.events import CONSENT_TEXT, record

if TYPE_CHECKING:
    from attendance.access import Actor
    from attendance.clock import Clock
    from attendance.settings import Settings
    from gallery import Gallery
    from gallery.ports import Transaction
    from gallery.privacyvalues import ConsentText

BY: Final = "attendance"
"""Who has entered a shipped text."""
MOST: Final = 20_000
"""Characters of a text."""
_VERSION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{1,4})?")


class ConsentTexts:
    """What stands in the database is what somebody was shown, word for word; it is never changed."""

    def __init__(self, gallery: "Gallery", clock: "Clock", settings: "Settings") -> None:
        self._gallery, self._clock, self._settings = gallery, clock, settings

    def all(self) -> "list[ConsentText]":
        """Every text that somebody was shown or that was entered here, in order."""
        with self._gallery.store.reading() as transaction:
            return consents.all_texts(transaction)

    def of(self, version: str, language: str) -> "ConsentText":
        """The text of a version and language. Raises ConsentTextUnknown."""
        found = next((each for each in self.all() if (each.version, each.language) == (version, language)), None)
        if found is None:
            raise ConsentTextUnknown(f"{version} {language}", "there is no such text")
        return found

    def numbered(self, number: int) -> "ConsentText":
        """The text of this number. Raises ConsentTextUnknown."""
        with self._gallery.store.reading() as transaction:
            found = consents.text(transaction, number)
        if found is None:
            raise ConsentTextUnknown(str(number), "there is no text of this number")
        return found

    def languages(self) -> dict[str, str]:
        """The languages that people can be asked in, and how each calls itself."""
        own = {each.language: each.language for each in self.all()}
        return {**own, **LANGUAGES}

    def now(self, language: str) -> "ConsentText":
        """The text by which people are asked now: the home's own of this language, else the shipped one.

        A shipped text is kept as the settings fill it in, under a version of its own for each way in which they have.
        Raises ConsentTextUnknown.
        """
        with self._gallery.store.atomic() as transaction:
            return self.now_in(transaction, language)

    def now_in(self, transaction: "Transaction", language: str) -> "ConsentText":
        """As `now`, within a step."""
        there = [each for each in consents.all_texts(transaction) if each.language == language]
        own = [each for each in there if each.by != BY]
        if own:
            return own[-1]
        if language not in LANGUAGES:
            told = f"there is no text in {language!r}, only in {', '.join(LANGUAGES)}: 'attendance consent text add'"
            raise ConsentTextUnknown(language, told)
        body = shipped(language, self._settings)
        digest = _digest(body)
        same = next((each for each in there if each.sha256 == digest), None)
        if same is not None:
            return same
        version = VERSION if not there else f"{VERSION}.{len(there) + 1}"
        return consents.add_text(transaction, version, language, body, digest, at=self._clock.utc(), by=BY)

    @needs("consent.record")
    def add(self, actor: "Actor", version: str, language: str, body: str) -> "ConsentText":
        """Enter a text of the home's own, by which people are asked from now on. Raises RequestInvalid."""
        if not _VERSION.fullmatch(version):
            raise RequestInvalid("version", f"{version!r}: letters, digits, dots and dashes, at most 32")
        if not _LANGUAGE.fullmatch(language):
            raise RequestInvalid("language", f"{language!r}: a code such as en, de or fr")
        told = body.replace("\r\n", "\n").replace("\N{BYTE ORDER MARK}", "").strip()
        if not told or len(told) > MOST or "\0" in told:
            raise RequestInvalid("text", f"it must have 1 to {MOST} characters")
        now = self._clock.utc()
        with self._gallery.store.atomic() as transaction:
            if any((each.version, each.language) == (version, language) for each in consents.all_texts(transaction)):
                raise RequestInvalid("version", f"{version} is there in {language}, and no text is changed")
            made = consents.add_text(
                transaction, version, language, told + "\n", _digest(told + "\n"), at=now, by=actor.name
            )
            details = {"version": version, "language": language, "sha256": made.sha256}
            record(transaction, at=now, by=actor.name, action=CONSENT_TEXT, subject=made.id, details=details)
        return made


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()
