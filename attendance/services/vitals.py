"""How the service does, for whoever watches it from outside: whether its database takes writes, and what waits."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from gallery.repositories import deliveries, sightings
from gallery.schema import REVISIONS
from gallery.steps import COMPATIBLE, refuse_newer

if TYPE_CHECKING:
    from gallery import Database


class Vitals:
    """What the database of a home tells of how the service does; it names nobody."""

    def __init__(self, store: "Database") -> None:
        self._store = store

    def answered_s(self) -> float:
        """How long the database takes to answer, in seconds; raises GalleryNewer where it is used by later versions."""
        begun = time.perf_counter()
        refuse_newer(self._store.where, REVISIONS[-1], self._store.meta(COMPATIBLE))
        return time.perf_counter() - begun

    def waiting(self) -> Mapping[str, int]:
        """How much waits to be sent to webhooks, and to be looked at; raises GalleryUnusable."""
        with self._store.reading() as view:
            return {"webhooks": sum(deliveries.waiting(view).values()), "reviews": sightings.count_waiting(view)}
