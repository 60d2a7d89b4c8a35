"""`Link`: whether the database of all sites is within reach, and the slice of this one to go on with while it is not.

What a site needs at every moment (cameras, kiosks, the live view) works on whichever of the two is `now`. A call that
meets the end of the link is repeated on the slice, whole. Every few seconds the database is tried: when it is back,
what was done meanwhile is delivered, the slice is filled anew, and only then is the database worked with again, so
that nobody is judged by what was erased or withdrawn meanwhile. While the link holds the slice is kept as the database
is.
"""

import logging
import random
import threading
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeVar

from attendance.access import needs
from attendance.services.rounds import Rounds
from gallery.errors import GalleryError, GalleryUnreachable, OfflineOver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from attendance.access import Actor
    from attendance.clock import Clock
    from attendance.judge.decision import Policy
    from attendance.live.ports import Means, Pipeline
    from attendance.records import Decision
    from attendance.scope import Scope
    from attendance.services.arrivals import Arrivals
    from attendance.services.desk import Desk
    from attendance.services.watching import CameraDesk
    from attendance.settings import Settings
    from enroll.face import Face
    from gallery.ports import Database
    from gallery.slices.slice import Slice

LOG = logging.getLogger(__name__)
TRIED_S: Final = 5.0
"""How often the database is tried, a fifth more or less, so that not all sites try at once."""
FOLLOWED_S: Final = 60.0
"""How old the marks of today in the slice may be while the link holds; who is enrolled is followed at once."""
AWAY: Final = "marking goes on here, and pages of all else come back with the link"
T = TypeVar("T")


class Side(Protocol):
    """An opened home: that of the database, or the slice of a site; what of it the link itself needs."""

    @property
    def store(self) -> "Database":
        """Its database."""
        ...

    @property
    def offline(self) -> "Slice | None":
        """The slice that it works on, None for the database of all sites."""
        ...

    @property
    def desk(self) -> "Desk":
        """Where faces are judged and recorded."""
        ...

    @property
    def arrivals(self) -> "Arrivals":
        """What takes in what was done meanwhile."""
        ...

    def close(self) -> None:
        """Close it."""
        ...


S = TypeVar("S", bound=Side)


