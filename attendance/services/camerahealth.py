"""How a camera does that is watched: `Gauge` hears its runs, `Health` is what pages and programs are told."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from attendance.cameras import CameraState
from attendance.live import Condition, Ended, Event, Opened, Seen, Skipped
from attendance.records import instant

if TYPE_CHECKING:
    from attendance.clock import Clock

State = Literal["off", "opening", "online", "stale", "offline", "failed", "ended", "elsewhere"]
"""Not wanted; no picture yet; new ones; old ones; none, and tried again; a run that could not go on; a film over;
watched by another process."""
OLD_S: Final = 4.0
"""From this age on the newest picture is old."""
COUNTED_S: Final = 5.0
"""Over how long the present rate is counted."""
MOST: Final = 400
_STATES: Final[Mapping[CameraState, State]] = {
    CameraState.OPENING: "opening",
    CameraState.FROZEN: "stale",
    CameraState.OFFLINE: "offline",
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """What was last wrong, in words, when, and what to do; ``id`` is that of the error, empty for the camera's own."""

    at: datetime
    text: str
    help: str = ""
    id: str = ""

    def to_dict(self) -> dict[str, Any]:
        """As JSON tells it."""
        return {"at": instant(self.at), "detail": self.text, "help": self.help, "id": self.id}


@dataclass(frozen=True, slots=True)
class Reading:
    """What a gauge tells now: frames judged a second, how old the newest was when judged, and how old it is."""

    state: State
    detail: str
    since: datetime
    fps: float = 0.0
    lag_s: float | None = None
    age_s: float | None = None
    trouble: Trouble | None = None


@dataclass(frozen=True, slots=True)
class Today:
    """What has come of a camera today: by ruling, how many faces."""

    rulings: Mapping[str, int] = field(default_factory=dict)

    @property
    def judged(self) -> int:
        """Faces that were decided on."""
        return sum(self.rulings.values())

    def of(self, ruling: str) -> int:
        """How many of them had this ruling."""
        return self.rulings.get(ruling, 0)


@dataclass(frozen=True, slots=True)
class Health:
    """How a camera does: ``number`` and ``name`` of its place, whether it is ``wanted`` and for which session."""

    number: int
    name: str
    group: str | None
    wanted: bool
    session: str | None
    reading: Reading
    today: Today

    def to_dict(self) -> dict[str, Any]:
        """As JSON tells it."""
        read = self.reading
        return {
            "number": self.number,
            "name": self.name,
            "wanted": self.wanted,
            "session": self.session,
            "state": read.state,
            "detail": read.detail,
            "since": instant(read.since),
            "fps": round(read.fps, 1),
            "lag_s": None if read.lag_s is None else round(read.lag_s, 2),
            "age_s": None if read.age_s is None else round(read.age_s, 1),
            "judged": self.today.judged,
            "marked": self.today.of("present"),
            "review": self.today.of("review"),
            "unknown": self.today.of("unknown"),
            "trouble": None if read.trouble is None else read.trouble.to_dict(),
        }


class Gauge:
    """Subscribes to the runs of one camera, one after another; read from any thread."""

    def __init__(self, clock: "Clock") -> None:
        self._clock = clock
        self._state: State = "off"
        self._detail, self._since = "", clock.utc()
        self._trouble: Trouble | None = None
        self._frames: deque[tuple[float, float]] = deque(maxlen=MOST)  # when each was judged, and its age then
        self._newest: float | None = None

    def __call__(self, event: Event) -> None:
        """Take in what a run tells."""
        match event:
            case Opened():
                self._frames.clear()
                self._newest = None
                self.set("opening")
            case Seen():
                self._saw(event)
            case Skipped():
                self.trouble(f"frame {event.frame} is passed over: {type(event.error).__name__}")
            case Condition():
                if event.state in _STATES:
                    self.set(_STATES[event.state], event.detail)
                if event.detail:
                    self.trouble(event.detail)
            case Ended():
                self._frames.clear()

    def set(self, state: State, detail: str = "") -> None:
        """From now on it is in this state."""
        if state != self._state:
            self._since = self._clock.utc()
        self._state, self._detail = state, detail

    def trouble(self, text: str, help_: str = "", id_: str = "") -> None:
        """Remember what was wrong."""
        self._trouble = Trouble(self._clock.utc(), text, help_, id_)

    def read(self) -> Reading:
        """What is so now. An old picture makes a camera that is online a stale one, whatever it says itself."""
        now = self._clock.monotonic()
        age = None if self._newest is None else max(0.0, now - self._newest)
        state, detail, since = self._state, self._detail, self._since
        if state == "online" and age is not None and age >= OLD_S:
            state, detail = "stale", f"no new picture for {age:.0f} s"
        fps, lag = self._pace(now)
        return Reading(state, detail, since, fps, lag, age, self._trouble)

    def _saw(self, event: Seen) -> None:
        now = self._clock.monotonic()
        self._newest = event.frame.time
        self._frames.append((now, max(0.0, now - event.frame.time)))
        if self._state != "online":
            self.set("online")

    def _pace(self, now: float) -> tuple[float, float | None]:
        """Frames a second of late, and the mean age at which they were judged."""
        recent = [each for each in tuple(self._frames) if now - each[0] <= COUNTED_S]
        if not recent:
            return 0.0, None
        span = max(now - recent[0][0], 1.0)
        return len(recent) / min(span, COUNTED_S), sum(lag for _, lag in recent) / len(recent)
