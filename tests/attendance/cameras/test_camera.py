"""Cameras: hung, frozen, flapping, gone or silent ones are noticed, named without passwords, and tried again."""

import contextlib
import http.server
import itertools
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest

from attendance.cameras import (
    CameraState,
    Kind,
    ProcessCamera,
    parse_address,
)
from attendance.cameras.address import Address
from attendance.cameras.camera import MAX_AGE_S
from attendance.cameras.wire import since_boot
from attendance.clock import SystemClock
from attendance.errors import CameraAuth, CameraLost, CameraMissing, CameraNoFrames

STAND_IN = Path(__file__).parents[1] / "stand_in_capture.py"
STREAM = Address(Kind.STREAM, "rtsp://door:s3cret@10.0.0.9/live", "rtsp://***@10.0.0.9/live")
FILE = Address(Kind.FILE, "/films/door.mp4", "door.mp4")


class HandClock:
    """A clock that the test moves; the wall time can be stepped apart from the monotonic one."""

    def __init__(self):
        self.seconds = 1000.0
        self.wall = datetime(2026, 3, 2, 8, tzinfo=UTC)

    def utc(self):
        return self.wall

    def monotonic(self):
        return self.seconds


def stand_in(behaviour, count=3):
    return (sys.executable, "-P", str(STAND_IN), behaviour, str(count))


@contextlib.contextmanager
def camera(behaviour, count=3, address=STREAM, clock=None, **limits):
    made = ProcessCamera(
        address, clock or HandClock(), **{"stall_s": 5.0, "retry_max_s": 8.0, "open_s": 10.0, **limits},
        command=stand_in(behaviour, count),
    )  # fmt: skip
    made.open()
    try:
        yield made
    finally:
        made.close()


def poll(cam, until, seconds=10.0):
    """Ask for frames until `until(frame)` holds; returns all frames that came."""
    end, frames = time.monotonic() + seconds, []
    while time.monotonic() < end:
        frame = cam.newest(0.02)
        if frame is not None:
            frames.append(frame)
        if until(frame):
            return frames
    raise AssertionError(f"nothing came of it; state {cam.state}, {cam.detail}, {len(frames)} frames")


def gone(pid):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        return False
    return True


# --- a camera that works ---------------------------------------------------------------------------------------


def test_newest_only():
    """A slow consumer gets the newest frame each time, and none that waited."""
    with camera("end", 200) as cam:
        poll(cam, lambda frame: frame is not None)
        numbers = []
        for _ in range(4):
            time.sleep(0.15)
            frames = poll(cam, lambda frame: frame is not None)
            numbers.append(frames[-1].number)
            assert numbers[-1] % 250 == frames[-1].pixels[0, 0, 0]
    assert all(later - earlier >= 5 for earlier, later in itertools.pairwise(numbers)), numbers


def test_frame_time_is_the_capture():
    """A frame carries the moment of its capture in the clock's monotonic seconds and an aware UTC instant."""
    clock = HandClock()
    with camera("end", 50, clock=clock) as cam:
        frame = poll(cam, lambda frame: frame is not None)[0]
    assert 0.0 <= clock.seconds - frame.time < MAX_AGE_S
    assert clock.wall == frame.at


def test_file_stands_in_for_a_camera(tmp_path):
    """A file is played at its own pace and its end is a clean end."""
    film = tmp_path / "door.mp4"
    writer = cv2.VideoWriter(str(film), cv2.VideoWriter.fourcc(*"mp4v"), 20.0, (64, 48))
    for number in range(10):
        writer.write(np.full((48, 64, 3), 10 * number, np.uint8))
    writer.release()
    cam = ProcessCamera(parse_address(str(film)), SystemClock())
    cam.open()
    poll(cam, lambda frame: frame is not None)
    start = time.monotonic()
    frames = poll(cam, lambda _: cam.state is CameraState.ENDED)
    assert 0.3 < time.monotonic() - start < 3.0
    assert 9 == frames[-1].number
    assert cam.newest() is None
    cam.close()
    assert (CameraState.ENDED, 20.0) == (cam.state, cam.fps)


def test_http_stream():
    """A real MJPEG stream over HTTP is opened, and after the server drops it, reached again."""
    with mjpeg_server(frames=12) as url:
        cam = ProcessCamera(parse_address(url), SystemClock(), stall_s=2.0, retry_max_s=0.2)
        cam.open()
        states = []
        try:
            frames = poll(cam, lambda _: states.append(cam.state) or len(set_of_drops(states)) > 1, 20.0)
        finally:
            cam.close()
    assert (48, 64, 3) == frames[0].pixels.shape
    assert sorted({frame.number for frame in frames}) == [frame.number for frame in frames]