class Link(Generic[S]):
    """The way from a site's computer to the database; may be shared by threads.

    ``opens`` opens the database, ``on_slice`` the slice. Without ``central`` it begins out of reach, for the reason
    ``why``; then the slice must have been filled. Raises OfflineOver where it is too old.
    """

    def __init__(
        self,
        slice_: "Slice",
        opens: "Callable[[], S]",
        on_slice: "Callable[[Slice], S]",
        *,
        central: S | None,
        settings: "Settings",
        clock: "Clock",
        why: GalleryError | None = None,
    ) -> None:
        self.site, self._days = settings.site, settings.offline_days
        self._slice, self._opens, self._on_slice, self._clock = slice_, opens, on_slice, clock
        self._central, self._offline = central, None if central is not None else on_slice(slice_)
        self._gate, self._changing, self._looking = Gate(), threading.RLock(), threading.Lock()
        self._why = why
        self._since: datetime | None = None if central is not None else clock.utc()
        self._followed: tuple[int, float] | None = None
        self.switching: list[Callable[[S, S], object]] = []
        """What is called with the side that was worked with, and the next, before that is worked with."""
        self.reached: list[Callable[[S], object]] = []
        """What is called when the database is opened that was out of reach from the start."""
        self._now: S = self._begin()
        self._rounds = Rounds("link", self._round, pause_s=TRIED_S)

    def _begin(self) -> S:
        if self._central is not None:
            return self._central
        self._slice.refuse_old(self._clock.utc(), self._days)
        if self._offline is None:
            raise OfflineOver(self._slice.database.where, "this slice was never filled")
        LOG.info("link.lost")
        return self._offline

    # What is worked with

    @property
    def now(self) -> S:
        """The side that is worked with now."""
        return self._now

    @property
    def central(self) -> S | None:
        """The database, also while it is out of reach; None until it was first reached."""
        return self._central

    @property
    def away(self) -> bool:
        """Whether the database is out of reach."""
        return self._since is not None

    @property
    def since(self) -> "datetime | None":
        """Since when it is."""
        return self._since

    def waiting(self) -> int:
        """How many records wait to be delivered."""
        with suppress(GalleryError):
            return self._slice.waiting()
        return 0

    def refuse_away(self) -> None:
        """Raise GalleryUnreachable while the database is out of reach, OfflineOver where the slice is too old, too."""
        why = self._why
        if self._since is None or why is None:
            return
        if isinstance(why, OfflineOver):
            raise OfflineOver(why.where, why.detail)
        detail = why.detail if self._now is self._central else AWAY
        raise GalleryUnreachable("link", f"since {self._since:%H:%M} UTC the database is out of reach; {detail}")

    def call(self, step: "Callable[[S], T]") -> T:
        """What `step` does with the side that is worked with; done again on the slice where the link ends meanwhile."""
        with self._gate.shared():
            on = self._usable()
            try:
                return step(on)
            except GalleryUnreachable as error:
                self.lost(on, error)
                again = self._usable()
                if again is on:
                    raise
            return step(again)

    def _usable(self) -> S:
        """The side to work with; raises at once where neither can be."""
        if self._since is not None and (self._now is self._central or isinstance(self._why, OfflineOver)):
            self.refuse_away()
        return self._now

    def desk(self, make: "Callable[[S], CameraDesk]") -> "LinkedDesk[S]":
        """A desk on whichever side is worked with, which ``make`` gives."""
        return LinkedDesk(self, make)

    # Whether it is within reach

    def lost(self, on: S, error: GalleryUnreachable) -> None:
        """Go on with the slice, as the database did not answer; nothing happens where that is known already."""
        with self._changing:
            if on is not self._now or on.offline is not None or self._since is not None:
                return
            self._why, self._since = error, self._clock.utc()
            LOG.info("link.lost")
            if self._slice.state is None:
                return
            try:
                self._slice.refuse_old(self._clock.utc(), self._days)
            except OfflineOver as over:
                self._why = over
                return
            self._switch(self._slice_side())

    def start(self) -> None:
        """Try, and follow, from now on."""
        self._rounds.start()

    def close(self) -> None:
        """End, and close what was opened."""
        self._rounds.close(2.0)
        if self._offline is not None:
            self._offline.close()
        self._slice.close()

    def look(self) -> None:
        """Try the database once: go on with the slice where it is away, follow it, or come back to it."""
        with self._looking:
            if self._since is not None:
                self._come_back()
                return
            on = self._now
            try:
                self._follow(on)
            except GalleryUnreachable as error:
                self.lost(on, error)

    def _round(self) -> float:
        self.look()
        return TRIED_S * random.uniform(0.8, 1.2)  # noqa: S311 - when to try is no secret # nosec B311

    def _follow(self, central: S) -> None:
        """Have the slice hold what the database says now, where that may have changed."""
        generation, at = central.store.generation(), self._clock.monotonic()
        before = self._followed
        if before is not None and before[0] == generation and 0 <= at - before[1] < FOLLOWED_S:
            return
        central.arrivals.settle(self._slice, self.site)
        self._followed = generation, at
        self._slice_side().desk.policy()  # reads who is new now, and not when the link ends

    def _come_back(self) -> None:
        """Deliver, fill anew, and work with the database again, where it answers."""
        if self._now.offline is not None and not isinstance(self._why, OfflineOver):
            try:
                self._slice.refuse_old(self._clock.utc(), self._days)
            except OfflineOver as over:
                self._why = over
        try:
            central = self._reached()
            done = central.arrivals.deliver(self._slice)
            with self._gate.alone():
                central.arrivals.settle(self._slice, self.site)
                with self._changing:
                    self._switch(central)
                    self._since = self._why = None
                    self._followed = None
            LOG.info("link.back", extra={"facts": asdict(done)})
        except GalleryUnreachable:
            return

    def _reached(self) -> S:
        """The database, opened now where it never was; raises GalleryUnreachable."""
        if self._central is None:
            self._central = self._opens()
            for each in self.reached:
                each(self._central)
        self._central.store.generation()
        return self._central

    def _slice_side(self) -> S:
        if self._offline is None:
            self._offline = self._on_slice(self._slice)
        return self._offline

    def _switch(self, to: S) -> None:
        before = self._now
        if before is not to:
            for each in self.switching:
                each(before, to)
            self._now = to


