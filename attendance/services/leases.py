"""`Leases`: what this process does alone among all that share its database, such as watching a camera.

A lease lasts ten seconds and is renewed every three, by the clock of the database's server where there is one. Who was
paused and comes back finds out in the very step that would write: `Leased` is a desk that asks first.
"""

import threading
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

from attendance.services.rounds import Rounds
from gallery.errors import GalleryUnusable, LeaseLost
from gallery.repositories import leases, workers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from attendance.clock import Clock
    from attendance.judge.decision import Policy
    from attendance.live.ports import Means, Pipeline
    from attendance.records import Decision
    from attendance.scope import Scope
    from attendance.services.watching import CameraDesk
    from attendance.settings import Settings
    from enroll.face import Face
    from gallery.leasevalues import Lease
    from gallery.ports import Database, Transaction

T = TypeVar("T")
LASTS: Final = timedelta(seconds=10)
RENEWED_S: Final = 3.0
WAIT_S: Final = 1.0
WAITED_S: Final = 12.0
"""How long somebody waits for another process to let go of what they are to do: longer than a lease lasts."""
CAMERA: Final = "camera:"
"""What the leases of cameras begin with; the number of the place follows."""


def camera_lease(place: int) -> str:
    """What the lease of a camera is called: by the number of its place, which stays whatever that is called."""
    return f"{CAMERA}{place}"


def server_now(store: "Database", transaction: "Transaction", clock: "Clock") -> datetime:
    """The instant by the clock that all who share the database go by."""
    return store.server_time(transaction) or clock.utc()


class Leases:
    """The leases that ``worker`` holds; a thread of its own renews them as long as there are any.

    May be shared by threads. What a step writes follows from what is held while that step is under way, as writers of
    the database are alone: so whichever of a renewal and a release comes last, what was let go is not renewed.
    """

    def __init__(self, store: "Database", clock: "Clock", worker: str) -> None:
        self._store, self._clock, self._worker = store, clock, worker
        self._lock = threading.Lock()
        self._held: dict[str, Lease] = {}
        self._going: dict[str, Lease] = {}
        self._rounds: Rounds | None = None

    def take(self, name: str) -> "Lease | None":
        """Hold this name from now on; None where another process does."""
        with self._store.reading() as transaction:
            now = server_now(self._store, transaction, self._clock)
            there = leases.named(transaction, name)
        if there is not None and there.holder != self._worker and now < there.until <= now + LASTS:
            self._note(name, None)
            return None
        before = self._held.get(name)
        try:
            with self._store.atomic() as transaction:
                now = server_now(self._store, transaction, self._clock)
                taken = leases.take(transaction, name, self._worker, now=now, lasts=LASTS)
                self._note(name, taken)
        except BaseException:
            self._note(name, before)
            raise
        if taken is not None:
            self._keep()
        return taken

    def _note(self, name: str, lease: "Lease | None") -> None:
        """Remember that this is held from now on, or nothing of this name."""
        with self._lock:
            self._held.pop(name, None)
            if lease is not None:
                self._held[name] = lease
                self._going.pop(name, None)

    def holds(self, lease: "Lease") -> bool:
        """Whether it was still this process's when it was last looked at."""
        with self._lock:
            held = self._held.get(lease.name)
        return held is not None and held.epoch == lease.epoch

    def release(self, lease: "Lease") -> None:
        """Let it go; where the database cannot be asked now that is done with the next renewal, or it is over by then.

        A renewal that is under way does not make it last: it is let go once more after that.
        """
        with self._lock:
            self._held.pop(lease.name, None)
            self._going[lease.name] = lease
        with suppress(GalleryUnusable):
            self._let_go()

    def renew(self) -> None:
        """Hold on to all of them; what another has taken is held no more, and what was released is let go."""
        with self._lock:
            if not self._held and not self._going:
                return
        with self._store.atomic() as transaction:
            now = server_now(self._store, transaction, self._clock)
            with self._lock:
                held = dict(self._held)
            kept = leases.renew(transaction, held.values(), now=now, lasts=LASTS)
        with self._lock:
            for name, lease in held.items():
                if name not in kept and self._held.get(name) is lease:
                    del self._held[name]
                if name in kept and name not in self._held:
                    self._going[name] = lease
        self._let_go()

    def _let_go(self) -> None:
        """Let go what was released, unless it was taken again meanwhile."""
        with self._lock:
            if not self._going:
                return
        with self._store.atomic() as transaction:
            now = server_now(self._store, transaction, self._clock)
            with self._lock:
                due = {name: each for name, each in self._going.items() if name not in self._held}
            for each in due.values():
                leases.release(transaction, each, now=now)
        with self._lock:
            for name, each in due.items():
                if self._going.get(name) is each:
                    del self._going[name]

    def refuse_lost(self, transaction: "Transaction", lease: "Lease", what: str) -> None:
        """Raise LeaseLost, which names ``what``, where it is another's by now; asked inside the step that writes."""
        if not leases.stands(transaction, lease.name, lease.holder, lease.epoch):
            raise LeaseLost(what, "another process has taken over")

    def holder_of(self, name: str) -> str | None:
        """In words which other process holds this name now; None where none does."""
        with self._store.reading() as transaction:
            now = server_now(self._store, transaction, self._clock)
            found = leases.named(transaction, name)
            known = {each.id: each.host for each in workers.all_workers(transaction)}
        if found is None or found.until <= now or found.holder == self._worker:
            return None
        return known.get(found.holder, "another process")

    def close(self) -> None:
        """Let all of them go."""
        if self._rounds is not None:
            self._rounds.close(1.0)
        with self._lock:
            held = list(self._held.values())
        for each in held:
            self.release(each)

    def _keep(self) -> None:
        with self._lock:
            if self._rounds is None:
                self._rounds = Rounds("leases", self._round, pause_s=RENEWED_S)
                self._rounds.start()

    def _round(self) -> float:
        self.renew()
        return RENEWED_S


