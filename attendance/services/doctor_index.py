"""Doctor's look at how the gallery is searched: the plan that checks go by, what it loses, and how long it takes."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from attendance.services.doctor_finding import DOCTOR, Finding
from gallery.errors import KeyExposed, KeyMissing, KeyPassphrase, KeySource, KeyWrong
from gallery.search.plans import ON_SERVER
from refusal import counted

if TYPE_CHECKING:
    from attendance.clock import Clock
    from gallery import Gallery

MANY_TEMPLATES: Final = 20_000
"""Of more, how they are searched is not measured while somebody waits."""
PATIENCE_S: Final = 10.0
"""So long a server is asked at most while somebody waits: it compares every vector for each probe."""


def index_findings(gallery: "Gallery", plan: str, clock: "Clock", *, full: bool) -> Iterator[Finding]:
    """The plan that the settings want, as it does here; nothing where nobody has a template."""
    count = gallery.stats().templates
    if count > MANY_TEMPLATES and not full:
        told = counted(count, "template")
        yield Finding("index", f"{told}, plan {plan}; '{DOCTOR} --full' measures how they are searched")
    elif count:
        with suppress(KeyMissing, KeyWrong, KeyExposed, KeySource, KeyPassphrase):  # told of by the look at the key
            yield from _on_server(gallery, clock, full=full) if plan == ON_SERVER else _in_memory(gallery, plan)


def _in_memory(gallery: "Gallery", plan: str) -> Iterator[Finding]:
    from gallery import GalleryIndex
    from gallery.search.measured import measure

    yield Finding("index", str(measure(GalleryIndex(gallery, strict=False, plan=plan))))


def _on_server(gallery: "Gallery", clock: "Clock", *, full: bool) -> Iterator[Finding]:
    """As the server searches, which must have all vectors for that: doctor puts none there."""
    from gallery.repositories import vectors
    from gallery.search.measured import measure
    from gallery.search.onserver import ServerIndex

    with gallery.store.reading() as view:
        if gallery.store.engine != "postgresql" or not vectors.fits(vectors.version(view)):
            return  # told of by the look at the vectors
        there = vectors.is_there(view)
        lacking = sum(map(len, vectors.lacking(view, gallery.pipelines).values())) if there else None
    if lacking == 0:
        ended = bool if full else _after(clock, PATIENCE_S)
        yield Finding("index", str(measure(ServerIndex(gallery, strict=False), ended=ended)))
    else:
        what = (
            "no vector lies" if lacking is None else f"{counted(lacking, 'template has', 'templates have')} no vector"
        )
        told = f"plan {ON_SERVER}: {what} on the server yet; the next check puts in what is missing and searches there"
        yield Finding("index", told)


def _after(clock: "Clock", seconds: float) -> Callable[[], bool]:
    """Whether so many seconds have gone since now."""
    end = clock.monotonic() + seconds
    return lambda: clock.monotonic() >= end