def set_of_drops(states):
    """Where an online camera went offline and came back."""
    return [
        place for place, (before, after) in enumerate(itertools.pairwise(states))
        if (before, after) in ((CameraState.ONLINE, CameraState.OFFLINE), (CameraState.OPENING, CameraState.ONLINE))
    ][1:]  # fmt: skip


@contextlib.contextmanager
def mjpeg_server(frames):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=cut")
            self.end_headers()
            with contextlib.suppress(OSError):
                for number in range(frames):
                    level = np.random.default_rng(number).integers(0, 255, (48, 64, 3), np.uint8)
                    data = cv2.imencode(".jpg", level)[1].tobytes()
                    head = f"--cut\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
                    self.wfile.write(head.encode() + data + b"\r\n")
                    time.sleep(0.04)

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/live.mjpg"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


# --- cameras that never work -----------------------------------------------------------------------------------


def test_no_such_device():
    """A device that is not there is camera.missing, exit code 4."""
    cam = ProcessCamera(parse_address("97"), SystemClock())
    cam.open()
    with pytest.raises(CameraMissing) as caught:
        poll(cam, lambda _: False)
    cam.close()
    assert ("camera.missing", 4, "97: cannot be opened") == (
        caught.value.id, caught.value.exit_code, str(caught.value),
    )  # fmt: skip


def test_opening_that_hangs():
    """A camera that never answers is given up after the time to open, and its process is gone."""
    clock = HandClock()
    with camera("block_open", clock=clock) as cam:
        pid = cam.pid
        assert cam.newest(0.3) is None
        clock.seconds += 9.0
        assert cam.newest() is None
        clock.seconds += 2.0
        with pytest.raises(CameraMissing, match="no picture for 11 s"):
            cam.newest()
    assert gone(pid)


def test_refused_password_stays_secret():
    """What the decoder says of an address is told without its password."""
    with camera("refuse") as cam, pytest.raises(CameraMissing) as caught:
        poll(cam, lambda _: False)
    assert "rtsp://***@10.0.0.9/live: cannot open rtsp://***@10.0.0.9/live: 401 Unauthorized" == str(caught.value)


def test_address_is_no_argument():
    """The address does not show in the process list."""
    with camera("block_open") as cam:
        arguments = Path(f"/proc/{cam.pid}/cmdline")
        if not arguments.exists():
            pytest.skip("this system has no /proc")
        assert b"s3cret" not in arguments.read_bytes()
        assert b"s3cret" not in Path(f"/proc/{cam.pid}/environ").read_bytes()


def test_opens_without_a_frame():
    """A source that opens and holds nothing is camera.no_frames."""
    with camera("end", 0) as cam, pytest.raises(CameraNoFrames):
        poll(cam, lambda _: False)


def test_file_without_a_picture_names_its_codec():
    """A file given as a camera of which no picture can be decoded is camera.no_frames, exit code 4."""
    with camera("end", 0, address=FILE) as cam, pytest.raises(CameraNoFrames) as caught:
        poll(cam, lambda _: False)
    assert (4, "door.mp4: no picture of it can be decoded (codec AV1)") == (caught.value.exit_code, str(caught.value))


