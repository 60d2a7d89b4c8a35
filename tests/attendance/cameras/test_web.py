"""Cameras asked over HTTP: stills are asked again and again, and each way of refusing is told apart."""

import base64
import contextlib
import hashlib
import http.server
import itertools
import socket
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta
from urllib.request import parse_http_list, parse_keqv_list

import cv2
import numpy as np
import pytest

from attendance.cameras import CameraState, Kind, ProcessCamera, parse_address
from attendance.cameras import still as still_module
from attendance.cameras.address import Login, split_login
from attendance.cameras.backend import open_backend
from attendance.cameras.process import _environment
from attendance.cameras.rtsp import refusal
from attendance.cameras.still import Still
from attendance.cameras.web import MOST_REDIRECTS, Site
from attendance.cameras.wire import Order, Orders
from attendance.clock import SystemClock
from attendance.errors import CameraAuth, CameraCertificate, CameraMissing, CameraNoFrames, CameraPath
from attendance.services.doctor import Doctor

PASSWORD = "s3c/r?e#t:1@2 %"  # noqa: S105 - of no camera
ESCAPED = "door:s3c%2Fr%3Fe%23t%3A1%402%20%25@"


def jpeg(seed=0, height=48, width=64, kind=".jpg"):
    """A picture of noise, another for each seed."""
    return cv2.imencode(kind, np.random.default_rng(seed).integers(0, 255, (height, width, 3), np.uint8))[1].tobytes()


class WebCamera:
    """Serves `pages` (path without its query to a function of the handler) and keeps the requests it got."""

    def __init__(self, pages, context=None):
        self.pages, self.requests = pages, []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.requests.append((self.path, self.headers.get("Authorization")))
                with contextlib.suppress(OSError):
                    outer.pages[self.path.partition("?")[0]](self)

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        if context is not None:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.server.handle_error = lambda *_: None
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.port = self.server.server_address[1]

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def url(self, path="/snap.jpg", login="", host="127.0.0.1", scheme="http"):
        return f"{scheme}://{login}{host}:{self.port}{path}"


def reply(handler, status=200, body=b"", **headers):
    """Answer with a head and a body; a header's underscores stand for hyphens, None leaves it out."""
    handler.send_response(status)
    for name, value in {"Content_Type": "image/jpeg", "Content_Length": len(body), **headers}.items():
        if value is not None:
            handler.send_header(name.replace("_", "-"), str(value))
    handler.end_headers()
    handler.wfile.write(body)


def page(status=200, body=b"", **headers):
    """A page that always answers the same."""
    return lambda handler: reply(handler, status, body, **headers)


def in_turn(*pages):
    """A page that answers as each of these in turn, and as the last from then on."""
    turns = itertools.chain(pages, itertools.repeat(pages[-1]))

    def answer(handler):
        next(turns)(handler)

    return answer


def shut(_):
    """Hang up without an answer."""


def mute(_):
    time.sleep(2)


def md5(text):
    return hashlib.md5(text.encode()).hexdigest()  # noqa: S324 - as the protocol has it


def opened(url, timeout_s=4.0):
    return open_backend(Orders(Kind.STREAM, url, Order.NEWEST, timeout_s))


def changing():
    """A page with another picture at each request."""
    seeds = itertools.count()
    return lambda handler: reply(handler, body=jpeg(next(seeds)))


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(still_module, "PATIENCE_S", 0.0)


# --- stills ----------------------------------------------------------------------------------------------------


def frames_of(url, count, seconds=15.0, **limits):
    """The first `count` frames of a camera, with the camera, closed."""
    cam = ProcessCamera(parse_address(url), SystemClock(), **limits)
    cam.open()
    frames, end = [], time.monotonic() + seconds
    try:
        while len(frames) < count and time.monotonic() < end and cam.state is not CameraState.FROZEN:
            if (frame := cam.newest(0.05)) is not None:
                frames.append(frame)
        return frames, cam.state
    finally:
        cam.close()


def test_a_still_is_a_camera():
    """An address with one picture is asked again in the rhythm of the votes, and each new picture is a frame."""
    with WebCamera({"/snap.jpg": changing()}) as web:
        begun = time.monotonic()
        frames, state = frames_of(web.url(), 5)
        assert 4 * still_module.RHYTHM_S * 0.9 < time.monotonic() - begun
    assert ([0, 1, 2, 3, 4], CameraState.ONLINE) == ([frame.number for frame in frames], state)
    assert {(48, 64, 3)} == {frame.pixels.shape for frame in frames}
    assert 5 == len({frame.pixels.tobytes() for frame in frames})


