"""Cameras by certificate: `camera_ca_file` names who vouches for them; no other is asked, or told a password."""

import contextlib
import http.server
import ipaddress
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from attendance.cameras import Kind, ProcessCamera, parse_address
from attendance.cameras.authorities import absolute, context_of, scheme_of
from attendance.cameras.backend import open_backend
from attendance.cameras.ffmpeg import VARIABLE, options
from attendance.cameras.wire import Order, Orders
from attendance.clock import SystemClock
from attendance.errors import CameraCertificate, CameraPath
from attendance.services.doctor import Doctor
from attendance.settings import Settings

NUMBERS = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
NAME = x509.DNSName("localhost")
LOGIN = "door:secret@"


class Authority:
    """Certifies whoever it likes; ``file`` holds its own certificate."""

    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.made = self._signed(name, self.key, x509.BasicConstraints(ca=True, path_length=None))
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(self.made.public_bytes(serialization.Encoding.PEM))

    def camera(self, *names):
        """A server's context, with a certificate for these names."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = self._signed("camera", key, x509.SubjectAlternativeName(names))
        form = serialization.PrivateFormat.PKCS8
        secret = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
        path = self.folder / f"{made.serial_number}.pem"
        path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + secret)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def _signed(self, name, key, extension):
        def named(text):
            return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])

        now, day = datetime.now(UTC), timedelta(days=1)
        number = x509.random_serial_number()
        begun = x509.CertificateBuilder(named(self.name), named(name), key.public_key(), number, now - day, now + day)
        return begun.add_extension(extension, critical=False).sign(self.key, hashes.SHA256())


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    """The authority that is trusted."""
    return Authority(tmp_path_factory.mktemp("ours"), "ours")


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    """Another authority."""
    return Authority(tmp_path_factory.mktemp("theirs"), "theirs")


def jpeg(seed):
    return cv2.imencode(".jpg", np.random.default_rng(seed).integers(0, 255, (48, 64, 3), np.uint8))[1].tobytes()


class WebCamera(http.server.BaseHTTPRequestHandler):
    """A still, a stream and a playlist; what is asked is noted in the server's `asked`."""

    def do_GET(self):
        self.server.asked.append((self.path, self.headers.get("Authorization")))
        kind, body = self.server.pages[self.path]
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body)

    def log_message(self, *args):
        pass


STREAM = b"".join(
    b"--x\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n" % (len(each), each)
    for each in map(jpeg, range(60))
)
LIST = b"#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\npart.ts\n#EXT-X-ENDLIST\n"
PAGES = {
    "/still": ("image/jpeg", jpeg(1)),
    "/stream": ("multipart/x-mixed-replace;boundary=x", STREAM),
    "/list": ("application/vnd.apple.mpegurl", LIST),
    "/unnamed": ("application/octet-stream", LIST),
}


