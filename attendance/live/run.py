"""A run: one source watched from its first frame to its last, as an object that is started, stopped and heard."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from attendance.cameras.frame import Frame, Pixels
from attendance.errors import RunStarted
from attendance.live.covering import Covering
from attendance.live.events import (
    Began,
    Condition,
    Decided,
    Dropped,
    Ended,
    Event,
    Idle,
    LiveSummary,
    Lost,
    Marked,
    Opened,
    Seen,
    Skipped,
    Stale,
)
from attendance.live.living import Asking
from attendance.live.models import ModelFailed
from attendance.live.ports import Desk, Feed, Means
from attendance.live.watcher import OFF, Watcher
from attendance.records import Decision
from attendance.scope import Scope

NOTE_S: Final = 30.0  # the longest that a new day waits to be noted as one on which people were looked for

Subscriber = Callable[[Event], object]


class RunState(StrEnum):
    """How far a run is."""

    NEW = "new"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    ENDED = "ended"
    FAILED = "failed"


_NEXT: Final[dict[RunState, tuple[RunState, ...]]] = {
    RunState.NEW: (RunState.RUNNING, RunState.STOPPED),
    RunState.RUNNING: (RunState.STOPPING, RunState.ENDED, RunState.FAILED),
    RunState.STOPPING: (RunState.STOPPED, RunState.ENDED, RunState.FAILED),
}


@dataclass(frozen=True, slots=True)
class Place:
    """What is watched, and how: `name` is how records and messages call it, without a password.

    Of the same person within `repeat_s` seconds one decision is given out; None: of every track. Where somebody else
    notes when the place is looked at, the run does not (`covers`).
    """

    name: str
    means: Means = "camera"
    repeat_s: float | None = None
    covers: bool = True


class Run:
    """Watches the frames of `feed` at `place` and has `desk` judge and mark in `scope`; runs once.

    `run` works in the caller's thread, `start` in one of its own, which ends with the program. `stop` may come from
    any thread, any number of times. Subscribers hear every event in order, on the thread that works. `asking` says what
    is asked of tracks before a mark, whether they are living faces; nothing, unless given.
    """

    def __init__(self, place: Place, scope: Scope, feed: Feed, desk: Desk, asking: Asking = OFF) -> None:
        self.place, self.scope = place, scope
        self._feed, self._desk = feed, desk
        self._watcher = Watcher(
            desk, source=place.name, scope=scope, report=self._give_out, tell=self._tell, asking=asking
        )
        noted = scope if place.covers else replace(scope, dry_run=True)
        self._covering = Covering(desk, place.means, noted, place.name)
        self._lock = threading.RLock()  # a signal's handler may call `stop` at any moment
        self._state = RunState.NEW
        self._error: BaseException | None = None
        self._stop, self._over = threading.Event(), threading.Event()
        self._subscribers: tuple[tuple[Subscriber, bool], ...] = ()
        self._frames = self._marked = self._unknown = 0
        self._summary: LiveSummary | None = None
        self._begun: float | None = None
        self._noted = float("-inf")
        self._told: dict[str, float] = {}

    # From outside

    @property
    def state(self) -> RunState:
        """How far it is."""
        return self._state

    @property
    def error(self) -> BaseException | None:
        """What the run failed with."""
        return self._error

    @property
    def summary(self) -> LiveSummary:
        """How it went, or goes so far."""
        return self._summary or self._summed(self._state)

    def subscribe(self, subscriber: Subscriber, *, vital: bool = False) -> None:
        """Have every event told to `subscriber`, from now on.

        One that raises is dropped, and the others hear so (`Dropped`); the error of a `vital` one ends the run.
        """
        with self._lock:
            self._subscribers = (*self._subscribers, (subscriber, vital))

    def start(self) -> None:
        """Begin, in a thread of its own; raises RunStarted the second time. What ends the run is told as `Ended`."""
        self._go(RunState.RUNNING)
        threading.Thread(target=self._work_quietly, name=f"run {self.place.name}", daemon=True).start()

    def run(self) -> LiveSummary:
        """Work until the source ends or `stop` is called; raises RunStarted the second time.

        Raises what the source, the judge, the marks and vital subscribers do, and what the models fail with on too
        many frames in a row. When the source or Ctrl-C ends it, whoever was in view is reported first.
        """
        self._go(RunState.RUNNING)
        return self._work()

    def stop(self) -> None:
        """End soon, with a report of whoever is in view; a run that is over, or about to be, stays as it is."""
        with self._lock:
            if self._state is RunState.NEW:
                self._state = RunState.STOPPED
                self._over.set()
            elif self._state is RunState.RUNNING:
                self._state = RunState.STOPPING
        self._stop.set()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until it is over; False when it is not within the time given."""
        return self._over.wait(timeout_s)

    # Inside

    def _go(self, state: RunState) -> None:
        with self._lock:
            if state not in _NEXT.get(self._state, ()):
                raise RunStarted(self.place.name, f"this run is {self._state}; each one is started once")
            self._state = state

    def _work_quietly(self) -> None:
        with contextlib.suppress(Exception):  # kept in `error`, and told
            self._work()

    def _work(self) -> LiveSummary:
        self._begun = self._desk.clock.monotonic()
        state: RunState = RunState.FAILED
        error: BaseException | None = None
        try:
            with self._feed:
                self._tell(Opened(self.place.name))
                state = self._covered()
        except Exception as problem:
            state, error = RunState.FAILED, problem
            raise
        except BaseException as problem:  # Ctrl-C: somebody stops it
            self.stop()
            state, error = RunState.STOPPED, problem
            raise
        finally:
            self._finish(state, error)
        return self.summary

    def _finish(self, state: RunState, error: BaseException | None) -> None:
        self._summary = summary = self._summed(state)
        self._error = error
        self._go(state)
        try:
            self._tell(Ended(summary, error))
        finally:
            self._over.set()

    def _summed(self, state: RunState) -> LiveSummary:
        seconds = 0.0 if self._begun is None else self._desk.clock.monotonic() - self._begun
        fps = self._frames / seconds if seconds > 0 else 0.0
        counts = (self._frames, self._watcher.judged, self._marked, self._unknown)
        return LiveSummary(*counts, fps, state.value, self._feed.declared)

    def _covered(self) -> RunState:
        """Watch, and in the end note until when; where something else ended it, that is what counts."""
        try:
            state = self._watch()
        except BaseException:
            with contextlib.suppress(Exception):
                self._covering.finish()
            raise
        self._covering.finish()
        return state

    def _watch(self) -> RunState:
        """Take what comes until there is no more, or no more is wanted."""
        state = RunState.ENDED
        for item in self._items():
            if not self._stop.is_set():
                with self._reporting(KeyboardInterrupt):
                    self._take(item)
            if self._stop.is_set():
                state = RunState.STOPPED
                break
        self._watcher.finish()
        return state

    def _items(self) -> Iterator[Frame | Condition | None]:
        with self._reporting(Exception, KeyboardInterrupt):
            yield from self._feed

    @contextlib.contextmanager
    def _reporting(self, *ends: type[BaseException]) -> Iterator[None]:
        """Report whoever was in view when one of these ends the run: it says nothing against what was seen."""
        try:
            yield
        except ends:
            self._watcher.finish()
            raise

    def _take(self, item: Frame | Condition | None) -> None:
        match item:
            case None:
                self._tell(Idle())
            case Frame():
                self._see(item)
            case Condition():
                self._tell(item)
                if isinstance(item, Lost | Stale):
                    self._watcher.finish()

    def _see(self, frame: Frame) -> None:
        """Watch one frame; one on which the models fail is passed over, as often as the feed has patience."""
        if not self._frames:
            self._tell(Began(self._feed.fps, self._feed.declared))
        self._note()
        self._frames += 1
        try:
            self._watcher.see(frame)
        except ModelFailed as failed:
            if failed.times >= self._feed.patience:
                raise failed.error from None
            self._tell(Skipped(frame.number, failed.error))
            return
        self._covering.frame(frame.at)
        self._tell(Seen(frame, self._watcher.faces(frame.time)))

    def _note(self) -> None:
        """Note with the first picture, and again now and then as a new day is a new session, that we look."""
        now = self._desk.clock.monotonic()
        if not self.scope.dry_run and now - self._noted >= NOTE_S:
            self._noted = now
            self._desk.note_check(self.place.means, self.scope)

    def _give_out(self, decision: Decision, crop: Pixels | None = None) -> Decision:
        """Record, count, and tell; returns the decision as it was recorded. ``crop`` is the face."""
        if not self.scope.dry_run:
            decision = self._desk.record(decision, self.scope, means=self.place.means, crop=crop)
        self._marked += decision.decision == "present"
        self._unknown += decision.decision == "unknown"
        if decision.decision == "present" and not self.scope.dry_run:
            self._tell(Marked(decision))
        if not self._is_repeat(decision):
            self._tell(Decided(decision))
        return decision

    def _is_repeat(self, decision: Decision) -> bool:
        """Whether this person before this camera was told of a short while ago."""
        span, person = self.place.repeat_s, decision.person
        if span is None or person is None or decision.decision not in {"present", "already"}:
            return False
        now = self._desk.clock.monotonic()
        last = self._told.get(person.id)
        if last is not None and now - last < span:
            return True
        self._told[person.id] = now
        return False

    def _tell(self, event: Event) -> None:
        for subscriber, vital in self._subscribers:
            try:
                subscriber(event)
            except Exception as error:
                if vital and not isinstance(event, Ended):
                    raise
                self._drop(subscriber, error)

    def _drop(self, subscriber: Subscriber, error: Exception) -> None:
        """Never call this one again, and tell the others once."""
        with self._lock:
            self._subscribers = tuple(each for each in self._subscribers if each[0] is not subscriber)
        self._tell(Dropped(getattr(subscriber, "__qualname__", type(subscriber).__name__), error))
