"""MQTT brokers: what happens is said to those who listen now, as events that nobody keeps.

Each broker that somebody has entered has a connection of its own; one that is away loses what happens meanwhile, and
hears nothing of it afterwards: a decision an hour old that fires as if it were new would be worse than none.
"""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from attendance.outward.broker import Broker
from attendance.outward.discovery import Topics, announcement
from attendance.services.newsfacts import NewsFacts
from attendance.services.rounds import Rounds
from attendance.zones import day_bounds, local_day
from gallery.repositories import marks, places, receivers, sightings
from gallery.repositories import news as all_news
from refusal import Refusal

if TYPE_CHECKING:
    from attendance.clock import Clock
    from attendance.services.newsroom import Newsroom
    from attendance.services.receivers import Receivers
    from gallery import Gallery
    from gallery.servicevalues import News, Receiver

POLL_S: Final = 0.5
OLDEST: Final = timedelta(seconds=30)
"""News that are older are not said: whoever listens would take them for new."""
COUNTS_S: Final = 5.0
_EVENT: Final = {
    all_news.MARK_MADE: "present",
    all_news.REVIEW_WAITING: "review",
    all_news.FACE_UNKNOWN: "unknown",
}
"""The type of event that a kind of news is to Home Assistant; other kinds are no events there."""
_CAMERA: Final = {all_news.CAMERA_LOST: "OFF", all_news.CAMERA_FAILED: "OFF", all_news.CAMERA_BACK: "ON"}


@dataclass
class _Line:
    """A receiver and the connection to it."""

    receiver: "Receiver"
    broker: Broker
    topics: Topics


class Brokering:
    """Says news to the brokers of a home, in one thread of its own."""

    def __init__(
        self,
        gallery: "Gallery",
        known: "Receivers",
        newsroom: "Newsroom",
        clock: "Clock",
        *,
        zone: str,
        name: str | None,
    ) -> None:
        self._gallery, self._known, self._newsroom, self._clock = gallery, known, newsroom, clock
        self._facts = NewsFacts(gallery, newsroom)
        self._zone, self._name = zone, name or "Attendance"
        self._rounds = Rounds("brokers", self._work, pause_s=POLL_S, last=self._leave)
        self._begun = False
        self._lines: dict[int, _Line] = {}
        self._trouble: dict[int, str] = {}
        self._said = 0
        self._counted = float("-inf")

    def start(self) -> None:
        """Begin with what happens from now on; a second time nothing happens."""
        if not self._begun:
            self._begun, self._said = True, self._newsroom.latest()
        self._rounds.start()

    def close(self, timeout_s: float = 4.0) -> None:
        """Say good-bye and end."""
        self._rounds.close(timeout_s)

    def trouble(self, receiver: int) -> str:
        """Why a broker is not connected; empty while it is."""
        line = self._lines.get(receiver)
        return self._trouble.get(receiver, "not in use") if line is None else line.broker.trouble

    def _work(self) -> float:
        self.step()
        return POLL_S

    def _leave(self) -> None:
        for line in self._lines.values():
            line.broker.close()

    def step(self) -> None:
        """Connect who is new, let go who is not wanted any more, and say what has happened."""
        with self._gallery.store.reading() as transaction:
            wanted = {
                each.id: each for each in receivers.all_receivers(transaction) if each.kind == "mqtt" and each.active
            }
        for number in [*self._lines]:
            if wanted.get(number) != self._lines[number].receiver:
                self._lines.pop(number).broker.close()
        for number, receiver in wanted.items():
            if number not in self._lines:
                self._connect(receiver)
        self._say_all()
        if self._clock.monotonic() - self._counted >= COUNTS_S:
            self._counted = self._clock.monotonic()
            self._say_counts([*self._lines.values()])

    def _connect(self, receiver: "Receiver") -> None:
        topics = Topics((self._gallery.store.meta("home_id") or "home")[:12])
        try:
            target = self._known.target(receiver)
            broker = Broker(target, topics, lambda: self._greet(receiver.id), allow_private=receiver.allow_private)
            self._lines[receiver.id] = _Line(receiver, broker, topics)
            broker.open()
        except Refusal as error:
            self._lines.pop(receiver.id, None)
            self._trouble[receiver.id] = error.detail

    def _greet(self, receiver: int) -> None:
        """Tell a broker, or a Home Assistant, that is there anew what there is; called on the broker's thread."""
        from importlib.metadata import version

        line = self._lines.get(receiver)
        if line is None:
            return
        with self._gallery.store.reading() as transaction:
            there = [(each.id, each.name) for each in places.all_places(transaction) if each.active]
        told = announcement(line.topics, self._name, version("attendance"), there)
        line.broker.say(line.topics.config, told, retain=True)
        self._say_counts([line])

    def _say_all(self) -> None:
        found = self._newsroom.after(self._said)
        oldest = self._clock.utc() - OLDEST
        for each in found:
            self._said = each.id
            if each.at >= oldest:
                self._say(each)

    def _say(self, item: "News") -> None:
        lines = [each for each in self._lines.values() if item.kind in each.receiver.kinds and each.broker.connected]
        if not lines:
            return
        if item.kind in _CAMERA and item.place is not None:
            for line in lines:
                line.broker.say(line.topics.connected(item.place), _CAMERA[item.kind], retain=True)
        elif item.kind in _EVENT:
            told = json.dumps(self._event(item), ensure_ascii=False, allow_nan=False)
            for line in lines:
                line.broker.say(line.topics.event(item.place), told.encode())

    def _event(self, item: "News") -> dict[str, Any]:
        facts = self._facts.told(item)
        return {"event_type": _EVENT[item.kind], **{key: facts[key] for key in facts if key != "kind"}}

    def _say_counts(self, lines: list[_Line]) -> None:
        if not any(each.broker.connected for each in lines):
            return
        begin, end = day_bounds(local_day(self._clock.utc(), self._zone), self._zone)
        with self._gallery.store.reading() as transaction:
            marked = {each.person for each in marks.timeline(transaction, begin, end)}
            waiting = sightings.count_waiting(transaction)
        told = json.dumps({"marked_today": len(marked), "reviews_waiting": waiting})
        for line in lines:
            line.broker.say(line.topics.counts, told, retain=True)