@contextlib.contextmanager
def web(context):
    """A camera on https: its port, and what it was asked."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), WebCamera)
    server.daemon_threads, server.asked, server.pages = True, [], PAGES
    server.handle_error = lambda *_: None
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield SimpleNamespace(port=server.server_address[1], asked=server.asked)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextlib.contextmanager
def rtsps(context):
    """A camera on rtsps that knows no path: its port, and the first lines of what it was asked."""
    asked = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            while True:
                try:
                    line, _ = listener.accept()
                except OSError:
                    return
                with line, contextlib.suppress(OSError), context.wrap_socket(line, server_side=True) as secure:
                    asked.append(secure.recv(4096).decode())
                    secure.sendall(b"RTSP/1.0 404 X\r\nCSeq: 1\r\n\r\n")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield SimpleNamespace(port=listener.getsockname()[1], asked=asked)
        listener.shutdown(socket.SHUT_RDWR)
    thread.join()


def opened(url, trusted, monkeypatch):
    """The address opened as the capture process opens it."""
    monkeypatch.setenv(VARIABLE, options(Kind.STREAM, url, None, str(trusted)))
    return open_backend(Orders(Kind.STREAM, url, Order.NEWEST, 6.0, str(trusted)))


def through_ffmpeg(url, trusted, monkeypatch, given=None):
    """Whether FFmpeg alone opens the address and reads a picture of it."""
    monkeypatch.setenv(VARIABLE, options(Kind.STREAM, url, given, str(trusted)))
    limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, 6000, cv2.CAP_PROP_READ_TIMEOUT_MSEC, 6000]
    capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG, limits)
    return capture.isOpened() and capture.read()[0]


@pytest.mark.parametrize("path", ["still", "stream"])
def test_a_camera_that_is_certified_is_seen(ours, monkeypatch, path):
    """A still by our own asking, a stream by FFmpeg's; also by a host's name."""
    with web(ours.camera(NUMBERS, NAME)) as camera:
        for host in ("127.0.0.1", "localhost"):
            seen = opened(f"https://{host}:{camera.port}/{path}", ours.file, monkeypatch)
            assert (48, 64, 3) == seen.read().shape


@pytest.mark.parametrize("path", ["still", "stream"])
def test_a_camera_that_somebody_else_certified_is_refused(ours, theirs, monkeypatch, path):
    """In one line, before it is asked for anything; no password is told."""
    with web(theirs.camera(NUMBERS)) as camera:
        with pytest.raises(CameraCertificate, match="not trusted: unable to get local issuer") as caught:
            opened(f"https://{LOGIN}127.0.0.1:{camera.port}/{path}", ours.file, monkeypatch)
        assert ("127.0.0.1", []) == (caught.value.where, camera.asked)


def test_a_certificate_of_another_name_is_refused(ours, monkeypatch):
    """The authority is right, the name is not."""
    with web(ours.camera(x509.DNSName("elsewhere.example"))) as camera:
        for host in ("127.0.0.1", "localhost"):
            with pytest.raises(CameraCertificate, match=r"not trusted: .*mismatch"):
                opened(f"https://{host}:{camera.port}/stream", ours.file, monkeypatch)
        assert [] == camera.asked


def test_ffmpeg_looks_at_the_connection_that_it_reads(ours, theirs, monkeypatch):
    """It is its own connection that is refused, not one beside it; whatever somebody has given in the environment."""
    with web(ours.camera(NUMBERS)) as good, web(theirs.camera(NUMBERS)) as bad:
        address = "https://127.0.0.1:{}/stream"
        found = [
            through_ffmpeg(address.format(each.port), trusted, monkeypatch, given)
            for given in (None, "tls_verify;0|ca_file;/nowhere")
            for each, trusted in (
                (good, ours.file),
                (bad, ours.file),
                (bad, ""),
                (good, theirs.file),
                (good, "/nowhere"),
            )
        ]
    assert [True, False, True, False, False] == found[:5]
    assert [True, False] == found[5:7]


def test_ffmpeg_looks_at_a_host_s_name(ours, monkeypatch):
    """Where the address has one. For an address of numbers it does not, which the documents tell."""
    with web(ours.camera(x509.DNSName("elsewhere.example"))) as camera:
        found = [
            through_ffmpeg(f"https://{host}:{camera.port}/stream", ours.file, monkeypatch)
            for host in ("localhost", "127.0.0.1")
        ]
    assert [False, True] == found


@pytest.mark.parametrize(("path", "error"), [("list", CameraCertificate), ("unnamed", OSError)])
def test_playlists_are_refused(ours, monkeypatch, path, error):
    """FFmpeg fetches their parts without a look at certificates; so it does not get there."""
    with web(ours.camera(NUMBERS)) as camera:
        with pytest.raises(error, match=r"playlist \(HLS\)" if path == "list" else "no stream that can be decoded"):
            opened(f"https://127.0.0.1:{camera.port}/{path}", ours.file, monkeypatch)
        assert {f"/{path}"} == {asked for asked, _ in camera.asked}


def test_rtsps_is_held_to_the_certificate(ours, theirs, monkeypatch):
    """The right camera is asked; the wrong one is asked for nothing, and the refusal says why."""
    with rtsps(ours.camera(NUMBERS)) as camera:
        with pytest.raises(CameraPath, match="nothing at this path"):
            opened(f"rtsps://{LOGIN}127.0.0.1:{camera.port}/live", ours.file, monkeypatch)
        assert ["OPTIONS", "DESCRIBE"] == [each.split()[0] for each in camera.asked]
    for context, host in ((theirs.camera(NUMBERS, NAME), "127.0.0.1"), (ours.camera(NUMBERS), "localhost")):
        with rtsps(context) as camera:
            with pytest.raises(CameraCertificate, match="its certificate is not trusted"):
                opened(f"rtsps://{LOGIN}{host}:{camera.port}/live", ours.file, monkeypatch)
            assert [] == camera.asked


def test_rtsps_of_numbers_is_held_to_the_authority_alone(ours, monkeypatch):
    """As FFmpeg looks at it, so that the reason that is told is the one that holds."""
    with rtsps(ours.camera(x509.DNSName("serial-4711"))) as camera, pytest.raises(CameraPath):
        opened(f"rtsps://127.0.0.1:{camera.port}/live", ours.file, monkeypatch)


def test_the_process_tells_the_same(ours, theirs):
    """Through the capture process and its own environment."""
    with web(theirs.camera(NUMBERS)) as camera:
        address = parse_address(f"https://{LOGIN}127.0.0.1:{camera.port}/stream")
        device = ProcessCamera(address, SystemClock(), open_s=10.0, ca_file=str(ours.file))
        device.open()
        try:
            with pytest.raises(CameraCertificate, match="not trusted") as caught:
                all(device.newest(1.0) is None for _ in range(30))
        finally:
            device.close()
        assert ("camera.certificate", 4, "secret" in str(caught.value)) == (
            caught.value.id,
            caught.value.exit_code,
            False,
        )
        assert [] == camera.asked


def test_doctor_looks_by_the_setting(ours, theirs, home, monkeypatch):
    """`attendance doctor --camera` sees the one and refuses the other."""
    monkeypatch.setenv("ATTENDANCE_CAMERA_CA_FILE", str(ours.file))
    found = []
    for authority in (ours, theirs):
        with web(authority.camera(NUMBERS)) as camera:
            address = f"https://127.0.0.1:{camera.port}/stream"
            found += [each for each in Doctor(home, SystemClock()).examine(camera=address) if each.check == "camera"]
    assert [None, "camera.certificate"] == [each.id for each in found]


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (None, "there is no such file"),
        (b"", "no certificate (PEM) can be read"),
        (b"nothing of the kind", "no certificate (PEM) can be read"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "no certificate (PEM) can be read"),
    ],
)
@pytest.mark.parametrize("scheme", ["https", "rtsps"])
def test_a_file_without_certificates_opens_no_camera(tmp_path, monkeypatch, made, told, scheme):
    """It is said so, and nothing is asked without a look."""
    file = tmp_path / "trusted.pem"
    if made is not None:
        file.write_bytes(made)
    with pytest.raises(CameraCertificate) as caught:
        opened(f"{scheme}://127.0.0.1:9/live", file, monkeypatch)
    assert f"127.0.0.1: camera_ca_file: {told}: {file}" == str(caught.value)


def test_a_file_whose_name_ffmpeg_cannot_be_told_opens_no_camera(ours, tmp_path):
    """It would be cut in two, and the rest be taken for other options."""
    for name in ("a;b.pem", "a|tls_verify.pem"):
        file = tmp_path / name
        file.write_bytes(ours.file.read_bytes())
        with pytest.raises(CameraCertificate, match=r"a file's name with ; or . cannot be used"):
            context_of(str(file), "door")


def test_cameras_that_ask_for_no_tls_are_opened_as_before():
    """The setting says nothing of them, whether its file is there or not."""
    for url in ("rtsp://10.0.0.9/live", "http://10.0.0.9/live"):
        assert options(Kind.STREAM, url, None) == options(Kind.STREAM, url, None, "/nowhere.pem")
    assert options(Kind.FILE, "/tmp/rtsps", None) == options(Kind.FILE, "/tmp/rtsps", None, "/nowhere.pem")  # noqa: S108


def test_the_file_is_named_from_the_root(tmp_path, monkeypatch):
    """The process that opens it may be anywhere; without a setting there is none."""
    monkeypatch.chdir(tmp_path)
    assert ("", "", str(tmp_path / "a.pem")) == (absolute(None), absolute(""), absolute("a.pem"))
    assert None is Settings().camera_ca_file


@pytest.mark.parametrize(
    ("url", "scheme"), [("RTSPS://x", "rtsps"), ("https://x", "https"), ("0", ""), ("/dev/video0", ""), ("", "")]
)
def test_the_scheme_of_an_address(url, scheme):
    """In small letters; a device and a file have none."""
    assert scheme == scheme_of(url)
