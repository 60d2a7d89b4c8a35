"""Calendars to subscribe to by an address, of a person or a group, each known by a token of its own.

The token holds the gallery's number of the person, so that it tells nothing of who was removed.
"""

from typing import TYPE_CHECKING, Final

from attendance.access import Actor, needs
from attendance.errors import GroupUnknown
from attendance.register.reportform import Form
from attendance.service_errors import RequestInvalid
from attendance.services.known import known_group
from attendance.services.reportfiles import AskedFile
from gallery.errors import PersonUnknown

if TYPE_CHECKING:
    from attendance.services.editing import Edits
    from attendance.services.reportfiles import ReportFiles
    from attendance.services.tokens import Made, Tokens
    from gallery import Gallery
    from gallery.servicevalues import Token
    from gallery.values import PersonInfo

PERSON, GROUP = "person", "group"
NAME: Final = "calendar"


class Feeds:
    """Makes tokens of calendars, and the calendars."""

    def __init__(self, gallery: "Gallery", edits: "Edits", tokens: "Tokens", files: "ReportFiles") -> None:
        self._gallery, self._edits, self._tokens, self._files = gallery, edits, tokens, files

    @needs("tokens.manage")
    def add(
        self,
        actor: "Actor",
        *,
        person: str | None = None,
        group: str | None = None,
        name: str = NAME,
        days: int | None = None,
    ) -> "Made":
        """A calendar of a person (external id) or a group; it ends after ``days``.

        Raises PersonUnknown, GroupUnknown, RequestInvalid where it is for neither or both.
        """
        if (person is None) == (group is None):
            raise RequestInvalid("feed", "a calendar is of a person or of a group: name one of them")
        with self._gallery.store.atomic():
            whom = f"{GROUP}:{known_group(self._gallery, group)}"
            if person is not None:
                whom = f"{PERSON}:{self._edits.of(person).id}"
            return self._tokens.add_feed(actor, name, whom, days=days)

    def whom(self, token: "Token") -> str | None:
        """Whom the calendar of a token is of, in words; None where they are gone."""
        kind, named = _whom(token)
        if kind == GROUP:
            return f"group {named}" if named in self._gallery.groups() else None
        found = self._person(named)
        return None if found is None else f"{found.name} ({found.external_id})"

    def of(self, secret: str) -> bytes | None:
        """The calendar of this token; None where the token does not hold, or whom it is of is gone."""
        token = self._tokens.found(secret, "feed")
        if token is None:
            return None
        kind, named = _whom(token)
        with self._gallery.store.reading():
            if kind == GROUP:
                return self._of_group(named)
            found = self._person(named)
            return None if found is None else self._files.of(AskedFile(person=found.external_id), Form.ICS)

    def reader(self, secret: str) -> "Actor | None":
        """Who reads by this token, as the log calls them; None where it does not hold."""
        token = self._tokens.found(secret, "feed")
        return None if token is None else Actor(f"feed {token.id}", door="web")

    def _of_group(self, group: str) -> bytes | None:
        try:
            return self._files.of(AskedFile(group=group), Form.ICS)
        except GroupUnknown:
            return None

    def _person(self, number: str) -> "PersonInfo | None":
        try:
            return self._gallery.find(int(number)) if number.isdecimal() else None
        except PersonUnknown:
            return None


def _whom(token: "Token") -> tuple[str, str]:
    kind, _, named = (token.scopes[0] if token.scopes else "").partition(":")
    return kind, named
