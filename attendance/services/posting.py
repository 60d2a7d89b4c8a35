"""Webhooks: what is on its way is a row first, claimed, sent, and logged; a receiver that fails is asked again later.

A message is sent once or more, always under the same ``webhook-id``: whoever receives it twice can tell. Of one person
the receiver hears in order. Nothing is sent of somebody who was removed meanwhile: their news went with them.
"""

import contextlib
import http.client
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Protocol

from attendance.outward.post import Answered, post
from attendance.outward.signing import headers
from attendance.records import instant
from attendance.service_errors import ReceiverAddress
from attendance.services.receivers import Receivers
from attendance.services.rounds import Rounds
from gallery.errors import TemplateAltered
from gallery.repositories import deliveries, receivers
from gallery.repositories.events import RECEIVER_CHANGED, record
from refusal import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from attendance.clock import Clock
    from gallery import Gallery
    from gallery.servicevalues import Delivery, News, Receiver

PAUSES: Final = tuple(timedelta(seconds=each) for each in (5, 60, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400))
"""How long after each attempt the next one is made; after the last one it is given up (three days and more)."""
STALE: Final = timedelta(minutes=2)
"""Longer than any request lasts: whoever claimed a delivery that long ago is gone."""
POLL_S: Final = 1.0
BESIDE: Final = 8  # receivers that are sent to at once
LONGEST_PAUSE: Final = timedelta(days=1)
BY: Final = "webhooks"