def test_a_still_that_stays_the_same_is_frozen():
    """The same picture again is one frame, however often it is asked for, and then frozen."""
    with WebCamera({"/snap.jpg": page(body=jpeg())}) as web:
        frames, state = frames_of(web.url(), 3, stall_s=1.0)
        assert len(web.requests) > 3
    assert (1, CameraState.FROZEN) == (len(frames), state)


@pytest.mark.parametrize("kind", ["image/jpeg", "image/pjpeg; q=1", "application/octet-stream", None])
def test_what_is_a_still(kind):
    """A picture is known by its type, and without one by its first bytes."""
    with WebCamera({"/snap.jpg": page(body=jpeg(), Content_Type=kind)}) as web:
        backend = opened(web.url())
        assert isinstance(backend, Still)
        assert (48, 64, 3) == backend.read().shape


def test_a_still_of_another_format():
    """A PNG that calls itself JPEG is read as what it is."""
    with WebCamera({"/snap.jpg": page(body=jpeg(kind=".png"))}) as web:
        expected = np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)[:, :, ::-1]
        assert np.array_equal(expected, opened(web.url()).read())


def cut(handler):
    whole = jpeg(1)
    reply(handler, body=whole[: len(whole) // 2], Content_Length=len(whole))


@pytest.mark.parametrize(
    "bad",
    [cut, page(body=jpeg(1)[:900]), page(503), page(body=b"\0" * 900), page(body=b"")],
    ids=["cut", "short", "busy", "zeros", "empty"],
)
def test_a_bad_answer_is_passed_over(bad):
    """A picture that came in part, or not at all, is never a frame; the next one is."""
    good = page(body=jpeg(0))
    with WebCamera({"/snap.jpg": in_turn(good, good, bad, page(body=jpeg(2)))}) as web:
        backend = opened(web.url())
        first, second = backend.read(), backend.read()
    with WebCamera({"/snap.jpg": page(body=jpeg(2))}) as web:
        expected = opened(web.url()).read()
    assert np.array_equal(expected, second)
    assert not np.array_equal(first, second)


def endless(handler):
    reply(handler, Content_Length=None)
    while True:
        handler.wfile.write(bytes(1 << 16))


def dripping(handler):
    reply(handler, Content_Length=10_000)
    for _ in range(200):
        handler.wfile.write(b"\xff")
        time.sleep(0.05)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("body", "error", "told"),
    [
        (endless, CameraMissing, "does not end within 1 MB"),
        (dripping, CameraMissing, "no answer came in time"),
        (page(body=b"<html>please log in</html>"), ValueError, "no sound picture"),
        (page(body=jpeg()[:600]), ValueError, "no sound picture"),
        (page(body=jpeg(height=20, width=20)), ValueError, "no sound picture"),
    ],
    ids=["endless", "dripping", "page", "cut", "tiny"],
)
def test_a_body_that_is_no_picture(monkeypatch, body, error, told):
    """Bodies without end, drop by drop or of something else end in an error, within bounds of memory and time."""
    monkeypatch.setattr(still_module, "MOST_BYTES", 1_000_000)
    with WebCamera({"/snap.jpg": body}) as web, pytest.raises(error, match=told):
        opened(web.url(), 1.0).read()


def test_a_still_that_ends():
    """A camera that stops sending pictures is lost with the reason, whatever it sends instead."""
    good = page(body=jpeg())
    with WebCamera({"/snap.jpg": in_turn(good, good, page(401))}) as web:
        backend = opened(web.url())
        backend.read()
        with pytest.raises(CameraAuth):
            backend.read()


def test_garbage_is_no_frames():
    """What calls itself a picture and is none is camera.no_frames."""
    with WebCamera({"/snap.jpg": page(body=b"no picture")}) as web, pytest.raises(CameraNoFrames, match="no sound"):
        frames_of(web.url(), 1)


# --- refusals --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "error", "told"),
    [
        (page(401), CameraAuth, r"asks for a user and a password \(401 Unauthorized\)"),
        (page(401, WWW_Authenticate="Negotiate"), CameraAuth, "asks for a user"),
        (page(403), CameraAuth, r"403 Forbidden"),
        (page(404), CameraPath, r"nothing at this path \(404 Not Found\)"),
        (page(410), CameraPath, "nothing at this path"),
        (page(400), CameraPath, "400 Bad Request"),
        (page(599), CameraMissing, "the camera answers status 599"),
        (page(503), CameraMissing, "the camera answers 503 Service Unavailable"),
        (page(body=b"<html>", Content_Type="text/html; charset=utf-8"), CameraPath, "a web page.*login page"),
        (lambda handler: handler.wfile.write(b"\0noise\n" * 99), CameraMissing, "does not speak HTTP"),
        (shut, CameraMissing, "broke the connection off"),
        (mute, CameraMissing, "no answer came in time"),
    ],
    ids=["401", "negotiate", "403", "404", "410", "400", "599", "503", "page", "noise", "shut", "mute"],
)
def test_refusals_are_told_apart(answer, error, told):
    """Each answer that is no picture has its own words and one of few ids, all of exit code 4."""
    with WebCamera({"/snap.jpg": answer}) as web, pytest.raises(error, match=told) as caught:
        opened(web.url(), 1.0)
    assert 4 == caught.value.exit_code