@contextlib.contextmanager
def socket_server(reply):
    """A server that answers every connection with these bytes; None: it never says anything."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer():
            kept = []
            with contextlib.suppress(OSError):
                while True:
                    kept.append(listener.accept()[0])
                    if reply is not None:
                        kept[-1].sendall(reply)
                        kept.pop().close()
            for each in kept:
                each.close()

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield f"http://door:s3cret@127.0.0.1:{listener.getsockname()[1]}/live"
        listener.shutdown(socket.SHUT_RDWR)
    thread.join()


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (None, CameraMissing),
        (b"", CameraMissing),
        (os.urandom(50_000), CameraMissing),
        (b"HTTP/1.1 401 Unauthorized\r\n\r\n", CameraAuth),
    ],
    ids=["mute", "shut", "noise", "401"],
)
def test_servers_that_are_no_camera(reply, error):
    """A server that is mute, hangs up or sends noise is camera.missing, one that refuses camera.auth; no password."""
    with socket_server(reply) as url:
        cam = ProcessCamera(parse_address(url), SystemClock(), open_s=1.5, stall_s=1.0)
        cam.open()
        with pytest.raises(error) as caught:
            poll(cam, lambda _: False, 15.0)
        cam.close()
    assert "s3cret" not in str(caught.value)


def test_a_process_that_cannot_be_started(tmp_path):
    """Where no capture process can be started the camera is missing; one that worked before is tried again."""
    with pytest.raises(CameraMissing, match="cannot be started"):
        ProcessCamera(STREAM, HandClock(), command=(str(tmp_path / "none"),)).open()
    with camera("end", 1) as cam:
        poll(cam, lambda _: cam.state is CameraState.OFFLINE)
        cam._command = (str(tmp_path / "none"),)
        cam._clock.seconds += 1.1
        assert cam.newest(0.01) is None
        assert (CameraState.OFFLINE, "cannot be started") == (cam.state, cam.detail[20:37])


def test_garbage_from_the_start():
    """A capture process that talks nonsense is an unusable camera, not a crash."""
    with camera("garbage") as cam, pytest.raises(CameraMissing, match="capture process ended"):
        poll(cam, lambda _: False)


# --- cameras that fail later -----------------------------------------------------------------------------------


def test_hanging_read_is_noticed_and_killed():
    """A read that blocks for ever puts the camera offline within the stall time, and its process is killed."""
    clock = HandClock()
    with camera("block", 3, clock=clock) as cam:
        pid = cam.pid
        poll(cam, lambda frame: frame is not None and frame.number == 2)
        poll(cam, lambda frame: frame is None)
        clock.seconds += 4.9
        cam.newest(0.01)
        assert CameraState.ONLINE == cam.state
        clock.seconds += 0.2
        assert cam.newest(0.01) is None
        assert (CameraState.OFFLINE, "no picture for 5 s; next try in 1 s") == (cam.state, cam.detail)
        assert gone(pid)


def test_back_off_doubles_up_to_its_cap():
    """Each fruitless try doubles the pause, up to camera_retry_max_s."""
    clock = HandClock()
    pauses = []
    with camera("end", 1, clock=clock, retry_max_s=8.0) as cam:
        for _ in range(6):
            poll(cam, lambda _: cam.state is CameraState.OFFLINE)
            pauses.append(float(cam.detail.rsplit(" in ")[1].split()[0]))
            clock.seconds += pauses[-1] + 0.01
            cam.newest(0.01)
    assert [1.0, 2.0, 4.0, 8.0, 8.0, 8.0] == pauses


def test_back_off_starts_anew_after_a_connection_that_lasted():
    """A camera that worked for the stall time is tried again soon, however often it failed before."""
    clock = HandClock()
    with camera("end", 40, clock=clock) as cam:
        cam._tries = 5
        poll(cam, lambda frame: frame is not None)
        clock.seconds += 4.0
        poll(cam, lambda frame: frame is not None)
        clock.seconds += 2.0
        poll(cam, lambda _: cam.state is CameraState.OFFLINE)
        assert "the stream ended; next try in 1 s" == cam.detail


def test_no_try_before_its_time():
    """While a pause lasts no process is started and newest returns at once enough to stop."""
    clock = HandClock()
    with camera("end", 2, clock=clock) as cam:
        poll(cam, lambda _: cam.state is CameraState.OFFLINE)
        start = time.monotonic()
        assert [None] * 5 == [cam.newest(0.02) for _ in range(5)]
        assert time.monotonic() - start < 1.0
        assert cam.pid is None


def test_one_frame_a_minute():
    """A camera that gives a frame a minute is offline in between, and each frame delivered is fresh."""
    clock = HandClock()
    with camera("minute", 5, clock=clock) as cam:
        for _ in range(3):
            frame = poll(cam, lambda frame: frame is not None)[-1]
            assert clock.seconds - frame.time < MAX_AGE_S
            assert cam.newest(0.01) is None
            clock.seconds += 6.0
            assert cam.newest(0.01) is None
            assert CameraState.OFFLINE == cam.state
            clock.seconds += 9.0


def test_stale_frame_is_never_delivered():
    """A frame that waited longer than the age limit is dropped; the next one is asked for afresh."""
    with camera("block", 2) as cam:
        poll(cam, lambda frame: frame is not None and frame.number == 0)
        cam._child.ask(0.01)  # a wanted frame is on its way while the consumer is busy elsewhere
        time.sleep(MAX_AGE_S + 0.3)
        assert [None, None] == [cam.newest(0.05), cam.newest(0.05)]


def test_a_frame_from_before_the_computer_slept(monkeypatch):
    """What was captured before the computer went to sleep is not shown as news when it wakes up."""
    with camera("end", 200) as cam:
        poll(cam, lambda frame: frame is not None)
        monkeypatch.setattr("attendance.cameras.camera.since_boot", lambda: since_boot() + 3600.0)
        assert [None] * 5 == [cam.newest(0.05) for _ in range(5)]
        monkeypatch.undo()
        poll(cam, lambda frame: frame is not None)


@pytest.mark.parametrize("reconnects", [0, 1])
def test_frozen_picture(reconnects):
    """Identical pictures are delivered once, reported as frozen, and not again after a reconnect."""
    clock = HandClock()
    with camera("frozen", 0, clock=clock) as cam:
        frames = poll(cam, lambda frame: frame is not None)
        for _ in range(reconnects + 1):
            poll(cam, lambda _: cam._same_since is not None)
            clock.seconds += 5.1
            frames += poll(cam, lambda _: cam.state is CameraState.FROZEN)
            assert cam.detail.startswith("the picture is frozen; next try in")
            clock.seconds += 8.1
            cam.newest(0.01)
    assert 1 == len(frames)


@pytest.mark.parametrize("behaviour", ["crash", "shape", "end"])
def test_stream_that_breaks_comes_back(behaviour):
    """A decoder that crashes, gives nonsense or ends is replaced, and frame numbers go on rising."""
    clock = HandClock()
    with camera(behaviour, 3, clock=clock) as cam:
        first = poll(cam, lambda _: cam.state is CameraState.OFFLINE)
        clock.seconds += 1.1
        again = poll(cam, lambda frame: frame is not None)
    assert again[0].number > first[-1].number


def test_file_that_breaks_is_lost():
    """A file whose decoder crashes half-way cannot be resumed: camera.lost, exit code 4."""
    with camera("crash", 3, address=FILE) as cam, pytest.raises(CameraLost) as caught:
        poll(cam, lambda _: False)
    assert ("camera.lost", 4, f"door.mp4: the capture process ended (signal {signal.SIGABRT:d})") == (
        caught.value.id, caught.value.exit_code, str(caught.value),
    )  # fmt: skip


@pytest.mark.parametrize("step", [timedelta(hours=1), timedelta(hours=-1)])
def test_wall_clock_steps_change_nothing(step):
    """Setting the wall clock an hour on or back neither stalls nor storms the camera."""
    clock = HandClock()
    with camera("end", 100, clock=clock) as cam:
        poll(cam, lambda frame: frame is not None)
        pid, clock.wall = cam.pid, clock.wall + step
        frame = poll(cam, lambda frame: frame is not None)[-1]
        assert (CameraState.ONLINE, pid, clock.wall) == (cam.state, cam.pid, frame.at)


def test_cameras_do_not_hold_each_other_up():
    """While one camera hangs, another delivers."""
    with camera("block", 1) as hung, camera("end", 100) as other:
        poll(hung, lambda frame: frame is not None)
        frames = []
        for _ in range(5):
            hung.newest(0.01)
            frames += poll(other, lambda frame: frame is not None)
    assert 5 == len({frame.number for frame in frames})


def test_child_ends_with_its_parent(tmp_path):
    """A product killed outright leaves no capture process behind, even one that hangs."""
    script = tmp_path / "parent.py"
    script.write_text(
        "import os, signal, sys, time\n"
        "from attendance.cameras.process import CaptureProcess\n"
        "from attendance.cameras.wire import Order, Orders\n"
        "child = CaptureProcess(Orders('stream', 'x', Order.NEWEST, 1.0), sys.argv[1:])\n"
        "time.sleep(0.5)\n"
        "print(child.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, str(script), *stand_in("block_open")],
        stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(root)}, timeout=20, check=False,
    )  # fmt: skip
    pid, end = int(done.stdout), time.monotonic() + 5.0
    while not gone(pid) and not is_zombie(pid) and time.monotonic() < end:
        time.sleep(0.05)
    assert gone(pid) or is_zombie(pid)


def is_zombie(pid):
    """Dead, and only waiting for init to notice."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return False
