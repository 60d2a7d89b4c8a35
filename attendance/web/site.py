"""`Site`: what one running service is made of; routes find it at ``request.app.state.site``."""

import threading
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from attendance.web.pulse import Pulse

if TYPE_CHECKING:
    from collections.abc import Callable

    from attendance.app import Attendance
    from attendance.services.link import Link
    from attendance.services.tally import Tally

T = TypeVar("T")


@dataclass
class Site:
    """A home that is served at ``public``, the address as browsers write it, without a slash at its end.

    ``app`` is what is worked with now: with a ``link`` the slice of the site while the database is out of reach.

    ``closing`` is set when the service is told to stop: streams end then. ``hosts`` are names under which it answers
    beside that of ``public``, and beside bare addresses. ``proxied``: a proxy stands before it.
    """

    opened: "Attendance"
    public: str = "http://127.0.0.1:8400"
    hosts: tuple[str, ...] = ("localhost",)
    closing: threading.Event = field(default_factory=threading.Event)
    link: "Link[Attendance] | None" = None
    proxied: bool = False
    _tallies: "list[Tally]" = field(default_factory=list)

    @property
    def app(self) -> "Attendance":
        """The home as it can be worked with now."""
        return self.opened if self.link is None else self.link.now

    def call(self, step: "Callable[[Attendance], T]") -> "T":
        """What `step` does with the home; done again on the slice where the link to the database ends meanwhile."""
        return step(self.opened) if self.link is None else self.link.call(step)

    def tallies(self) -> "list[Tally]":
        """What has counted so far what was done: of the home, and of the slice once that was worked with."""
        if all(each is not self.app.tally for each in self._tallies):
            self._tallies.append(self.app.tally)
        return self._tallies

    def note_lost(self) -> None:
        """Find out, beside what is going on, whether the database is out of reach: somebody met that."""
        if self.link is not None:
            threading.Thread(target=self.link.look, name="link-look", daemon=True).start()

    @property
    def secure(self) -> bool:
        """Whether browsers reach it by TLS."""
        return self.public.startswith("https://")

    @cached_property
    def pulse(self) -> Pulse:
        """What wakes streams when there is news, and when the service stops."""

        def latest() -> int:
            return self.app.newsroom.latest()

        return Pulse(self.closing, latest)

    @property
    def names(self) -> frozenset[str]:
        """The names under which it answers."""
        return frozenset({*self.hosts, urlsplit(self.public).hostname or "localhost"})


def site_of(request: HTTPConnection) -> Site:
    """The site that a request came to."""
    found: Site = request.app.state.site
    return found
