"""`Site`: what one running service is made of; routes find it at ``request.app.state.site``."""

import threading
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from attendance.web.pulse import Pulse

if TYPE_CHECKING:
    from attendance.app import Attendance


@dataclass
class Site:
    """A home that is served at ``public``, the address as browsers write it, without a slash at its end.

    ``closing`` is set when the service is told to stop: streams end then. ``hosts`` are names under which it answers
    beside that of ``public``, and beside bare addresses.
    """

    app: "Attendance"
    public: str = "http://127.0.0.1:8400"
    hosts: tuple[str, ...] = ("localhost",)
    closing: threading.Event = field(default_factory=threading.Event)

    @property
    def secure(self) -> bool:
        """Whether browsers reach it by TLS."""
        return self.public.startswith("https://")

    @cached_property
    def pulse(self) -> Pulse:
        """What wakes streams when there is news, and when the service stops."""
        return Pulse(self.closing, self.app.newsroom.latest)

    @property
    def names(self) -> frozenset[str]:
        """The names under which it answers."""
        return frozenset({*self.hosts, urlsplit(self.public).hostname or "localhost"})


def site_of(request: HTTPConnection) -> Site:
    """The site that a request came to."""
    found: Site = request.app.state.site
    return found
