"""What liveness was measured to be worth at a place: kept in the log as counts and settings, read back from there."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from importlib.metadata import version
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal

from attendance.access import needs
from attendance.liveness.measuring import Counts, Figures, counts_from
from attendance.services.known import known_place
from gallery.repositories import places
from gallery.repositories.events import LIVENESS_MEASURED, PLACE_CHANGED, history, record

if TYPE_CHECKING:
    from attendance.access import Actor
    from attendance.clock import Clock
    from attendance.settings import Settings
    from gallery import Gallery
    from gallery.ports import Transaction
    from gallery.values import Event, Place

Means = Literal["camera", "films"]

FORM: Final = 1
OLD: Final = timedelta(days=365)
"""A measurement that is older tells little: light, cameras and cues have changed."""
MATTERS: Final = (
    "liveness_wait_s",
    "vote_frames",
    "detect_side",
    "detector_min_score",
    "min_face_px",
    "target_fpir",
    "match_threshold",
)
"""The settings on which the figures depend; which of off, review and require is in force does not, as all are told."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A measurement at one place: counts alone, whole or ended early, and what was in force.

    `asked` are the settings of `MATTERS` and `liveness`, by name; `pipeline` names detector and encoder, `camera` is
    the camera's address as it may be shown, or "films".
    """

    counts: tuple[Counts, ...]
    asked: Mapping[str, Any]
    pipeline: str
    camera: str
    means: Means = "camera"
    whole: bool = True
    version: str = ""
    at: datetime | None = None
    by: str = ""

    @property
    def figures(self) -> Figures:
        """What the counts tell."""
        return Figures(self.counts)

    def details(self) -> dict[str, Any]:
        """As the log keeps it: no name of any person, and no picture."""
        return {
            "form": FORM,
            "counts": [each.to_dict() for each in self.counts],
            "settings": dict(self.asked),
            "pipeline": self.pipeline,
            "camera": self.camera,
            "means": self.means,
            "whole": self.whole,
            "version": self.version,
        }


def asked_by(settings: "Settings") -> dict[str, Any]:
    """The settings that a measurement keeps."""
    return {name: getattr(settings, name) for name in ("liveness", *MATTERS)}


@dataclass(frozen=True, slots=True)
class State:
    """A place in use, and its last measurement; `outdated` are the reasons for which that does not hold any more."""

    place: "Place"
    measured: Measured | None
    outdated: tuple[str, ...] = ()


class LivenessMeasures:
    """Keeps measurements, and finds the last one of each place."""

    def __init__(self, gallery: "Gallery", clock: "Clock", settings: "Settings") -> None:
        self._gallery, self._clock, self._settings = gallery, clock, settings

    def made(self, counts: tuple[Counts, ...], *, camera: str, means: Means = "camera", whole: bool = True) -> Measured:
        """A measurement that was made now, under the settings and with the encoder in force; not kept yet."""
        return Measured(
            counts,
            MappingProxyType(asked_by(self._settings)),
            self._gallery.pipeline_id,
            camera,
            means,
            whole,
            version("attendance"),
            self._clock.utc(),
        )

    @needs("liveness.measure")
    def keep(self, actor: "Actor", place: str, measured: Measured) -> Measured:
        """Enter a measurement of a place into the log. Raises PlaceUnknown."""
        now = self._clock.utc()
        with self._gallery.store.atomic() as step:
            found = known_place(step, place)
            told = measured.details()
            record(step, at=now, by=actor.name, action=LIVENESS_MEASURED, subject=found.id, details=told)
        return replace(measured, at=now, by=actor.name)

    def last(self, place: str) -> Measured | None:
        """The last measurement of a place, None where there is none that can be read. Raises PlaceUnknown."""
        with self._gallery.store.reading() as view:
            return _last(view, known_place(view, place))

    def states(self) -> list[State]:
        """Every place in use, by name."""
        with self._gallery.store.reading() as view:
            return list(states(view, asked_by(self._settings), self._gallery.pipeline_id, self._clock.utc()))


def states(view: "Transaction", asked: Mapping[str, Any], pipeline: str, now: datetime) -> Iterator[State]:
    """Every place in use with its last measurement, and why that does not hold any more."""
    for place in places.all_places(view):
        if place.active:
            found = _last(view, place)
            yield State(
                place, found, () if found is None else tuple(_outdated(view, place, found, asked, pipeline, now))
            )


def _last(view: "Transaction", place: "Place") -> Measured | None:
    found = (_read(each) for each in reversed(history(view, subject=place.id, action=LIVENESS_MEASURED)))
    return next((each for each in found if each is not None), None)


def _read(event: "Event") -> Measured | None:
    """What an entry of the log tells; None for one of another form."""
    told = event.details
    try:
        if told["form"] != FORM:
            return None
        return Measured(
            tuple(counts_from(each) for each in told["counts"]),
            MappingProxyType(dict(told["settings"])),
            told["pipeline"],
            told["camera"],
            told["means"],
            told["whole"],
            told["version"],
            event.at,
            event.by,
        )
    except (KeyError, TypeError, ValueError):
        return None


def _outdated(
    view: "Transaction", place: "Place", measured: Measured, asked: Mapping[str, Any], pipeline: str, now: datetime
) -> Iterator[str]:
    other = [name for name in MATTERS if measured.asked.get(name) != asked.get(name)]
    if other:
        yield f"with another {', '.join(other)}"
    if measured.pipeline != pipeline:
        yield "with another detector or encoder"
    at = measured.at or now
    changes = history(view, subject=place.id, action=PLACE_CHANGED)
    if any(each.at > at and "address" in each.details.get("changed", ()) for each in changes):
        yield "with another camera"
    if now - at > OLD:
        yield f"on {at:%Y-%m-%d}, more than a year ago"
