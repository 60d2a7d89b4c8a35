"""Addresses of receivers, which hosts may be dialled, signatures, requests, and what Home Assistant is told."""

import base64
import hashlib
import hmac
import ipaddress
import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from attendance.outward import discovery
from attendance.outward.address import parse_target
from attendance.outward.guard import refused, resolved
from attendance.outward.post import Answered, post
from attendance.outward.signing import headers, new_secret, signature, told_secret
from attendance.service_errors import ReceiverAddress


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://example.org", ("https", "example.org", 443, "/", "webhook")),
        ("https://example.org:8443/in?key=1", ("https", "example.org", 8443, "/in?key=1", "webhook")),
        ("http://[::1]:80/x", ("http", "::1", 80, "/x", "webhook")),
        ("mqtts://broker.example.org", ("mqtts", "broker.example.org", 8883, "/", "mqtt")),
        ("mqtt://user:pa@ss@10.0.0.2", ("mqtt", "10.0.0.2", 1883, "/", "mqtt")),
    ],
)
def test_address_is_read(text: str, expected: tuple[object, ...]) -> None:
    """Scheme, host, port and path are told apart, with the scheme's own port where none is given."""
    found = parse_target(text)
    assert expected == (found.scheme, found.host, found.port, found.path, found.kind)


@pytest.mark.parametrize(
    "text", ["", "example.org", "ftp://example.org", "https://", "https://h:99999", "https://h/a b", "https://h/#x"]
)
def test_other_addresses_are_refused(text: str) -> None:
    """What is no address of a receiver is refused."""
    with pytest.raises(ReceiverAddress):
        parse_target(text)


def test_password_is_never_shown() -> None:
    """Neither what is shown nor the refusal holds the password or the query."""
    found = parse_target("https://me:secret@example.org/in?token=hidden")
    with pytest.raises(ReceiverAddress) as refusal:
        parse_target("ftp://me:secret@example.org/in?token=hidden")
    for told in (found.shown, repr(found), str(refusal.value)):
        assert ("secret" in told, "hidden" in told) == (False, False)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1", "::1", "fc00::1", "::ffff:10.0.0.1",
        "64:ff9b::a00:1", "2002:7f00:1::", str(ipaddress.IPv4Address(0)), "169.254.169.254", "224.0.0.1",
        "fe80::1", "255.255.255.255",
    ],
)  # fmt: skip
def test_private_addresses_are_refused(address: str) -> None:
    """No address of a private network is dialled without leave, in whichever clothes it comes."""
    assert refused(ipaddress.ip_address(address), allow_private=False) != ""


@pytest.mark.parametrize(("address", "may"), [("10.1.2.3", True), ("::1", True), ("169.254.169.254", False)])
def test_leave_reaches_private_networks_alone(address: str, *, may: bool) -> None:
    """With leave private addresses are dialled, link-local ones (where clouds keep their keys) never."""
    assert may is (refused(ipaddress.ip_address(address), allow_private=True) == "")


def test_public_address_is_dialled() -> None:
    """An address of the open network is no trouble."""
    assert refused(ipaddress.ip_address("93.184.216.34"), allow_private=False) == ""


def test_every_address_of_a_name_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that has a good address and a private one is refused: either may be taken."""
    both = [(2, 1, 6, "", ("93.184.216.34", 443)), (2, 1, 6, "", ("127.0.0.1", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_more: both)
    with pytest.raises(ReceiverAddress, match="private"):
        resolved("two.example.org", 443, allow_private=False, shown="two.example.org")


def test_signature_is_that_of_standard_webhooks() -> None:
    """A receiver that follows the text of Standard Webhooks reckons the same signature from the secret it was given."""
    secret, body = new_secret(), b'{"type": "mark.made"}'
    found = headers(secret, "msg_1", 1_700_000_000, body)
    key = base64.b64decode(told_secret(secret).removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, b"msg_1.1700000000." + body, hashlib.sha256).digest()).decode()
    assert found == {
        "webhook-id": "msg_1",
        "webhook-timestamp": "1700000000",
        "webhook-signature": f"v1,{expected}",
    }


def test_signature_of_the_specification() -> None:
    """The example of the specification's reference libraries comes out."""
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    found = signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


class _Receiver(BaseHTTPRequestHandler):
    """Answers as its server says, and remembers what it was sent."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.path, dict(self.headers), body))
        self.send_response(self.server.status)
        for name, value in self.server.extra.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@pytest.fixture
def receiver():
    """A receiver on this computer; `status` and `extra` headers are what it answers, `got` what it was sent."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Receiver)
    server.status, server.extra, server.got = 204, {}, []
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_post_reaches_the_path_with_login(receiver) -> None:
    """Path, query, headers and body arrive, user and password as basic authentication."""
    target = parse_target(f"http://me:s%40crt@127.0.0.1:{receiver.server_port}/in?x=1")
    answer = post(target, b"{}", {"webhook-id": "msg_1"}, allow_private=True)
    ((path, got, body),) = receiver.got
    login = base64.b64encode(b"me:s@crt").decode()
    assert (Answered(204), "/in?x=1", "msg_1", f"Basic {login}", b"{}") == (
        answer, path, got["webhook-id"], got["Authorization"], body,
    )  # fmt: skip


def test_redirects_are_not_followed(receiver) -> None:
    """A redirect is an answer like another: nothing is sent to where it points."""
    receiver.status, receiver.extra = 302, {"Location": f"http://127.0.0.1:{receiver.server_port}/elsewhere"}
    answer = post(parse_target(f"http://127.0.0.1:{receiver.server_port}/in"), b"{}", {}, allow_private=True)
    assert (302, False, 1) == (answer.status, answer.taken, len(receiver.got))


@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0), ("soon", None)])
def test_retry_after_is_read(receiver, header: str, seconds: float | None) -> None:
    """A pause is told as seconds or as an instant; what is neither is none."""
    receiver.status, receiver.extra = 503, {"Retry-After": header}
    answer = post(parse_target(f"http://127.0.0.1:{receiver.server_port}/in"), b"{}", {}, allow_private=True)
    assert seconds == answer.retry_after_s


def test_announcement_is_what_home_assistant_reads() -> None:
    """One device with its origin, each component with platform and unique id, events retained nowhere."""
    topics = discovery.Topics("abc")
    told = json.loads(discovery.announcement(topics, "School", "1.0", [(1, "Front door"), (2, "Yard")]))
    parts = told["cmps"]
    assert {"dev", "o", "cmps", "avty_t", "pl_avail", "pl_not_avail", "qos"} == set(told)
    assert {"home", "place_1", "place_1_connected", "place_2", "place_2_connected", *_COUNTS} == set(parts)
    assert len(parts) == len({each["uniq_id"] for each in parts.values()})
    assert {"event", "binary_sensor", "sensor"} == {each["p"] for each in parts.values()}
    assert [*discovery.EVENTS] == parts["place_1"]["evt_typ"]
    assert "event.school_front_door" == parts["place_1"]["default_entity_id"]


_COUNTS = ("marked_today", "reviews_waiting")