class Teller(Protocol):
    """Who knows what a piece of news says now."""

    def told(self, news: "News", /) -> dict[str, Any]:
        """As pages, API and receivers get it."""
        ...


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent: its id, the same however often, and the body."""

    number: str
    body: bytes


class Posting:
    """Sends what is due, in one thread of its own; `close` ends it after the request that is under way."""

    def __init__(
        self,
        gallery: "Gallery",
        known: Receivers,
        teller: Teller,
        clock: "Clock",
        *,
        send: "Callable[..., Answered]" = post,
    ) -> None:
        self._gallery, self._known, self._teller, self._clock = gallery, known, teller, clock
        self._send = send
        self._rounds = Rounds("webhooks", self._work, pause_s=POLL_S)

    def start(self) -> None:
        """Begin; a second time nothing happens."""
        self._rounds.start()

    def close(self, timeout_s: float = 4.0) -> None:
        """End, at the latest after the time given: what is under way then is sent again after the next start."""
        self._rounds.close(timeout_s)

    def _work(self) -> float:
        return 0.0 if self.send_due() else POLL_S

    def send_due(self) -> int:
        """Send what is due now; how many that were."""
        now = self._clock.utc()
        with self._gallery.store.reading() as transaction:
            found = deliveries.due(transaction, now)
            theirs = {each.receiver: receivers.numbered(transaction, each.receiver) for each in found}
        rows = [
            (receiver, [each for each in found if each.receiver == number])
            for number, receiver in theirs.items()
            if receiver is not None
        ]
        if len(rows) <= 1:
            return sum(self._send_all(*each) for each in rows)
        with ThreadPoolExecutor(min(len(rows), BESIDE), "webhooks") as pool:  # so that none waits for another's silence
            return sum(pool.map(lambda each: self._send_all(*each), rows))

    def _send_all(self, receiver: "Receiver", found: "Sequence[Delivery]") -> int:
        """Send to one receiver in order, until it fails."""
        sent = 0
        for each in found:
            if self._rounds.closing or not self._claimed(each):
                continue
            outcome, answer = self._sent(each, receiver)
            self._settle(each, receiver, outcome, answer)
            sent += 1
            if answer is None or not answer.taken:
                break
        return sent

    def ping(self, name: str) -> str:
        """Send a message that says nothing, to try a webhook now; what came of it, in words."""
        receiver = self._known.find(name).receiver
        at = self._clock.utc()
        body = json.dumps({"type": "test.ping", "timestamp": instant(at), "data": {"receiver": receiver.name}})
        return self._tried(receiver, Message(f"msg_{self._home}_ping_{at:%Y%m%d%H%M%S}", body.encode()))[0]

    @property
    def _home(self) -> str:
        return (self._gallery.store.meta("home_id") or "")[:8]

    def _claimed(self, each: "Delivery") -> bool:
        now = self._clock.utc()
        with self._gallery.store.atomic() as transaction:
            return deliveries.claim(transaction, each.id, now, stale_before=now - STALE)

    def _sent(self, each: "Delivery", receiver: "Receiver") -> tuple[str, Answered | None]:
        told = self._teller.told(each.news)
        data = {key: value for key, value in told.items() if key not in {"kind", "at"}}
        content = {"type": each.news.kind, "timestamp": instant(each.news.at), "data": data}
        body = json.dumps(content, ensure_ascii=False, allow_nan=False).encode()
        return self._tried(receiver, Message(f"msg_{self._home}_{each.news.id}", body))

    def _tried(self, receiver: "Receiver", message: Message) -> tuple[str, Answered | None]:
        """What came of one request, in words, and the answer where there was one."""
        try:
            target, secret = self._known.target(receiver), self._secret(receiver)
            signed = self._headers(secret, message)
            answer = self._send(target, message.body, signed, allow_private=receiver.allow_private)
        except (ReceiverAddress, TemplateAltered) as error:
            return error.detail, None
        except (OSError, http.client.HTTPException, ValueError) as error:
            return one_line(str(error) or type(error).__name__), None
        return _phrase(answer.status), answer

    def _headers(self, secret: bytes, message: Message) -> dict[str, str]:
        seconds = int(self._clock.utc().timestamp())
        signed = headers(secret, message.number, seconds, message.body)
        return {"Content-Type": "application/json", "User-Agent": "attendance", **signed}

    def _secret(self, receiver: "Receiver") -> bytes:
        with self._gallery.store.reading() as transaction:
            found = receivers.secret(transaction, self._gallery.sealer, receiver.id)
        if found is None:
            raise TemplateAltered(receiver.name, "its secret is gone: add the receiver anew")
        return found

    def _settle(self, each: "Delivery", receiver: "Receiver", outcome: str, answer: Answered | None) -> None:
        now = self._clock.utc()
        with self._gallery.store.atomic() as transaction:
            if answer is not None and answer.taken:
                deliveries.sent(transaction, each.id, now, outcome)
            elif answer is not None and answer.status == HTTPStatus.GONE:
                self._gone(transaction, receiver, now)
            elif each.attempts >= len(PAUSES):
                deliveries.give_up(transaction, each.id, now, f"given up: {outcome}")
            else:
                later = now + _pause(each.attempts, answer)
                deliveries.again(transaction, each.id, due=later, outcome=outcome)
                deliveries.postpone(transaction, receiver.id, later)

    def _gone(self, transaction: Any, receiver: "Receiver", now: datetime) -> None:
        """The other side wants nothing any more (410): it is put out of use."""
        told = "it answered 410 Gone"
        deliveries.give_up_all(transaction, receiver.id, now, told)
        receivers.change(transaction, self._gallery.sealer, receiver.id, active=False, reason=told)
        details = {"active": False}
        record(transaction, at=now, by=BY, action=RECEIVER_CHANGED, subject=receiver.id, details=details)


def _pause(attempts: int, answer: Answered | None) -> timedelta:
    """How long to wait after so many attempts before this one; longer where the other side asks for it."""
    own = PAUSES[min(attempts, len(PAUSES) - 1)]
    if answer is None or answer.retry_after_s is None:
        return own
    return min(max(own, timedelta(seconds=min(answer.retry_after_s, LONGEST_PAUSE.total_seconds()))), LONGEST_PAUSE)


def _phrase(status: int) -> str:
    with contextlib.suppress(ValueError):
        return f"{status} {HTTPStatus(status).phrase}"
    return str(status)