def test_nobody_there(monkeypatch):
    """A closed port, an unknown name and an impossible name are told apart."""
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(CameraMissing, match="nothing answers at this port"):
        opened(f"http://127.0.0.1:{port}/snap.jpg")

    def unknown(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(CameraMissing, match="no host of this name"):
        opened("http://kamera/snap.jpg")
    monkeypatch.undo()
    with pytest.raises(CameraMissing, match="no host can have this name"):
        opened(f"http://{'ä' * 70}.kamera/snap.jpg")


def test_the_process_tells_the_same():
    """What the capture process finds reaches the product: id, words, and no password."""
    with WebCamera({"/snap.jpg": page(401, WWW_Authenticate="Basic realm=x")}) as web:
        with pytest.raises(CameraAuth) as caught:
            frames_of(web.url(login="door:s3cret@"), 1)
        assert f"{web.url(login='***@')}: the user or the password is wrong (401 Unauthorized)" == str(caught.value)
        assert 2 == len(web.requests), "a password is tried once"


def test_doctor_tells_the_same(home):
    """Doctor, asked to try a camera, names the same error and exit code, and is content with a still."""
    with WebCamera({"/snap.jpg": page(body=jpeg()), "/gone": page(404)}) as web:
        (good,), (bad,) = (
            [each for each in Doctor(home, SystemClock()).examine(camera=web.url(path)) if each.check == "camera"]
            for path in ("/snap.jpg", "/gone")
        )
    assert (True, f"{web.url()}: 64x48 pixels") == (good.ok, good.detail)
    assert ("camera.path", 4) == (bad.id, bad.exit_code)
    assert "nothing at this path (404 Not Found)" in bad.detail


def test_what_is_no_stream():
    """An answer that OpenCV cannot decode is named by its type."""
    page_ = page(body=b"temperature 21", Content_Type="text/plain")
    with WebCamera({"/data": page_}) as web, pytest.raises(CameraMissing, match=r"\(text/plain\) is no stream"):
        frames_of(web.url("/data"), 1)


# --- passwords -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "bare", "login"),
    [
        ("http://cam/x", "http://cam/x", None),
        ("http://a:b@cam/x", "http://cam/x", Login("a", "b")),
        ("http://a@cam/x", "http://cam/x", Login("a", "")),
        (f"http://{ESCAPED}cam", "http://cam", Login("door", PASSWORD)),
        ("http://a:b/c?d#e@cam/x", "http://cam/x", Login("a", "b/c?d#e")),
        ("http://a:b@c@cam/x", "http://cam/x", Login("a", "b@c")),
        ("http://cam/x?mail=a@b", "http://cam/x?mail=a@b", None),
        ("http://cam:80/x?mail=a@b", "http://cam:80/x?mail=a@b", None),
        ("http://[::1]:80/x@y", "http://[::1]:80/x@y", None),
    ],
)
def test_split_login(url, bare, login):
    """User and password leave the address, escaped or not; an @ elsewhere stays."""
    assert (bare, login) == split_login(url)


def basic(good):
    wanted = "Basic " + base64.b64encode(f"door:{PASSWORD}".encode()).decode()

    def answer(handler):
        if handler.headers.get("Authorization") == wanted:
            good(handler)
        else:
            reply(handler, 401, WWW_Authenticate='Basic realm="cam"')

    return answer


def digest(good, algorithm, method="GET"):
    """A page that asks for Digest, and checks it by the formula of RFC 7616."""
    sure = hashlib.sha256 if algorithm == "SHA-256" else hashlib.md5

    def hashed(*parts):
        return sure(":".join(parts).encode()).hexdigest()

    def answer(handler):
        told = handler.headers.get("Authorization") or ""
        given = parse_keqv_list(parse_http_list(told.removeprefix("Digest "))) if told.startswith("Digest ") else {}
        first, second = hashed("door", "cam", PASSWORD), hashed(method, handler.path)
        middle = [given.get("nonce", ""), given.get("nc", ""), given.get("cnonce", ""), "auth"]
        if given and hashed(first, *middle, second) == given.get("response"):
            good(handler)
        else:
            challenge = f'Digest realm="cam", nonce="n1", qop="auth", algorithm={algorithm}'
            reply(handler, 401, WWW_Authenticate=challenge)

    return answer


