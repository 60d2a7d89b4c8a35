"""QR cards of a group as pages to print: the codes that there are, and new ones for those who have none.

What a code says is its handle and a signature under a key of the home, so that it can be printed again at any time;
only a new code puts an old card out of use. Everybody gets a card, whether their face is used or not.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from attendance.access import needs
from attendance.register.pdf import Head
from attendance.register.qrsheet import Card, sheet
from attendance.register.reportform import Paper
from attendance.service_errors import RequestInvalid
from attendance.services.credentials import qr_picture
from attendance.services.known import known_group
from gallery.repositories.events import CREDENTIALS_PRINTED, record

if TYPE_CHECKING:
    from pathlib import Path

    from attendance.access import Actor
    from attendance.clock import Clock
    from attendance.services.credentials import Credentials, HeldCredential
    from attendance.settings import Settings
    from gallery import Gallery
    from gallery.values import PersonInfo

MOST: Final = 2000
"""Cards of one sheet: 125 pages."""
_FINE: Final = 6
_AT_ONCE: Final = 25
"""People whose codes are made in one step."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """The pages, how many cards are on them, and how many of these have a new code."""

    pdf: bytes
    cards: int
    new: int


class QrSheets:
    """Prints QR cards."""

    def __init__(
        self, gallery: "Gallery", credentials: "Credentials", clock: "Clock", settings: "Settings", zone: str
    ) -> None:
        self._gallery, self._credentials, self._clock = gallery, credentials, clock
        self._settings, self._zone = settings, zone

    @needs("credentials.manage")
    def of(
        self,
        actor: "Actor",
        *,
        group: str | None = None,
        groups: Collection[str] | None = None,
        renew: bool = False,
        paper: Paper = Paper.A4,
    ) -> Sheet:
        """Cards of the active people of a group, or of all; of those in ``groups`` alone (None: of everybody).

        With ``renew`` all codes are new. Raises GroupUnknown, RequestInvalid for nobody or far too many,
        ReportsMissing, WebMissing; then no code is made.
        """
        known = known_group(self._gallery, group)
        found = [each for each in self._gallery.people(known) if groups is None or set(groups) & set(each.groups)]
        if not 0 < len(found) <= MOST:
            why = "nobody is there to print a card for" if not found else f"{len(found):,} cards are too many at once"
            raise RequestInvalid("group", f"{why}; choose another group")
        self._printed([])  # refuses before any code is made where nothing can be printed
        qr_picture("")
        texts, new = self._texts(actor, found, renew=renew)
        with self._gallery.store.atomic() as step:
            told = {"cards": len(texts), "new": new}
            record(step, at=self._clock.utc(), by=actor.name, action=CREDENTIALS_PRINTED, subject="", details=told)
        cards = [
            Card(each.name, each.external_id, qr_picture(text, "png", scale=_FINE)[0])
            for each, text in zip(found, texts, strict=True)
        ]
        return Sheet(self._printed(cards, paper), len(cards), new)

    @needs("credentials.manage")
    def write(
        self,
        actor: "Actor",
        target: "Path",
        *,
        group: str | None = None,
        renew: bool = False,
        paper: Paper = Paper.A4,
    ) -> Sheet:
        """The same to a new file, readable for its owner alone. Raises as `of`, and OutputFailed."""
        from attendance.writing import refuse_taken, write_new

        refuse_taken(target)
        made = self.of(actor, group=group, renew=renew, paper=paper)
        write_new(target, made.pdf, private=True)
        return made

    def _texts(self, actor: "Actor", found: "list[PersonInfo]", *, renew: bool) -> tuple[list[str], int]:
        """What the codes of these people say, and how many are new; in steps that keep cameras waiting for a moment."""
        texts: list[str] = []
        new = 0
        for start in range(0, len(found), _AT_ONCE):
            with self._gallery.store.atomic():
                for each in found[start : start + _AT_ONCE]:
                    held, is_new = self._held(actor, each, renew=renew)
                    texts.append(self._credentials.qr_text(held))
                    new += is_new
        return texts, new

    def _held(self, actor: "Actor", who: "PersonInfo", *, renew: bool) -> "tuple[HeldCredential, bool]":
        """The code of a person, and whether it is a new one."""
        there = next((each for each in self._credentials.of(who.id) if each.kind == "qr"), None)
        if there is None or renew:
            return self._credentials.give_qr(actor, who.id), True
        return there, False

    def _printed(self, cards: list[Card], paper: Paper = Paper.A4) -> bytes:
        return sheet(Head("QR cards", self._settings.site_name, self._zone, self._clock.utc()), cards, paper)
