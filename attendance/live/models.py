"""Detector and encoder as a run asks them: a failure is told apart from all other ones, and counted."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, TypeVar

from attendance.cameras.frame import Pixels

if TYPE_CHECKING:
    from attendance.live.ports import Desk
    from enroll.face import Detection, Face
    from enroll.stages import Encoder

Answer = TypeVar("Answer")
SCREEN_FAILED: Final = "screen_failed"


class ModelFailed(Exception):  # noqa: N818  never leaves the run
    """A model failed with `error` on one picture, for the `times`-th time in a row."""

    def __init__(self, error: Exception, times: int) -> None:
        super().__init__(error, times)
        self.error, self.times = error, times


class Models:
    """The pipeline of `desk`, loaded at first use; what fails there is raised as it is."""

    def __init__(self, desk: "Desk") -> None:
        self._desk = desk
        self._failures = {"detect": 0, "embed": 0}

    @property
    def encoder(self) -> "Encoder":
        """What makes templates."""
        return self._desk.pipeline.encoder

    def detect(self, pixels: Pixels) -> "list[Detection]":
        """Every face of an RGB picture (H, W, 3) uint8; raises `ModelFailed`."""
        detector = self._desk.pipeline.detector
        return self._counted("detect", lambda: detector.detect(pixels))

    def embed(self, pixels: Pixels, detections: "Sequence[Detection]") -> "list[Face]":
        """The faces of these detections, in their order; raises `ModelFailed`."""
        pipeline = self._desk.pipeline
        return self._counted("embed", lambda: pipeline.embed_detections(pixels, detections)) if detections else []

    def track_doubts(self, looks: "Sequence[Face]") -> tuple[str, ...]:
        """Why a person must look before a track of these looks counts; a screen that breaks is a reason, too."""
        try:
            return self._desk.pipeline.track_doubts(looks)
        except Exception:  # noqa: BLE001 - whatever it is: nobody is marked, somebody looks, the run goes on
            return (SCREEN_FAILED,)

    def _counted(self, name: str, ask: Callable[[], Answer]) -> Answer:
        """The answer; a success in between, of the same model, begins the count anew."""
        try:
            answer = ask()
        except Exception as error:
            self._failures[name] += 1
            raise ModelFailed(error, self._failures[name]) from error
        self._failures[name] = 0
        return answer
