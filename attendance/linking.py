"""From a home to the link of a site's computer with it: put together where a service or a watch begins.

Only a computer of a site, whose database is on a server, has a link; any other home is worked with as it is.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from attendance.access import Actor
from attendance.app import Attendance
from attendance.home import home_folder
from attendance.services.leases import Leased, camera_lease
from attendance.services.link import Link
from attendance.settings import Value, load
from gallery.errors import GalleryUnreachable, LeaseLost
from gallery.locations import pointer
from refusal import Refusal

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from attendance.scope import Scope
    from attendance.services.leases import Leases
    from attendance.services.watching import CameraDesk
    from gallery.leasevalues import Lease
    from gallery.slices.slice import Slice
    from gallery.values import Place


@dataclass(frozen=True, slots=True)
class Linked:
    """A home that is worked with, and the link where it has one."""

    opened: Attendance
    link: Link[Attendance] | None = None

    @property
    def app(self) -> Attendance:
        """What is worked with now: the database, or the slice of the site while that is out of reach."""
        return self.opened if self.link is None else self.link.now

    @contextmanager
    def watched(self, scope: "Scope", say: Callable[[str], object]) -> "Iterator[CameraDesk]":
        """The desk for a run before a camera, see `Attendance.alone_before`; by the slice while the link is down.

        The database is tried, and the slice kept as that is, for as long as the block lasts. A run that begins by the
        slice is alone before its camera from the moment on at which the database is worked with: where another process
        has it by then, whatever the run would record raises LeaseLost.
        """
        link = self.link
        if link is None:
            with self.opened.alone_before(scope, say) as desk:
                yield desk
            return
        if link.now.offline is not None:
            with _alone_later(link, scope, say) as make:
                link.start()
                yield link.desk(make)
            return
        link.start()
        with link.now.alone_before(scope, say) as central:
            yield link.desk(lambda on: central if on.offline is None else on.desk)


class _AloneLater:
    """A run that has begun by the slice: the lease of its camera is taken as the database is come back to."""

    def __init__(self, place: "Place", say: Callable[[str], object]) -> None:
        self._place, self._name, self._say = place, camera_lease(place.id), say
        self._held: tuple[Leases, Lease] | None = None
        self._holder = "another process"

    def take(self, _: Attendance, after: Attendance) -> None:
        """Hold the camera, or say who does; called before the side ``after`` is worked with."""
        if after.offline is not None or self._held is not None:
            return
        taken = after.leases.take(self._name)
        if taken is not None:
            self._held = after.leases, taken
            return
        self._holder = after.leases.holder_of(self._name) or self._holder
        self._say(
            f"{self._place.name}: the database is back, and {self._holder} watches this camera; it is left to that"
        )

    def desk(self, on: Attendance) -> "CameraDesk":
        """The desk on either side. Raises LeaseLost on the database's where another process watches the camera."""
        if on.offline is not None:
            return on.desk
        if self._held is None:
            raise LeaseLost(self._place.name, f"{self._holder} watches it")
        return Leased(on.desk, on.store, *self._held, self._place.name)

    def release(self) -> None:
        """Let the camera go."""
        if self._held is not None:
            leases, lease = self._held
            leases.release(lease)


@contextmanager
def _alone_later(
    link: Link[Attendance], scope: "Scope", say: Callable[[str], object]
) -> "Iterator[Callable[[Attendance], CameraDesk]]":
    """What gives the desk of a run on either side; a camera that is no place, and a dry run, need no lease."""
    if scope.place is None or scope.dry_run:
        yield lambda on: on.desk
        return
    alone = _AloneLater(scope.place, say)
    link.switching.insert(0, alone.take)  # before anything is handed over: where it fails, nothing has changed
    try:
        yield alone.desk
    finally:
        link.switching.remove(alone.take)
        alone.release()


@contextmanager
def linked(
    opening: "Callable[[], AbstractContextManager[Attendance]]",
    home: Path | str | None = None,
    flags: Mapping[str, Value] | None = None,
    actor: Actor | None = None,
) -> Iterator[Linked]:
    """The home as `opening` opens it, by way of a link where it has one; its slice where the database is out of reach.

    Raises what opening does; GalleryUnreachable and OfflineOver where there is no slice that may be used.
    """
    with ExitStack() as stack:
        try:
            opened = stack.enter_context(opening())
        except GalleryUnreachable as error:
            yield _cut_off(stack, error, home, flags, actor)
            return
        found = _slice_for(opened)
        if found is None:
            yield Linked(opened)
            return
        stack.callback(found.close)

        def again() -> Attendance:
            return opened

        def on_slice(slice_: "Slice") -> Attendance:
            with suppress(Refusal):  # told by whoever needs it
                _ = opened.pipeline  # loaded once for both
            return opened.on_slice(slice_)

        link = Link(found, again, on_slice, central=opened, settings=opened.settings, clock=opened.clock)
        yield _joined(stack, opened, link)


def _slice_for(opened: Attendance) -> "Slice | None":
    if opened.settings.site is None or pointer(opened.home) is None:
        return None
    from gallery.slices.slice import Slice

    return Slice.begin(opened.home)


def _cut_off(
    stack: ExitStack,
    error: GalleryUnreachable,
    home: Path | str | None,
    flags: Mapping[str, Value] | None,
    actor: Actor | None,
) -> Linked:
    """The slice, where there is one; else what was met is raised."""
    from gallery.slices.slice import Slice

    folder = home_folder(home)
    found = None if load(folder, flags=flags).values.site is None else Slice.open(folder)
    if found is None:
        raise error
    stack.callback(found.close)
    opened_later = stack.enter_context(ExitStack())
    begun = Attendance.cut_off(found, flags=flags, actor=actor)

    def reach() -> Attendance:
        central = Attendance.open(
            folder, clock=begun.clock, pipeline=begun.pipeline, flags=flags, create=False, actor=actor
        )
        opened_later.callback(central.close)
        central.link = link
        central.workers.tells["waiting"] = link.waiting
        return central

    link = Link(found, reach, lambda _: begun, central=None, settings=begun.settings, clock=begun.clock, why=error)
    return _joined(stack, begun, link)


def _joined(stack: ExitStack, opened: Attendance, link: Link[Attendance]) -> Linked:
    opened.link = link
    opened.workers.tells["waiting"] = link.waiting
    stack.callback(link.close)
    link.switching.append(_hand_over)
    return Linked(opened, link)


def _hand_over(before: Attendance, after: Attendance) -> None:
    """Kiosks and cameras go on from one side to the other."""
    after.link = before.link
    after.__dict__["cameras"] = before.cameras
    if after.offline is None:
        after.cameras.rejoin(after.leases)
    if "kiosks" in before.__dict__:
        after.kiosks.go_on_from(before.kiosks)
