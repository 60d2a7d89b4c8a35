"""What a site did while the database was out of reach, taken in: each thing in a step of its own, and once.

A site that comes back late brings sightings, marks and when it looked; never a person, a template, a consent or a
group. Of whoever is gone, inactive or has withdrawn nothing is taken, and nothing of a closed month: it is noted as
refused, and the log tells. What was shown although it had been taken away here makes no mark but a review. Whose turn
it was does not depend on which site comes back first, see `attendance.register.latecoming`.
"""

import dataclasses
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from attendance.access import needs
from attendance.errors import MonthClosed
from attendance.services.arrivalstep import GONE, Refused, Step
from attendance.services.leases import server_now
from attendance.services.settingaside import LOG, Left, SettingAside, code_of, stops_all
from attendance.zones import days_between
from gallery.errors import KeyWrong, TemplateAltered
from gallery.repositories import (
    aliases,
    arrivals,
    events,
    sightings,
    tokens,
)
from gallery.repositories.arrivals import Arrival, Outcome
from gallery.slices import outbox
from gallery.slices.aside import Content, SetAside
from gallery.slices.aside import waiting as waiting_one_by_one
from gallery.slices.outbox import Item, Looked, Seen, TakenBack
from gallery.slices.slice import Slice
from gallery.vault.filevault import HOME_ID
from gallery.vault.key import read_copy
from gallery.vault.seal import Sealer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from attendance.access import Actor
    from attendance.clock import Clock
    from attendance.register.marks import Marks
    from gallery import Gallery
    from gallery.ports import Cipher, Transaction
    from gallery.slices.slice import Filled
    from gallery.slices.state import State

    AlsoLook = Callable[[Transaction, datetime, datetime], Iterable[date]]


@dataclass(frozen=True, slots=True)
class Delivered:
    """How many things were kept, were there already, and were refused, of those that had not come before."""

    kept: int = 0
    already: int = 0
    refused: int = 0

    @property
    def all(self) -> int:
        """How many that were."""
        return self.kept + self.already + self.refused


