"""One connection to an MQTT broker, which comes back by itself; while it is away nothing is kept to be said later.

`paho-mqtt` (the extra ``mqtt``) does the work. Everything goes out with QoS 0, and only while connected: a decision
that the broker could not take is not said an hour later as if it were new.
"""

import contextlib
import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from attendance.outward.address import Target
from attendance.outward.discovery import OFFLINE, ONLINE, STATUS, Topics
from attendance.outward.guard import resolved
from attendance.service_errors import MqttMissing

if TYPE_CHECKING:
    from paho.mqtt.client import Client

KEEPALIVE_S: Final = 30
LONGEST_PAUSE_S: Final = 120


class Broker:
    """A broker at `target`; `greet` is called whenever it, or Home Assistant, is there anew and knows nothing."""

    def __init__(self, target: Target, topics: Topics, greet: Callable[[], None], *, allow_private: bool) -> None:
        self._target, self._topics, self._greet = target, topics, greet
        self._allow_private = allow_private
        self.trouble = "not connected yet"
        """Why it is not connected; empty while it is."""
        self._client = self._made()

    @property
    def connected(self) -> bool:
        """Whether the broker takes what is said now."""
        return bool(self._client.is_connected())

    def open(self) -> None:
        """Connect, now or whenever the broker is there. Raises ReceiverAddress where it must not be reached."""
        target = self._target
        resolved(target.host, target.port, allow_private=self._allow_private, shown=target.shown)
        self._client.connect_async(target.host, target.port, KEEPALIVE_S)
        self._client.loop_start()

    def say(self, topic: str, payload: bytes | str, *, retain: bool = False) -> bool:
        """Publish, if connected; whether it went out. Only what is a state may be retained."""
        if not self.connected:
            return False
        return bool(self._client.publish(topic, payload, qos=0, retain=retain).rc == 0)

    def close(self) -> None:
        """Say that nobody is there any more, and go; where the connection ends meanwhile, the broker's will says it."""
        if self.connected:
            with contextlib.suppress(RuntimeError, ValueError):
                self._client.publish(self._topics.availability, OFFLINE, qos=1, retain=True).wait_for_publish(1.0)
        self._client.disconnect()
        self._client.loop_stop()

    def _made(self) -> "Client":
        try:
            from paho.mqtt import client as mqtt
            from paho.mqtt.enums import CallbackAPIVersion
        except ImportError as error:
            raise MqttMissing(self._target.shown, "the library paho-mqtt is not installed") from error
        made = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=f"attendance-{self._topics.node}")
        made.reconnect_delay_set(1, LONGEST_PAUSE_S)
        made.will_set(self._topics.availability, OFFLINE, qos=1, retain=True)
        if self._target.login is not None:
            made.username_pw_set(self._target.login.user, self._target.login.password)
        if self._target.secure:
            made.tls_set_context(ssl.create_default_context())
        made.on_connect_fail = self._on_failure
        made.on_connect, made.on_disconnect, made.on_message = self._on_connect, self._on_disconnect, self._on_message
        return made

    def _on_connect(self, client: Any, _userdata: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            self.trouble = str(reason)
            return
        self.trouble = ""
        client.subscribe(STATUS, qos=0)
        client.publish(self._topics.availability, ONLINE, qos=1, retain=True)
        self._greet()

    def _on_failure(self, _client: Any, _userdata: Any) -> None:
        self.trouble = "the broker is not reached, or refused the connection"

    def _on_disconnect(self, _client: Any, _userdata: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self.trouble = str(reason)

    def _on_message(self, _client: Any, _userdata: Any, message: Any) -> None:
        """Home Assistant has started: it is told everything again."""
        if message.topic == STATUS and message.payload == ONLINE.encode():
            self._greet()