@pytest.mark.parametrize("lock", [basic, lambda good: digest(good, "MD5"), lambda good: digest(good, "SHA-256")])
def test_passwords_open(lock):
    """The right password opens a still that asks for Basic or Digest; a wrong one is tried once."""
    with WebCamera({"/snap.jpg": lock(page(body=jpeg()))}) as web:
        assert (48, 64, 3) == opened(web.url("/snap.jpg?q=1", ESCAPED)).read().shape
        web.requests.clear()
        with pytest.raises(CameraAuth, match="is wrong"):
            opened(web.url(login="door:wrong@"))
        assert 2 == len(web.requests)


def test_a_way_of_logging_in_that_is_not_known():
    """A camera that wants neither Basic nor Digest is camera.auth."""
    with WebCamera({"/snap.jpg": page(401, WWW_Authenticate="Bearer")}) as web, pytest.raises(CameraAuth):
        opened(web.url(login=ESCAPED))


def stream(handler):
    reply(handler, Content_Type="multipart/x-mixed-replace; boundary=--odd", Content_Length=None)
    for seed in range(100):
        handler.wfile.write(b"--odd\r\nContent-Type: image/jpeg\r\n\r\n" + jpeg(seed) + b"\r\n")
        time.sleep(0.04)


def test_a_stream_in_nearly_http():
    """A camera whose first line is not quite HTTP is left to OpenCV, which reads it."""

    def nearly(handler):
        handler.wfile.write(b"ICY 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=--odd\r\n\r\n")
        for seed in range(100):
            handler.wfile.write(b"--odd\r\nContent-Type: image/jpeg\r\n\r\n" + jpeg(seed) + b"\r\n")
            time.sleep(0.04)

    with WebCamera({"/live": nearly}) as web:
        frames, _ = frames_of(web.url("/live"), 2)
    assert 2 == len(frames)


def test_a_stream_behind_a_password():
    """A stream is still OpenCV's, with the password of the address, whatever characters it is made of."""
    with WebCamera({"/live": basic(stream), "/old": page(302, Location="/live")}) as web:
        for path in ("/live", "/old"):
            frames, _ = frames_of(web.url(path, ESCAPED), 2)
            assert [(48, 64, 3)] * 2 == [frame.pixels.shape for frame in frames]


# --- where it goes ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_redirects_on_the_same_host(code):
    """A camera may send on to another path of its own, and the password goes along."""
    pages = {"/snap.jpg": page(code, Location="/cgi/pic?x=1"), "/cgi/pic": basic(page(body=jpeg()))}
    with WebCamera(pages) as web:
        assert (48, 64, 3) == opened(web.url(login=ESCAPED)).read().shape


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/x", "rtsp://127.0.0.1/x", "data:image/png,"])
def test_redirects_to_no_camera(target):
    """No redirect leads out of HTTP."""
    with WebCamera({"/snap.jpg": page(302, Location=target)}) as web, pytest.raises(CameraPath, match="sends on"):
        opened(web.url())


def test_redirects_to_another_host():
    """Nobody but the camera's own host is asked, least of all with its password."""
    with WebCamera({"/snap.jpg": page(body=jpeg())}) as other:
        away = basic(page(302, Location=other.url(host="localhost")))
        with WebCamera({"/snap.jpg": away}) as web, pytest.raises(CameraPath, match="another host"):
            opened(web.url(login=ESCAPED))
        assert [] == other.requests


def test_redirects_without_end():
    """A camera that sends on for ever is left after a few steps."""
    with WebCamera({"/snap.jpg": lambda handler: reply(handler, 302, Location=f"/snap.jpg?{time.monotonic()}")}) as web:
        with pytest.raises(CameraPath, match="302 Found"):
            opened(web.url())
        assert MOST_REDIRECTS + 1 >= len(web.requests)


