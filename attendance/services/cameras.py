"""`Cameras`: those that are wanted are watched in the background, whenever the service runs.

What is wanted stands in the gallery, so a restart goes on with it. One thread compares that with what is watched, every
two seconds and whenever something is asked for, and writes the news of cameras.
"""

import logging
import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

from attendance.access import Actor, needs
from attendance.cameras import Address, Camera, parse_address, virtual_device
from attendance.errors import PlaceExists, PlaceRetired, PlaceUnknown
from attendance.faults import refusal_of
from attendance.records import instant
from attendance.services.camerahealth import Gauge, Health, Today
from attendance.services.itself import Served
from attendance.services.known import folded, known_place
from attendance.services.leases import Leased, camera_lease
from attendance.services.virtualcameras import note_program, programs
from attendance.services.watching import CameraDesk, camera_run
from attendance.services.watchman import Pauses, Shown, Watchman
from attendance.services.workers import sites_of
from attendance.show.liveview import LiveView
from attendance.zones import day_start, local_day
from gallery.errors import LeaseLost
from gallery.repositories import news, people, places, sightings, watches, workers
from gallery.repositories.events import WATCH_STARTED, WATCH_STOPPED, record
from refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import datetime

    from attendance.clock import Clock
    from attendance.live import Run
    from attendance.services.desk import Desk
    from attendance.services.leases import Leases
    from attendance.services.link import Link
    from attendance.services.places import Places
    from attendance.services.scopes import Scopes
    from gallery import Gallery
    from gallery.leasevalues import Lease
    from gallery.ports import Transaction
    from gallery.servicevalues import Watch
    from gallery.values import Place

LOG: Final = logging.getLogger("attendance.cameras")
T = TypeVar("T")
BEAT_S: Final = 2.0
CLOSE_S: Final = 2.0
COUNT_S: Final = 3.0
"""How old the counts of today may be."""
SHOWN: Final = 8
"""How many of a camera's last decisions are shown."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be watched: a change of any part of it begins a new run; ``address`` is None where it cannot be.

    With ``elsewhere`` a service of its site is to watch it.
    """

    place: "Place"
    address: Address | None
    watch: "Watch"
    elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class LastSeen:
    """A face that was decided on before a camera; ``name`` is None where it is nobody's."""

    at: "datetime"
    ruling: str
    name: str | None
    person: str | None
    score: float | None
    sighting: int

    def to_dict(self) -> dict[str, Any]:
        """As JSON tells it."""
        person = None if self.person is None else {"id": self.person, "name": self.name}
        return {"at": instant(self.at), "decision": self.ruling, "person": person, "sighting": self.sighting}


@dataclass(frozen=True, slots=True)
class Parts:
    """What of a home is worked with; none has ``leases`` where nobody else could watch."""

    gallery: "Gallery"
    desk: "Desk"
    scopes: "Scopes"
    places: "Places"
    leases: "Leases | None"


