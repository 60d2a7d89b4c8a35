"""Streams: they replay, go on, and end with the client, the sign-in or the service; nothing piles up in them."""

import asyncio
import contextlib
import json
import threading
import time

import pytest

from attendance.web import streams
from attendance.web.routes.events import told
from attendance.web.site import Site
from attendance.web.streams import Item, Stream, begins_after, follow, mjpeg, sse
from gallery.repositories import news


@pytest.fixture
def site(app):
    made = Site(app)
    yield made
    made.closing.set()


def write(app, *kinds):
    with app.store.atomic() as transaction:
        news.add(transaction, [news.New(app.clock.utc(), kind, "1") for kind in kinds])


class Client:
    """Takes what a stream sends; ``pause_s`` is how slowly."""

    def __init__(self, pause_s=0.0):
        self.body, self.parts, self.pause_s, self.ended = b"", 0, pause_s, False
        self.arrived = asyncio.Event()

    async def send(self, message):
        if message["type"] == "http.response.start":
            self.headers = dict(message["headers"])
            return
        await asyncio.sleep(self.pause_s)
        self.body += message["body"]
        self.parts += 1
        self.ended = not message["more_body"]
        self.arrived.set()

    async def until(self, found):
        """Wait until the body satisfies."""
        async with asyncio.timeout(10):
            while not found(self.body):
                self.arrived.clear()
                await self.arrived.wait()

    @contextlib.asynccontextmanager
    async def of(self, stream):
        """Take the stream for as long as the ``with`` lasts; then this client is gone."""
        task = asyncio.ensure_future(stream.stream_response(self.send))
        try:
            yield self
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def forever(item=None):
    while True:
        if item is not None:
            yield item
        await asyncio.sleep(3600)


def events_of(body):
    """The events of a stream as pairs of name and id."""
    found = []
    for block in body.decode().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line and not line.startswith(":"))
        if "data" in fields:
            json.loads(fields["data"])
            found.append((fields.get("event", ""), int(fields.get("id", 0))))
    return found


def test_item_is_one_event():
    """Data with line breaks stays one line of JSON, and an event ends with an empty line."""
    assert Item({"a": "x\ny"}, "mark.made", 7).to_bytes() == b'id: 7\nevent: mark.made\ndata: {"a": "x\\ny"}\n\n'


def test_news_are_replayed_and_then_come_live(site):
    """A client that has had news 1 gets what came after it, then each new piece within a moment."""
    write(site.app, news.REVIEW_WAITING, news.FACE_UNKNOWN)

    async def play():
        client = Client()
        async with client.of(sse(site, told(site, 1, None))):
            await client.until(lambda body: b"face.unknown" in body)
            await asyncio.to_thread(write, site.app, news.CAMERA_LOST)
            await client.until(lambda body: b"camera.lost" in body)
        return client

    client = asyncio.run(play())
    assert events_of(client.body) == [("face.unknown", 2), ("camera.lost", 3)]
    assert client.headers[b"x-accel-buffering"] == b"no"


def test_without_a_number_only_what_comes_from_now_on(site):
    """A new client is not told the past, and all that comes from when its stream was begun, however slowly it opens."""
    write(site.app, news.REVIEW_WAITING)

    async def play():
        client = Client()
        number = await begins_after(site, None)
        await asyncio.to_thread(write, site.app, news.CAMERA_BACK)
        async with client.of(sse(site, told(site, number, None))):
            await client.until(lambda body: b"camera.back" in body)
        return client

    assert events_of(asyncio.run(play()).body) == [("camera.back", 2)]


def test_what_is_not_kept_any_more_is_said(site):
    """A client whose last event is gone from the log is told that it has missed some."""
    write(site.app, *[news.REVIEW_WAITING] * 3)
    with site.app.store.atomic() as transaction:
        site.app.clock.forward(days=1)
        news.purge(transaction, site.app.clock.utc())
    write(site.app, news.CAMERA_BACK)

    async def play():
        client = Client()
        async with client.of(sse(site, told(site, 1, None))):
            await client.until(lambda body: b"camera.back" in body)
        return client

    assert events_of(asyncio.run(play()).body) == [("missed", 0), ("camera.back", 4)]


def test_only_what_is_wanted(site):
    """News that are not for this visitor are passed over, and the stream goes on after them."""
    write(site.app, news.FACE_UNKNOWN, news.CAMERA_LOST, news.FACE_UNKNOWN)

    async def play():
        found = []
        async for each in follow(site, 0, lambda item: item.kind == news.CAMERA_LOST):
            found.append(each.id)
            site.closing.set()
        return found

    assert asyncio.run(asyncio.wait_for(play(), 10)) == [2]


