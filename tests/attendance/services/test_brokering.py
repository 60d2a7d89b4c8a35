"""MQTT: announced, there while the service is, and nothing of yesterday fires again; before a real broker."""

import asyncio
import gc
import json
import socket
import threading
import time
import warnings
from contextlib import contextmanager

import pytest

from attendance.outward.address import Target
from attendance.outward.broker import Broker
from attendance.outward.discovery import Topics
from attendance.services.brokering import Brokering

paho = pytest.importorskip("paho.mqtt.client", reason="the extra mqtt is not installed")
amqtt = pytest.importorskip("amqtt.broker", reason="the broker of the tests, amqtt, is not installed")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


class Closing(amqtt.Broker):
    """Closes each connection that it took: the library leaves those open that say nothing, or stay to the end."""

    async def stream_connected(self, reader, writer, listener_name):
        try:
            await super().stream_connected(reader, writer, listener_name)
        finally:
            writer.close()


@contextmanager
def broker(port):
    """A broker on this computer, in a thread of its own, that leaves nothing open."""
    config = {
        "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
        "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
    }
    loop, ready = asyncio.new_event_loop(), threading.Event()

    async def begin():
        made = Closing(config)
        await made.start()
        return made

    async def end(running):
        await running.shutdown()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await asyncio.sleep(0)

    def work():
        asyncio.set_event_loop(loop)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            running = loop.run_until_complete(begin())
            ready.set()
            loop.run_forever()
            loop.run_until_complete(end(running))
            loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()

    thread = threading.Thread(target=work)
    thread.start()
    assert ready.wait(20)
    try:
        yield
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(20)


class Listener:
    """Home Assistant's part: all that it hears, in order; what was retained is told so."""

    def __init__(self, port):
        self.heard = []
        self._there = threading.Event()
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id="listener")
        self._client.on_message = lambda _c, _u, m: self.heard.append((m.topic, m.payload, bool(m.retain)))
        self._client.on_subscribe = lambda *_: self._there.set()
        self._client.on_connect = lambda client, *_: client.subscribe("#")
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        assert self._there.wait(10)

    def waited_for(self, ending, count=1):
        """The payloads on topics that end so, as soon as there are as many."""
        for _ in range(600):
            found = [payload for topic, payload, _ in self.heard if topic.endswith(ending)]
            if len(found) >= count:
                return found
            time.sleep(0.02)
        raise AssertionError(f"{ending}: {self.heard}")

    def close(self):
        self._client.disconnect()
        self._client.loop_stop()


@contextmanager
def listening(port):
    made = Listener(port)
    try:
        yield made
    finally:
        made.close()


@contextmanager
def saying(app, port, *, there=True):
    """The home's news, said to a broker at the port, from when it is connected, if it is ``there``."""
    if not app.receivers.all():
        app.receivers.add(app.actor, "Home", f"mqtt://127.0.0.1:{port}", allow_private=True)
    made = Brokering(app.gallery, app.receivers, app.newsroom, app.clock, zone="UTC", name="School")
    made.start()
    try:
        for _ in range(600 if there else 0):
            if made.trouble(app.receivers.find("Home").receiver.id) == "":
                break
            time.sleep(0.02)
        yield made
    finally:
        made.close()


@pytest.mark.parametrize("stays", [False, True])
def test_a_connection_that_says_nothing_is_not_left_to_the_tests_after_this_one(stays):
    """What the broker of the tests forgets would be found by the collector in whichever test runs by then."""
    port = free_port()
    with broker(port):
        silent = socket.create_connection(("127.0.0.1", port), timeout=10)
        if stays:
            time.sleep(0.2)
        else:
            silent.shutdown(socket.SHUT_WR)
            assert silent.recv(1) == b""
    silent.close()
    gc.collect()


def test_decisions_are_events_and_a_restart_of_the_broker_fires_none_again(app):
    """The device is announced, a mark is an event once, and after a restart only states are told."""
    app.gallery.add_person("Ada", at=app.clock.utc(), by="test", external_id="A")
    port = free_port()
    with broker(port), listening(port) as heard, saying(app, port):
        heard.waited_for("/config")
        app.mark("Ada")
        (event,) = heard.waited_for("/home/event")
        assert ("present", {"id": "A", "name": "Ada"}) == (
            json.loads(event)["event_type"], json.loads(event)["person"],
        )  # fmt: skip
        with listening(port) as later:
            assert [b"online"] == later.waited_for("/availability")
            assert [] == [topic for topic, *_ in later.heard if topic.endswith("/event")]
    app.clock.forward(minutes=5)
    with broker(port), listening(port) as heard, saying(app, port):
        heard.waited_for("/config")
        heard.waited_for("/counts")
        assert [] == [topic for topic, *_ in heard.heard if topic.endswith("/event")]


def test_what_happens_while_the_broker_is_away_is_not_said_later(app):
    """A decision of an hour ago does not fire when the broker comes back."""
    app.gallery.add_person("Ada", at=app.clock.utc(), by="test", external_id="A")
    port = free_port()
    with saying(app, port, there=False) as made:
        app.mark("Ada")
        for _ in range(600):
            if "refused" in made.trouble(app.receivers.find("Home").receiver.id):
                break
            time.sleep(0.02)
        with broker(port), listening(port) as heard:
            heard.waited_for("/config")
            heard.waited_for("/counts")
            assert [] == [topic for topic, *_ in heard.heard if topic.endswith("/event")]


def test_home_assistant_is_told_everything_again_when_it_starts(app):
    """Its own word that it is there brings the announcement."""
    port = free_port()
    with broker(port), listening(port) as heard, saying(app, port):
        heard.waited_for("/config")
        heard._client.publish("homeassistant/status", "online")
        assert 2 <= len(heard.waited_for("/config", 2))


def test_leaving_says_so(app):
    """When the service ends, its device is offline."""
    port = free_port()
    with broker(port), listening(port) as heard:
        with saying(app, port):
            heard.waited_for("/availability")
        assert b"offline" == heard.waited_for("/availability", 2)[-1]


def test_a_broker_that_must_not_be_reached_is_named(app):
    """Without leave a private broker is refused when it is entered."""
    from attendance.service_errors import ReceiverAddress

    with pytest.raises(ReceiverAddress):
        app.receivers.add(app.actor, "Home", "mqtts://127.0.0.1", allow_private=False)


def test_a_connection_that_ends_while_it_is_closed_raises_nothing(monkeypatch):
    """Connected a moment ago, and not any more when the last word is to go out: the broker says it by the will."""
    line = Broker(Target("mqtt", "127.0.0.1", free_port(), "", None, "mqtt://127.0.0.1"), Topics("home"), lambda: None,
                  allow_private=True)  # fmt: skip
    monkeypatch.setattr(Broker, "connected", property(lambda _: True))
    line.close()
    assert not line.say("attendance/home/news", "late")