class Leased:
    """A desk that records only as long as a lease stands; it keeps the word of `live.ports.Desk`.

    Each record is made in a step that first asks. Raises LeaseLost, which names ``what``, and what the desk does.
    """

    def __init__(self, desk: "CameraDesk", store: "Database", held: "Leases", lease: "Lease", what: str) -> None:
        self._desk, self._store, self._leases, self._lease, self._what = desk, store, held, lease, what

    @property
    def settings(self) -> "Settings":
        """The settings in force."""
        return self._desk.settings

    @property
    def clock(self) -> "Clock":
        """Where time comes from."""
        return self._desk.clock

    @property
    def pipeline(self) -> "Pipeline":
        """Detector and encoder."""
        return self._desk.pipeline

    def policy(self, scope: "Scope", /, *, track: bool = False) -> "Policy":
        """The numbers to judge by."""
        return self._desk.policy(scope, track=track)

    def judge(
        self,
        faces: "Sequence[Face]",
        scope: "Scope",
        /,
        *,
        source: str,
        frame: int | None = None,
        track: bool = False,
    ) -> "list[Decision]":
        """Judge all faces of one picture together; marks nothing."""
        return self._desk.judge(faces, scope, source=source, frame=frame, track=track)

    def record(
        self, decision: "Decision", scope: "Scope", /, *, means: "Means | None" = None, crop: Any = None
    ) -> "Decision":
        """Store a decision, and mark a `present` one."""
        return self._alone(lambda: self._desk.record(decision, scope, means=means, crop=crop))

    def note_check(self, means: "Means", scope: "Scope", /) -> None:
        """Remember that people were looked for."""
        with self._store.reading() as transaction:  # what it lets go of old faces is no part of a step around it
            self._leases.refuse_lost(transaction, self._lease, self._what)
        self._desk.note_check(means, scope)

    def cover(
        self, means: "Means", scope: "Scope", source: str, /, *, begins: datetime, ends: datetime, before: Any
    ) -> Any:
        """Remember from when to when `source` has looked."""
        return self._alone(lambda: self._desk.cover(means, scope, source, begins=begins, ends=ends, before=before))

    def _alone(self, work: "Callable[[], T]") -> "T":
        with self._store.atomic() as transaction:
            self._leases.refuse_lost(transaction, self._lease, self._what)
            return work()


@contextmanager
def holding(held: "Leases", name: str, what: str, wait: "Callable[[str], bool]") -> "Iterator[Lease]":
    """Hold this name for the block. While another process has it, ``wait`` hears which, and says whether to go on.

    Raises LeaseLost, which names ``what``, where it does not.
    """
    waits = True
    while (lease := held.take(name)) is None:
        holder = held.holder_of(name) or "another process"
        if not waits:
            raise LeaseLost(what, f"{holder} watches it")
        waits = wait(holder)
    try:
        yield lease
    finally:
        held.release(lease)


@contextmanager
def alone_before(
    desk: "CameraDesk", store: "Database", held: "Leases", scope: "Scope", say: "Callable[[str], object]"
) -> "Iterator[CameraDesk]":
    """The desk for a run before the camera of a scope's place, which no other process watches during the block.

    One that was killed is waited for, as its lease is over within ten seconds; ``say`` hears so. A camera that is no
    place, and a dry run, are alone as they are. Raises LeaseLost.
    """
    place = scope.place
    if place is None or scope.dry_run:
        yield desk
        return
    end, pause = desk.clock.monotonic() + WAITED_S, threading.Event()

    def wait(holder: str) -> bool:
        say(f"{place.name}: {holder} watches it; waiting whether that ends")
        pause.wait(WAIT_S)
        return desk.clock.monotonic() < end

    with holding(held, camera_lease(place.id), place.name, wait) as lease:
        yield Leased(desk, store, held, lease, place.name)