class LinkedDesk(Generic[S]):
    """A desk on whichever side of a link is worked with; it keeps the word of `live.ports.Desk`."""

    def __init__(self, link: Link[S], make: "Callable[[S], CameraDesk]") -> None:
        self._link, self._make = link, make

    @needs("faces.judge")
    def by(self, actor: "Actor") -> "LinkedDesk[S]":
        """The same desk, with somebody else who acts."""
        return LinkedDesk(self._link, lambda on: on.desk.by(actor))

    @property
    def settings(self) -> "Settings":
        """The settings in force."""
        return self._link.now.desk.settings

    @property
    def clock(self) -> "Clock":
        """Where time comes from."""
        return self._link.now.desk.clock

    @property
    def pipeline(self) -> "Pipeline":
        """Detector and encoder, loaded at first use."""
        return self._link.now.desk.pipeline

    def policy(self, scope: "Scope", /, *, track: bool = False) -> "Policy":
        """The numbers to judge by, for the people of the side that is worked with."""
        return self._link.call(lambda on: self._make(on).policy(scope, track=track))

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
        return self._link.call(lambda on: self._make(on).judge(faces, scope, source=source, frame=frame, track=track))

    def record(
        self, decision: "Decision", scope: "Scope", /, *, means: "Means | None" = None, crop: Any = None
    ) -> "Decision":
        """Store a decision, and mark a `present` one."""
        return self._link.call(lambda on: self._make(on).record(decision, scope, means=means, crop=crop))

    def note_check(self, means: "Means", scope: "Scope", /) -> None:
        """Remember that people were looked for."""
        self._link.call(lambda on: self._make(on).note_check(means, scope))

    def cover(
        self, means: "Means", scope: "Scope", source: str, /, *, begins: "datetime", ends: "datetime", before: Any
    ) -> Any:
        """Remember from when to when `source` has looked; on another side than before that is another stretch."""

        def cover(on: S) -> Any:
            side, stretch, last = before or (on, None, begins)
            same = side is on
            desk = self._make(on)
            since, known = (begins, stretch) if same else (last, None)
            found = desk.cover(means, scope, source, begins=since, ends=ends, before=known)
            return None if found is None else (on, found, ends)

        return self._link.call(cover)


class Gate:
    """Let any number of threads through, or one of them alone; who is through may come again."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._through = 0
        self._waits = False
        self._here = threading.local()

    @contextmanager
    def shared(self) -> "Iterator[None]":
        """Through, beside others."""
        depth = getattr(self._here, "depth", 0)
        if depth == 0:
            with self._changed:
                self._changed.wait_for(lambda: not self._waits)
                self._through += 1
        self._here.depth = depth + 1
        try:
            yield
        finally:
            self._here.depth = depth
            if depth == 0:
                with self._changed:
                    self._through -= 1
                    self._changed.notify_all()

    @contextmanager
    def alone(self) -> "Iterator[None]":
        """Through when nobody else is, and nobody until it is left."""
        with self._changed:
            self._changed.wait_for(lambda: not self._waits)
            self._waits = True
            self._changed.wait_for(lambda: self._through == 0)
        try:
            yield
        finally:
            with self._changed:
                self._waits = False
                self._changed.notify_all()
