"""The service in numbers, for Prometheus: frames, faces, decisions, what waits, how late, the index, the database.

Cameras are told by the number of their place; no metric names a person, a place or a group.
"""

from collections.abc import Iterable, Iterator
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    InfoMetricFamily,
    Metric,
    SummaryMetricFamily,
)
from prometheus_client.registry import Collector

from attendance.services.tally import Done
from attendance.web.readiness import ready
from refusal import Refusal

if TYPE_CHECKING:
    from attendance.app import Attendance
    from attendance.services.camerahealth import Health
    from attendance.web.site import Site

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


def written(site: "Site") -> bytes:
    """All metrics as they are now, in the text format of Prometheus."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Numbers(site))
    return generate_latest(registry)


class _Numbers(Collector):
    def __init__(self, site: "Site") -> None:
        self._site = site

    def describe(self) -> Iterable[Metric]:
        """Nothing: it is asked once and thrown away."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Those of the process first, which are there whatever the database does."""
        app = self._site.app
        yield _info(app)
        yield from _done(Done.sum(each.done() for each in self._site.tallies()))
        found = ready(app)
        yield _gauge("ready", "Whether this process can do its work.", float(found.why_not is None))
        if found.answered_s is not None:
            yield _gauge("database_answer_seconds", "How long the database took to answer just now.", found.answered_s)
        yield from _link(self._site)
        for part in (_cameras, _waiting, _index):
            try:
                yield from list(part(app))
            except Refusal:  # the database is away: `ready` tells
                continue


def _info(app: "Attendance") -> Metric:
    made = InfoMetricFamily("attendance", "Which program this is, and with which engine it works.")
    made.add_metric([], {"version": version("attendance"), "engine": app.store.engine})
    return made


def _done(done: Done) -> Iterator[Metric]:
    yield CounterMetricFamily("attendance_faces", "Faces compared with the gallery.", value=done.faces)
    made = CounterMetricFamily("attendance_decisions", "Decisions recorded, by ruling.", labels=["ruling"])
    for ruling in ("present", "already", "review", "unknown", "refused"):
        made.add_metric([ruling], done.decisions[ruling])
    yield made
    told = "Steps that recorded decisions, and how long they took until they were on the disk."
    yield SummaryMetricFamily("attendance_record_seconds", told, count_value=done.steps, sum_value=done.seconds)


def _link(site: "Site") -> Iterator[Metric]:
    if site.link is not None:
        yield _gauge("link_up", "Whether the database of all sites is within reach.", float(not site.link.away))
        yield _gauge("link_waiting", "Records that wait to be delivered to it.", site.link.waiting())


def _cameras(app: "Attendance") -> Iterator[Metric]:
    found = app.cameras.all()
    frames = CounterMetricFamily("attendance_camera_frames", "Frames judged.", labels=["camera"])
    for each in found:
        frames.add_metric([str(each.number)], each.reading.frames)
    yield frames
    yield _of_cameras("wanted", "Whether the camera is to be watched.", found, lambda each: float(each.wanted))
    yield _of_cameras("online", "Whether new pictures come.", found, lambda each: float(each.reading.state == "online"))
    yield _of_cameras("frames_per_second", "Frames judged a second of late.", found, lambda each: each.reading.fps)
    lag = "How old pictures were when they were judged, of late."
    yield _of_cameras("lag_seconds", lag, found, lambda each: each.reading.lag_s)
    yield _of_cameras("picture_age_seconds", "How old the newest picture is.", found, lambda each: each.reading.age_s)


def _of_cameras(name: str, told: str, found: "Iterable[Health]", value: Any) -> Metric:
    made = GaugeMetricFamily(f"attendance_camera_{name}", told, labels=["camera"])
    for each in found:
        number = value(each)
        if number is not None:
            made.add_metric([str(each.number)], number)
    return made


def _waiting(app: "Attendance") -> Iterator[Metric]:
    found = {"photos": app.lane.waiting, **app.vitals.waiting()}
    made = GaugeMetricFamily("attendance_waiting", "What waits: to be judged, sent, or looked at.", labels=["queue"])
    for queue, count in found.items():
        made.add_metric([queue], count)
    yield made


def _index(app: "Attendance") -> Iterator[Metric]:
    policy = app.judging.policy()
    yield _gauge("index_people", "People that faces are compared with.", policy.gallery_size)
    yield _gauge("threshold", "The score from which a face is somebody's.", policy.threshold)
    measured = app.searching.measured
    if measured is not None:
        plan = InfoMetricFamily("attendance_index", "How the gallery is searched.")
        plan.add_metric([], {"plan": measured.plan})
        yield plan
        loss = "Share of people's own looks that searching this way does not find; it adds to the FNIR."
        yield _gauge("index_loss", loss, measured.loss)
        yield _gauge("index_search_p95_seconds", "What 95 of 100 searches took at most.", measured.p95_ms / 1000)
        yield _gauge("index_bytes", "The memory that the templates take.", measured.bytes)


def _gauge(name: str, told: str, value: float) -> Metric:
    return GaugeMetricFamily(f"attendance_{name}", told, value=value)
