"""Connections that say nothing, or too little, keep nobody out."""

import contextlib
import socket
import ssl
import threading
import time

import httpx
import pytest

from attendance.service_errors import LimitReached
from attendance.services.limits import Limit
from attendance.web import addresses, bodies, server, tls, wire


@contextlib.contextmanager
def serving(site, **how):
    """The service in a thread of this process, by its own server; its address."""
    with addresses.bound("127.0.0.1", 0) as bound:
        site.public = addresses.reached("127.0.0.1", bound.getsockname()[1], secure=False)
        ready = threading.Event()
        running = server.Server(server.configured(site, **how), site, ready.set)
        thread = threading.Thread(target=running.run, kwargs={"sockets": [bound]}, daemon=True)
        thread.start()
        assert ready.wait(20)
        yield site.public
        site.closing.set()
        running.should_exit = True
        thread.join(20)


@pytest.fixture
def url(site):
    with serving(site) as address:
        yield address


@contextlib.contextmanager
def connected(url: str, count: int = 1):
    """Connections to the service."""
    host, _, port = url.removeprefix("http://").partition(":")
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(socket.create_connection((host, int(port)), timeout=20)) for _ in range(count)]


def is_closed(connection: socket.socket) -> bool:
    """Whether the service has closed it, or does so within the time of the socket."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def test_silent_connections_are_closed(url, monkeypatch):
    """Those that send nothing, and those that never come to the end of a request's head."""
    monkeypatch.setattr(wire, "SILENT_S", 0.3)
    with connected(url, 2) as (silent, slow):
        slow.sendall(b"GET /alive HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
        assert [True, True] == [is_closed(each) for each in (silent, slow)]


def test_a_trickle_does_not_hold_a_connection(url, monkeypatch):
    """Whatever comes meanwhile, the head must be whole in time."""
    monkeypatch.setattr(wire, "SILENT_S", 0.5)
    with connected(url) as [slow]:
        with contextlib.suppress(ConnectionError):
            for _ in range(100):
                slow.sendall(b"G")
                time.sleep(0.05)
        assert is_closed(slow)


def test_the_second_request_is_awaited_no_longer_than_the_first(url, monkeypatch):
    """Also where a part of it has come."""
    monkeypatch.setattr(wire, "SILENT_S", 0.3)
    with connected(url) as [kept]:
        kept.sendall(b"GET /alive HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET /ali")
        told = b""
        while part := kept.recv(4096):
            told += part
        assert 1 == told.count(b"200 OK")


def test_many_silent_connections_keep_nobody_out(url, monkeypatch):
    """Of those that wait the longest-waiting are closed, and whoever asks is answered."""
    monkeypatch.setattr(wire.Patient, "room", 50)
    with connected(url, 200) as silent:
        assert 200 == httpx.get(f"{url}/alive").status_code
        assert [True] * 100 == [is_closed(each) for each in silent[:100]]
        silent[-1].sendall(b"GET /alive HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        assert silent[-1].recv(4096).startswith(b"HTTP/1.1 200")


def test_a_body_that_trickles_in_is_cut_off(url, monkeypatch):
    """With an answer that says why."""
    monkeypatch.setattr(bodies, "PATIENCE_S", 0.4)
    with connected(url) as [slow]:
        head = "POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9000\r\nAccept: application/json\r\n"
        slow.sendall(f"{head}Content-Type: application/x-www-form-urlencoded\r\n\r\n".encode())
        told = b""
        with contextlib.suppress(ConnectionError):
            for _ in range(100):
                slow.sendall(b"a")
                time.sleep(0.05)
        with contextlib.suppress(ConnectionError):
            while part := slow.recv(4096):
                told += part
        assert told.startswith(b"HTTP/1.1 408")


@pytest.mark.parametrize("chunked", [False, True])
def test_what_is_too_large_is_refused_with_an_answer(url, chunked):
    """Whether its size is told before or not; from somebody unknown a sign-in's size is enough."""
    headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
    content = (b"x" * 10_000 for _ in range(10)) if chunked else b"x" * 100_000
    answer = httpx.post(f"{url}/sign-in", content=content, headers=headers)
    assert (413, "upload.large") == (answer.status_code, answer.json()["id"])


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(
    ("shown", "told"),
    [
        ({"Cookie": "session=anything; kiosk=att_x"}, (401, "access.signedout")),
        ({"Authorization": "Bearer att_x"}, (401, "token.invalid")),
    ],
)
def test_nobody_sends_more_by_showing_what_is_no_cookie_or_token_of_ours(url, chunked, shown, told):
    """Whoever was signed in too long ago is told so, and no more of it is read than of somebody unknown."""
    content = (b"x" * 10_000 for _ in range(100)) if chunked else b"x" * 1_000_000
    headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded", **shown}
    answer = httpx.post(f"{url}/sign-in", content=content, headers=headers)
    assert told == (answer.status_code, answer.json()["id"])


def test_whoever_is_known_may_send_a_photo(url, site, cookies_of):
    """Up to the size that the settings tell."""
    cookies = cookies_of()
    largest = site.app.settings.max_upload_mb * 1_000_000
    statuses = [
        httpx.post(f"{url}/alive", content=b"x" * size, cookies=cookies).status_code for size in (largest, largest + 1)
    ]
    assert [405, 413] == statuses


def test_the_server_does_not_tell_what_it_is(url):
    """Neither program nor version."""
    assert "server" not in httpx.get(f"{url}/alive").headers


def test_what_is_no_request_is_refused(url):
    """And does not stop the service."""
    with connected(url) as [wrong]:
        wrong.sendall(b"\x16\x03\x01\x02\x00 this is no HTTP\r\n\r\n")
        assert wrong.recv(4096).startswith(b"HTTP/1.1 400")
    assert 200 == httpx.get(f"{url}/alive").status_code


@pytest.mark.parametrize("proxied", [True, False])
def test_only_a_proxy_that_was_told_of_says_where_requests_come_from(site, proxied):
    """Else anybody could have others counted for what they try."""
    once = Limit(free=1, first_s=60, most_s=60)
    with serving(site, proxied=proxied) as url:
        fields = {"name": "Ada", "password": "wrong wrong wrong"}
        httpx.post(f"{url}/sign-in", data=fields, headers={"X-Forwarded-For": "203.0.113.9"})
    for source, counted in (("203.0.113.9", proxied), ("127.0.0.1", not proxied)):
        with pytest.raises(LimitReached) if counted else contextlib.nullcontext():
            site.app.limits.check(f"source:{source}", once)


def test_by_tls_it_answers_browsers_that_trust_it(site, home):
    """With a certificate of its own; what is not TLS gets no answer."""
    pair = tls.own(home, ["127.0.0.1"])
    trusting = ssl.create_default_context()
    trusting.load_verify_locations(pair[0])
    trusting.verify_flags &= ~ssl.VERIFY_X509_STRICT
    with serving(site, tls=pair) as address:
        url = address.replace("http://", "https://")
        assert 200 == httpx.get(f"{url}/alive", verify=trusting).status_code
        with pytest.raises(httpx.HTTPError):
            httpx.get(f"{address}/alive")
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{url}/alive")


def test_the_parts_of_an_answer_do_not_wait_for_each_other(url, monkeypatch):
    """Each connection sends what it has at once (TCP_NODELAY), though its socket was made before the event loop."""
    seen, received = [], wire.Patient.data_received

    def noting(self, data):
        seen.append(self.transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        received(self, data)

    monkeypatch.setattr(wire.Patient, "data_received", noting)
    assert 200 == httpx.get(f"{url}/alive").status_code
    assert [True] == [each != 0 for each in seen]