class Cameras:
    """Starts, stops and shows cameras; `start` and `close` are for the service that runs them.

    Of all services of a home one watches a camera, as ``leases`` tell. One of a ``site`` watches those of its site and
    of none; one of no site also those of sites that have no service of their own.
    """

    def __init__(
        self,
        gallery: "Gallery",
        desk: "Desk",
        scopes: "Scopes",
        places_: "Places",
        clock: "Clock",
        zone: str,
        *,
        leases: "Leases | None" = None,
        site: str | None = None,
        link: "Link[Any] | None" = None,
    ) -> None:
        self._own = Parts(gallery, desk, scopes, places_, leases)
        self._clock, self._zone = clock, zone
        self._site, self._link = site, link
        self._held: dict[int, Lease] = {}
        self._served: Served | None = None
        self._lock, self._writing = threading.RLock(), threading.Lock()
        self._watched: dict[int, tuple[Wanted, Watchman]] = {}
        self._news: deque[news.New] = deque()
        self._counts: dict[int, tuple[float, Today]] = {}
        self._ended: list[Watchman] = []
        self._shown: dict[int, Shown] = {}
        self._wake, self._closing = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self.device: Callable[[Address], Camera | None] = lambda _: None
        """What stands in for the camera of an address; None: itself."""
        self.pauses = Pauses(longest=max(60.0, desk.settings.camera_retry_max_s))

    @property
    def _parts(self) -> Parts:
        """Those of the database, or of the slice while that is out of reach; cameras of a site need no lease then."""
        if self._link is None:
            return self._own
        return _parts_of(self._link.now)

    @property
    def _gallery(self) -> "Gallery":
        return self._parts.gallery

    @property
    def _leases(self) -> "Leases | None":
        return self._parts.leases

    def _call(self, work: "Callable[[], T]") -> "T":
        """Do it, and again on the slice where the link to the database ends meanwhile."""
        return work() if self._link is None else self._link.call(lambda _: work())

    def _refuse_away(self) -> None:
        """Raise GalleryUnreachable: what is watched is decided in the database of all sites."""
        if self._link is not None:
            self._link.refuse_away()

    def rejoin(self, leases: "Leases") -> None:
        """Hold again what is watched, before the database is worked with that was out of reach."""
        with self._lock:
            for number in self._watched:
                taken = leases.take(camera_lease(number))
                if taken is not None:
                    self._held[number] = taken

    # For the service

    def served_at(self, port: int, public: str = "") -> None:
        """Where the service itself answers: no camera may be there."""
        self._served = Served(port, public)

    def start(self) -> None:
        """Watch what is wanted, from now on."""
        with self._lock:
            if self._thread is None and not self._closing.is_set():
                self._thread = threading.Thread(target=self._keep, name="cameras", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Stop all of them, and report whoever is in view; what is wanted stays so."""
        self._closing.set()
        self._wake.set()
        with self._lock:
            ended = [*self._ended, *(watchman for _, watchman in self._watched.values())]
            self._watched.clear()
        for each in ended:
            each.stop()
        end = self._clock.monotonic() + CLOSE_S
        for each in ended:
            each.wait(max(0.1, min(CLOSE_S, end - self._clock.monotonic())))
        for number in list(self._held):
            self._let_go(number)
        self._write_news()

    # What is asked for

    @needs("cameras.change")
    def begin(self, actor: "Actor", name: str, *, session: str | None = None) -> Health:
        """Watch the camera of a place from now on, in this session or the day's own; what runs already begins anew.

        Raises PlaceUnknown, PlaceRetired, PlaceAddress, CameraItself, CameraMissing, and as `Scopes.of`.
        """
        self._refuse_away()
        address, scope = self._parts.scopes.before(self._place(name).name, session)
        if self._served is not None:
            self._served.refuse(address)
        place = scope.place
        if place is None:
            raise PlaceRetired(name, "this place is out of use")
        now = self._clock.utc()
        with self._gallery.store.atomic() as transaction:
            watches.put(transaction, place.id, session=session, at=now, by=actor.name)
            record(transaction, at=now, by=actor.name, action=WATCH_STARTED, subject=place.id)
        self._reconcile()
        return self.of(name)

    @needs("cameras.change")
    def stop(self, actor: "Actor", name: str) -> Health:
        """Watch it no more, also after a restart of the service. Raises PlaceUnknown."""
        self._refuse_away()
        now = self._clock.utc()
        with self._gallery.store.atomic() as transaction:
            place = known_place(transaction, name)
            if any(each.place == place.id for each in watches.all_watches(transaction)):
                watches.remove(transaction, place.id)
                record(transaction, at=now, by=actor.name, action=WATCH_STOPPED, subject=place.id)
        self._reconcile()
        return self.of(name)

    @needs("cameras.change")
    def restart(self, actor: "Actor", name: str) -> Health:
        """Begin anew, at once, in the session in which it is watched. Raises as `begin`."""
        found = self._watch_of(self._place(name))
        return self.begin(actor, name, session=None if found is None else found.session)

    @needs("cameras.change")
    def want(self, actor: "Actor", name: str, address: str | None = None) -> Health:
        """Watch the camera of this name, whose place is made if there is none and an address is given.

        Nothing begins anew that is watched already. Raises PlaceExists where the place has another address, and as
        `Places.add` and `begin`.
        """
        with self._gallery.store.reading() as transaction:
            there = places.named(transaction, folded(name))
        if there is None and address is not None:
            self.add(actor, name, address)
        elif there is not None and address is not None:
            self._refuse_other(there, address)
        if there is not None and there.active and self._watch_of(there) is not None:
            return self.of(name)
        return self.begin(actor, name)

    @needs("cameras.change")
    def add(self, actor: "Actor", name: str, address: str, **given: Any) -> "Place":
        """A new place with a camera, as `Places.add`; raises CameraItself as well."""
        self._refuse_away()
        self.refuse_itself(address)
        return self._parts.places.add(actor, name, address, **given).place

    def refuse_itself(self, address: str) -> None:
        """Raise CameraItself where an address leads to the service; one that is none is refused elsewhere."""
        if self._served is None:
            return
        try:
            found = parse_address(address)
        except Refusal:
            return
        self._served.refuse(found)

    # How they do

    def all(self, groups: "Collection[str] | None" = None) -> list[Health]:
        """Every camera in use, by name; of these ``groups`` only, where they are given."""
        return self._call(lambda: self._all(groups))

    def _all(self, groups: "Collection[str] | None") -> list[Health]:
        with self._gallery.store.reading() as transaction:
            found = [each for each in places.all_places(transaction) if each.kind == "camera" and each.active]
            wanted = {each.place: each for each in watches.all_watches(transaction)}
        seen = [each for each in found if groups is None or each.group in groups]
        return [self._health(each, wanted.get(each.id)) for each in seen]

    def programs(self) -> dict[int, str]:
        """By number of each place whose pictures come from a program that poses as a camera, what that is called."""

        def look() -> dict[int, str]:
            with self._gallery.store.reading() as transaction:
                return {place.id: program for place, program in programs(transaction, self._clock.utc())}

        return self._call(look)

    def of(self, name: str) -> Health:
        """One camera. Raises PlaceUnknown."""

        def look() -> Health:
            place = self._place(name)
            return self._health(place, self._watch_of(place))

        return self._call(look)

    def numbered(self, number: int, groups: "Collection[str] | None" = None) -> Health:
        """As `of`, by the number of its place; one of other groups is as unknown as one that is not there."""

        def look() -> Health:
            place = self._numbered(number, groups)
            return self._health(place, self._watch_of(place))

        return self._call(look)

    def place(self, number: int) -> "Place":
        """The place of this number, a kiosk or one out of use, too. Raises PlaceUnknown."""
        return self._numbered(number, None)

    def view(self, number: int, groups: "Collection[str] | None" = None) -> LiveView:
        """What a camera shows, watched or not. Raises PlaceUnknown."""
        return self._face(self._call(lambda: self._numbered(number, groups)).id).view

    def last(self, number: int, most: int = SHOWN) -> list[LastSeen]:
        """The last faces that were decided on there, the newest first."""

        def look() -> list[LastSeen]:
            with self._gallery.store.reading() as transaction:
                found = sightings.newest_at(transaction, number, most)
                _, named = people.named(transaction, {each.person for each in found if each.person is not None})
            return [_last(each, named) for each in found]

        return self._call(look)

    # Inside

    def _place(self, name: str) -> "Place":
        with self._gallery.store.reading() as transaction:
            return known_place(transaction, name)

    def _numbered(self, number: int, groups: "Collection[str] | None") -> "Place":
        with self._gallery.store.reading() as transaction:
            found = next((each for each in places.all_places(transaction) if each.id == number), None)
        if found is None or (groups is not None and found.group not in groups):
            raise PlaceUnknown.among(str(number), ())
        return found

    def _refuse_other(self, place: "Place", address: str) -> None:
        """Raise PlaceExists where the place has another address: nobody has said that it is to change."""
        _, kept = self._parts.places.camera(place.name)
        if parse_address(address).value != kept.value:
            raise PlaceExists(place.name, "there is a place of this name with another address")

    def _watch_of(self, place: "Place") -> "Watch | None":
        with self._gallery.store.reading() as transaction:
            return next((each for each in watches.all_watches(transaction) if each.place == place.id), None)

    def _health(self, place: "Place", watch: "Watch | None") -> Health:
        reading = self._face(place.id).gauge.read()
        session = None if watch is None else watch.session
        return Health(place.id, place.name, place.group, watch is not None, session, reading, self._today(place.id))

    def _face(self, number: int) -> Shown:
        with self._lock:
            if number not in self._shown:
                self._shown[number] = Shown(Gauge(self._clock), LiveView(self._clock, self._zone))
            return self._shown[number]

    def _today(self, number: int) -> Today:
        now = self._clock.monotonic()
        known = self._counts.get(number)
        if known is not None and 0 <= now - known[0] < COUNT_S:
            return known[1]
        since = day_start(local_day(self._clock.utc(), self._zone), self._zone)
        with self._gallery.store.reading() as transaction:
            found = Today(dict(sightings.rulings_at(transaction, number, since)))
        self._counts[number] = now, found
        return found

    def _keep(self) -> None:
        while not self._closing.is_set():
            try:
                self._call(self._reconcile)
                self._write_news()
            except Exception as error:  # noqa: BLE001 - the database is busy or gone: cameras go on, and it is tried again
                self._complain(refusal_of(error, "cameras"))
            self._wake.wait(BEAT_S)
            self._wake.clear()

    def _complain(self, error: Refusal) -> None:
        with self._lock:
            for _, watchman in self._watched.values():
                watchman.gauge.trouble(str(error), error.help, error.id)

    def _reconcile(self) -> None:
        """Stop what is not wanted so any more, and begin what is; nothing where the service is not on.

        What is asked for again is wanted since another moment and begins anew, whoever of two threads is first here.
        """
        with self._lock:
            if self._thread is None or self._closing.is_set():
                return
            wanted = self._wanted()
            for number, (_, watchman) in self._watched.items():
                if watchman.lost:
                    self._held.pop(number, None)
            mine = {number: each for number, each in wanted.items() if self._is_mine(each)}
            for number, (before, watchman) in list(self._watched.items()):
                if mine.get(number) != before or watchman.lost:
                    del self._watched[number]
                    watchman.stop(replaced=number in wanted)
                    self._ended.append(watchman)
            for number, each in mine.items():
                if number not in self._watched:
                    self._watched[number] = each, self._watchman(each)
            self._ended = [each for each in self._ended if not each.wait(0.0)]
            for number in () if self._leases is None else self._held.keys() - mine.keys():
                if not any(each.number == number for each in self._ended):  # it reports whoever is in view first
                    self._let_go(number)

    def _is_mine(self, wanted: Wanted) -> bool:
        """Whether this process watches it alone from now on, or does already."""
        number = wanted.place.id
        if self._link is not None and self._link.away:
            return wanted.place.site == self._site  # those of no site may be watched by others meanwhile
        if self._leases is None or wanted.elsewhere:
            return not wanted.elsewhere
        held = self._held.get(number)
        if held is not None and self._leases.holds(held):
            return True
        name = camera_lease(number)
        taken = self._leases.take(name)
        if taken is None:
            self._held.pop(number, None)
            self._show_elsewhere(number, self._leases.holder_of(name))
            return False
        self._held[number] = taken
        return True

    def _show_elsewhere(self, number: int, holder: str | None) -> None:
        shown = self._face(number)
        shown.gauge.set("elsewhere", f"{holder or 'another process'} watches it")
        shown.view.say("Watched elsewhere", holder or "")
        shown.view.forget()

    def _let_go(self, number: int) -> None:
        held = self._held.pop(number, None)
        if held is not None and self._leases is not None:
            self._leases.release(held)

    def _wanted(self) -> dict[int, Wanted]:
        with self._gallery.store.reading() as transaction:
            asked = {each.place: each for each in watches.all_watches(transaction)}
            found = [each for each in places.all_places(transaction) if each.id in asked and each.active]
            foreign = self._foreign(transaction, {each.site for each in found if each.site is not None})
            return {
                each.id: Wanted(each, self._address(each), asked[each.id], elsewhere=each.site in foreign)
                for each in found
            }

    def _foreign(self, transaction: "Transaction", sites: set[str]) -> frozenset[str | None]:
        """Those of the sites whose cameras are watched by services of their own."""
        if self._site is not None:
            return frozenset(sites - {self._site})
        return sites_of(workers.all_workers(transaction)) & sites if sites else frozenset()

    def _address(self, place: "Place") -> Address | None:
        try:
            return self._parts.places.camera(place.name)[1]
        except Refusal:  # told by the run that needs it
            return None

    def _watchman(self, wanted: Wanted) -> Watchman:
        place = wanted.place
        before = next((each for each in self._ended if each.name == place.name and not each.wait(0.0)), None)

        def make() -> "Run":
            if before is not None:
                before.wait(CLOSE_S)  # a device is opened by one at a time
            return self._run(wanted)

        def tell(kind: str) -> None:
            LOG.info(kind, extra={"facts": {"place": place.id}, "names": {"place_name": place.name}})
            self._news.append(news.New(self._clock.utc(), kind, str(place.id), None, place.id))
            self._wake.set()

        made = Watchman(place.name, make, tell, self._face(place.id), self._clock, self.pauses, number=place.id)
        made.start()
        return made

    def _run(self, wanted: Wanted) -> "Run":
        """A run of what is wanted as it is now. Raises what cannot be, and CameraItself."""
        name = wanted.place.name
        address, scope = self._parts.scopes.before(name, wanted.watch.session)
        if self._served is not None:
            self._served.refuse(address)
        desk, device = self._desk_for(wanted.place), self.device(address)
        if device is None:
            note_program(self._gallery, _actor(wanted.place), self._clock, wanted.place, virtual_device(address))
        return camera_run(desk, address, scope, camera=device)

    def _desk_for(self, place: "Place") -> "CameraDesk":
        """The desk of a camera, which records as long as its lease stands, and on the slice without one."""
        if self._link is None:
            return self._leased(place, self._own)
        return self._link.desk(lambda on: self._leased(place, _parts_of(on)))

    def _leased(self, place: "Place", parts: Parts) -> "CameraDesk":
        desk = parts.desk.by(_actor(place))
        if parts.leases is None:
            return desk
        held = self._held.get(place.id)
        if held is None:
            raise LeaseLost(place.name, "another process has taken over")
        return Leased(desk, parts.gallery.store, parts.leases, held, place.name)

    def _write_news(self) -> None:
        """Write what there is; what cannot be written now stays for the next time."""
        with self._writing:
            waiting = list(self._news)
            if not waiting or (self._link is not None and self._link.away):
                return
            with self._gallery.store.atomic() as transaction:
                there = places.names(transaction, {each.place for each in waiting if each.place is not None})
                news.add(transaction, [each for each in waiting if each.place in there])
            for _ in waiting:
                self._news.popleft()


def _actor(place: "Place") -> Actor:
    return Actor(f"camera {place.name}", door="camera")


def _parts_of(on: Any) -> Parts:
    return Parts(on.gallery, on.desk, on.scopes, on.places, on.leases if on.offline is None else None)


def _last(each: Any, named: "dict[int, Any]") -> LastSeen:
    person = named.get(each.person)
    return LastSeen(
        each.at,
        each.ruling,
        None if person is None else person.name,
        None if person is None else person.external_id,
        each.score,
        each.id,
    )