def test_sign_of_life(site, monkeypatch):
    """A silent stream says now and then that it is there."""
    monkeypatch.setattr(streams, "HEARTBEAT_S", 0.05)

    async def play():
        client = Client()
        async with client.of(sse(site, forever())):
            await client.until(lambda body: body.count(b": here\n\n") >= 2)

    asyncio.run(play())


def test_ends_when_the_visitor_is_signed_out(site, monkeypatch):
    """Whoever is not signed in any more hears nothing more, also while news go on coming."""
    monkeypatch.setattr(streams, "HEARTBEAT_S", 0.05)

    async def busily():
        while True:
            await asyncio.sleep(0.01)
            yield Item({})

    async def nobody():
        return False

    async def play():
        client = Client()
        await asyncio.wait_for(sse(site, busily(), still=nobody).stream_response(client.send), 10)
        return client

    assert asyncio.run(play()).ended


def test_ends_when_the_service_stops(site):
    """Stopping the service ends a silent stream and a busy one at once, each with a proper end."""

    async def play():
        clients = [Client(), Client()]
        both = asyncio.gather(
            sse(site, told(site, 0, None)).stream_response(clients[0].send),
            mjpeg(site, forever(b"\xff\xd8jpeg")).stream_response(clients[1].send),
        )
        await asyncio.sleep(0.2)
        threading.Timer(0.1, site.closing.set).start()
        begun = time.monotonic()
        await asyncio.wait_for(both, 10)
        return clients, time.monotonic() - begun

    clients, took = asyncio.run(play())
    assert [True, True] == [each.ended for each in clients]
    assert took < 3


def test_a_client_that_takes_nothing_does_not_hold_the_service(site):
    """A client that never reads is left when the service stops."""

    async def stuck(message):
        if message["type"] == "http.response.body":
            await asyncio.sleep(3600)

    async def play():
        stream = sse(site, told(site, 0, None)).stream_response(stuck)
        threading.Timer(0.2, site.closing.set).start()
        await asyncio.wait_for(stream, 10)

    asyncio.run(play())


def test_a_client_that_is_stuck_is_left(site, monkeypatch):
    """A client that has taken nothing for long is given up."""
    monkeypatch.setattr(streams, "STUCK_S", 0.05)

    async def stuck(message):
        if message["type"] == "http.response.body":
            await asyncio.sleep(3600)

    asyncio.run(asyncio.wait_for(sse(site, forever()).stream_response(stuck), 10))


def test_a_slow_client_makes_nothing_pile_up(site):
    """What comes next is asked for only when the client has taken what came before."""
    made = []

    async def fast():
        for number in range(1000):
            made.append(number)
            yield Item(number)

    async def play():
        client = Client(pause_s=0.05)
        async with client.of(sse(site, fast())):
            await client.until(lambda body: b"data: 3\n" in body)

    asyncio.run(play())
    assert len(made) <= 7


def test_a_client_that_goes_leaves_nothing_behind(site):
    """A stream whose client is gone ends what feeds it, and listens no more."""
    ended = []

    async def fed():
        try:
            while True:
                yield Item({})
                await asyncio.sleep(3600)
        finally:
            ended.append(True)

    async def play():
        client = Client()
        async with client.of(sse(site, fed())):
            await client.until(lambda body: b"data" in body)
        await asyncio.sleep(0)

    asyncio.run(play())
    assert ended == [True]
    assert not site.pulse._ears


def test_pictures_are_whole_parts(site):
    """A multipart stream holds each picture between boundaries, with its type and length."""

    async def three():
        for each in (b"one", b"\r\n--two", b""):
            yield each

    async def play():
        client = Client()
        stream = mjpeg(site, three())
        await stream.stream_response(client.send)
        return stream.media_type, client.body

    kind, body = asyncio.run(play())
    assert kind == "multipart/x-mixed-replace; boundary=picture"
    parts = []
    rest = body.removeprefix(b"--picture\r\n")
    while rest:
        head, rest = rest.split(b"\r\n\r\n", 1)
        length = int(head.split(b"Content-Length: ")[1])
        parts.append(rest[:length])
        rest = rest[length:].removeprefix(b"\r\n--picture\r\n")
    assert parts == [b"one", b"\r\n--two", b""]


def test_errors_of_what_feeds_it_come_out(site):
    """A stream whose source fails ends with that error, not in silence."""

    async def broken():
        yield Item({})
        raise RuntimeError("broken")

    async def play():
        await Stream(site, streams._lines(site, broken(), None), "text/event-stream").stream_response(Client().send)

    with pytest.raises(RuntimeError, match="broken"):
        asyncio.run(play())