class Arrivals:
    """Takes in, for the database of ``gallery``, what waits in slices; ``marks`` are those of whoever runs this.

    ``also_look`` tells which other days it concerns that somebody has looked, see `Nights.of_look`.
    """

    def __init__(
        self,
        gallery: "Gallery",
        marks: "Marks",
        clock: "Clock",
        by: str,
        zone: str,
        *,
        also_look: "AlsoLook" = lambda *_: (),
    ) -> None:
        self._gallery, self._marks, self._clock, self._by = gallery, marks, clock, by
        self._zone, self._also_look = zone, also_look
        self._ahead = timedelta(0)

    def settle(self, slice_: "Slice", site: str | None) -> "tuple[Delivered, Filled]":
        """Deliver all that waits, then fill the slice anew; what is done meanwhile is delivered, too."""
        delivered = Counter(dataclasses.asdict(self.retry(slice_)))
        while True:
            delivered += Counter(dataclasses.asdict(self._deliver(slice_)))
            with self._gallery.store.reading() as central:
                filled = slice_.fill(central, site, at=self._clock.utc())
            if filled is not None:
                return Delivered(**delivered), filled

    def deliver(self, slice_: "Slice") -> Delivered:
        """Take in what waits in a slice, in the order in which it was done; it may be repeated at any time.

        What was set aside before is tried again first. What cannot be taken for a reason of its own is set aside, and
        the rest goes on. Raises GalleryUnreachable where the database goes away, and what else keeps it from taking
        anything: what was taken until then is not taken again.
        """
        again = self.retry(slice_)
        new = self._deliver(slice_)
        return Delivered(again.kept + new.kept, again.already + new.already, again.refused + new.refused)

    def _deliver(self, slice_: "Slice") -> Delivered:
        state = slice_.state
        if state is None:
            return Delivered()
        with slice_.database.reading() as here:
            waiting, broken = _read(here, state)
            upto, counted = outbox.upto(here, state), tokens.counters(here)
        with self._gallery.store.reading() as central:
            before = arrivals.known(central, [each.uid for each in waiting])
        told, aside = Counter[Outcome](), SettingAside(self._gallery, slice_, self._by)
        lost = aside.marks()
        for thing, why in broken.items():
            lost |= self._set_aside(aside, thing, why)
        for each in waiting:
            if each.uid not in before or isinstance(each, Looked):
                told += self._tried(each, slice_, aside, lost)
        self._tell(slice_.site, told)
        self._count_on(counted)
        slice_.delivered(upto)
        return Delivered(told["kept"], told["already"], told["refused"])

    def _tried(self, item: Item, slice_: "Slice", aside: SettingAside, lost: set[str]) -> "Counter[Outcome]":
        """Take it, or set it aside and add to those ``lost`` what marks are in it."""
        if isinstance(item, TakenBack) and item.mark in lost:
            self._set_aside(aside, item.of, None)
            return Counter()
        try:
            return self._take(item, slice_.site, self._face(slice_.vault, item))
        except Exception as error:
            if stops_all(error):
                raise
            lost |= self._set_aside(aside, item.of, error)
            return Counter()

    def _set_aside(self, aside: SettingAside, thing: outbox.Thing, why: Exception | None) -> set[str]:
        content = aside.set_aside(thing, why, self._clock.utc())
        return set() if content is None else content.marks

    @needs("sites.change")
    def try_again(
        self,
        actor: "Actor",  # noqa: ARG002 - who may is asked
        home: "Path",
        key: "Path | None" = None,
    ) -> tuple[Delivered, list[Left]]:
        """Retry for the slice in a home's folder, where there is one; and what stays aside.

        ``key`` is a copy of the key file from before, for what no key of now opens. Raises as `deliver`, and
        KeyMissing, KeyWrong, KeySource, KeyPassphrase where that copy cannot be read.
        """
        before = () if key is None else (Sealer(read_copy(key), self._gallery.store.meta(HOME_ID) or ""),)
        found = Slice.open(home)
        if found is None:
            return Delivered(), []
        with closing(found):
            delivered = self.retry(found, before)
            return delivered, SettingAside(self._gallery, found, self._by, before).left()

    def retry(self, slice_: "Slice", before: "Sequence[Cipher]" = ()) -> Delivered:
        """Take in what was set aside, as far as that can be taken now; the rest stays. Raises as `deliver`.

        ``before`` are ciphers of keys from before that may open some of it.
        """
        with self._gallery.store.reading() as central:
            self._ahead = self._clock.utc() - server_now(self._gallery.store, central, self._clock)
        aside = SettingAside(self._gallery, slice_, self._by, before)
        told, lost = Counter[Outcome](), set[str]()
        for each in aside.kept.all():
            try:
                told += self._again(aside, each, slice_, lost)
            except Exception as error:
                if stops_all(error) and not isinstance(error, KeyWrong):
                    raise
                LOG.debug("%s stays aside: %s", each.id, code_of(error))
        self._tell(slice_.site, told)
        return Delivered(told["kept"], told["already"], told["refused"])

    def _again(self, aside: SettingAside, each: SetAside, slice_: "Slice", lost: set[str]) -> "Counter[Outcome]":
        """Take what was set aside, or leave it and add to those ``lost`` what marks are in it."""
        content = aside.kept.opened(each)
        aside.renew(each, content)
        told = self._refused_if_gone(each, content, slice_.site)
        if told is None:
            lost |= content.marks
            items = content.items()
            if any(isinstance(item, TakenBack) and item.mark in lost for item in items):
                return Counter()
            told = Counter()
            for item in items:
                told += self._take(item, slice_.site, self._face(slice_.vault, item))
        lost -= content.marks
        aside.kept.drop(each.id)
        return told

    def _refused_if_gone(self, each: SetAside, content: Content, site: str | None) -> "Counter[Outcome] | None":
        """Note that what is of somebody who was erased is taken never; None where all are there."""
        now = self._clock.utc()
        with self._gallery.store.atomic() as transaction:
            if all(aliases.heir_of(transaction, person) is not None for person in content.people):
                return None
            if arrivals.known(transaction, [each.id]):
                return Counter()
            noted = Arrival(each.id, each.kind, site, each.at, now, "refused", {"why": GONE})
            arrivals.add(transaction, noted, self._by)
            return Counter({"refused": 1})

    def _count_on(self, counted: dict[int, int]) -> None:
        """What a kiosk sent while the site was cut off is not taken again."""
        with self._gallery.store.reading() as central:
            here = tokens.counters(central)
        ahead = {number: counter for number, counter in counted.items() if counter > here.get(number, counter)}
        if ahead:
            with self._gallery.store.atomic() as transaction:
                tokens.count_on(transaction, ahead)

    def _face(self, vault: "Cipher", item: Item) -> bytes | None:
        """The face that was kept, opened; one that does not open any more, as the key is another, is left behind."""
        if not isinstance(item, Seen) or item.crop is None or item.sighting.id is None:
            return None
        try:
            return sightings.opened(vault, item.sighting.id, item.crop)
        except (KeyWrong, TemplateAltered):
            return None

    def _looks(self, transaction: "Transaction", begins: datetime, ends: datetime) -> set[date]:
        """The days for which it matters that somebody has looked then."""
        return {*days_between(begins, ends, self._zone), *self._also_look(transaction, begins, ends)}

    def _tell(self, site: str | None, told: "Counter[Outcome]") -> None:
        if told:
            with self._gallery.store.atomic() as transaction:
                details: dict[str, Any] = {"site": site, **{str(each): told[each] for each in sorted(told)}}
                action, at = events.ARRIVALS_TAKEN, self._clock.utc()
                events.record(transaction, at=at, by=self._by, action=action, subject="gallery", details=details)

    def _take(self, item: Item, site: str | None, face: bytes | None) -> "Counter[Outcome]":
        now = self._clock.utc()
        with self._gallery.store.atomic() as transaction:
            if not isinstance(item, Looked) and arrivals.known(transaction, [item.uid]):
                return Counter()
            step = Step(self._gallery, self._marks, self._looks, transaction, now, self._by, site, self._ahead)
            try:
                with self._gallery.store.atomic():
                    return step.take(item, face)
            except (Refused, MonthClosed) as refused:
                return step.refuse(item, refused)


def _read(here: "Transaction", state: "State") -> "tuple[list[Item], dict[outbox.Thing, Exception]]":
    """What waits, and what of it cannot be read; only where something cannot is each read by itself."""
    try:
        return list(outbox.items(here, state)), {}
    except Exception:  # noqa: BLE001 - what is wrong with the slice itself is met again
        return waiting_one_by_one(here, state)