def test_no_proxy(monkeypatch):
    """A proxy of the environment is not used: a camera is asked directly, by OpenCV's decoders, too."""
    for name in ("http_proxy", "HTTPS_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with WebCamera({"/snap.jpg": page(body=jpeg())}) as web:
        assert (48, 64, 3) == opened(web.url()).read().shape
        given = _environment(Orders("stream", web.url(), Order.NEWEST, 1.0))
    assert [] == [name for name in given if name.lower().endswith("_proxy")]


def test_odd_paths():
    """Spaces, umlauts and brackets in an address are sent as HTTP wants them; what is escaped stays so."""
    with WebCamera({"/%C3%A4%20b%2Fc": page(body=jpeg())}) as web:
        with Site(web.url("/ä b%2Fc?ch=[1]&x=a b#top"), 2.0).ask() as answer:
            assert answer.is_picture
        assert "/%C3%A4%20b%2Fc?ch=[1]&x=a%20b" == web.requests[0][0]


@pytest.fixture(scope="module")
def own_certificate(tmp_path_factory):
    """A certificate that the host 127.0.0.1 has made for itself, and its key, in one file."""
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "camera")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 7, now - timedelta(days=1), now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path_factory.mktemp("tls") / "camera.pem"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + secret)
    return path


def test_certificates(own_certificate, monkeypatch):
    """A certificate that nobody vouches for is refused, before the password is sent; a trusted one is used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own_certificate)
    with WebCamera({"/snap.jpg": basic(page(body=jpeg()))}, context) as web:
        with pytest.raises(CameraCertificate, match="not trusted: self") as caught:
            opened(web.url(login=ESCAPED, scheme="https"))
        assert ("camera.certificate", 4, []) == (caught.value.id, caught.value.exit_code, web.requests)
        monkeypatch.setenv("SSL_CERT_FILE", str(own_certificate))
        assert (48, 64, 3) == opened(web.url(login=ESCAPED, scheme="https")).read().shape


def test_plain_http_where_tls_is_asked():
    """https:// to a port that speaks HTTP says that no secure connection comes about."""
    with WebCamera({}) as web, pytest.raises(CameraMissing, match="no secure connection comes about"):
        opened(web.url(scheme="https"))


# --- RTSP ------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def rtsp_server(answer):
    """Answers each connection's first request with `answer(request)`."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            while True:
                try:
                    line, _ = listener.accept()
                except OSError:
                    return
                with line:
                    asked = line.recv(4096).decode()
                    line.sendall(answer(asked).encode())

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
    thread.join()


def rtsp(status, *headers):
    return "\r\n".join([f"RTSP/1.0 {status} X", "CSeq: 1", *headers, "", ""])


@pytest.mark.parametrize(
    ("answer", "error", "told"),
    [
        (rtsp(401, "WWW-Authenticate: Basic realm=x"), CameraAuth, "asks for a user and a password"),
        (rtsp(404), CameraPath, "nothing at this path"),
        (rtsp(503), CameraMissing, "answers 503"),
        (rtsp(454), CameraPath, "status 454"),
        (rtsp(200), type(None), ""),
        ("HTTP/1.0 404 Not Found\r\n\r\n", type(None), ""),
    ],
)
def test_rtsp_refusals(answer, error, told):
    """What an RTSP camera says when it is asked for a description is told as with HTTP."""
    with rtsp_server(lambda _: answer) as port:
        found = refusal(f"rtsp://127.0.0.1:{port}/live", 1.0)
    assert isinstance(found, error)
    assert told in str(found)


def test_rtsp_nobody_there():
    """A closed port is told as such."""
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
    assert "127.0.0.1: the host is there, but nothing answers at this port" == str(
        refusal(f"rtsp://127.0.0.1:{port}/live", 1.0)
    )


@pytest.mark.parametrize("way", ["Basic", "Digest"])
def test_rtsp_passwords(way):
    """The password of the address is tried, so that a wrong one and a wrong path are told apart."""

    def answer(asked):
        uri = asked.split()[1]
        right = {
            "Basic": base64.b64encode(f"door:{PASSWORD}".encode()).decode(),
            "Digest": md5(f"{md5(f'door:cam:{PASSWORD}')}:n1:{md5(f'DESCRIBE:{uri}')}"),
        }[way]
        return rtsp(404) if right in asked else rtsp(401, f'WWW-Authenticate: {way} realm="cam", nonce="n1"')

    with rtsp_server(answer) as port:
        right, wrong = (refusal(f"rtsp://{login}127.0.0.1:{port}/live", 1.0) for login in (ESCAPED, "door:no@"))
    assert (CameraPath, CameraAuth) == (type(right), type(wrong))
    assert "is wrong" in str(wrong)


def test_rtsp_through_the_process():
    """An RTSP camera that refuses is told with its reason instead of a mere failure to open."""
    with rtsp_server(lambda _: rtsp(401, "WWW-Authenticate: Basic realm=x")) as port, pytest.raises(CameraAuth):
        frames_of(f"rtsp://127.0.0.1:{port}/live", 1)
