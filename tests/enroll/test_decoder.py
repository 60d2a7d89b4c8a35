"""Photos are decoded by a process of their own, and whatever becomes of that harms one photo alone."""

import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from enroll import errors
from enroll.children import environment
from enroll.decoder import COMMAND, DECODER, Decoder
from enroll.photolimits import DEFAULT_LIMITS, PhotoLimits

ROOT = Path(__file__).resolve().parents[2]
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")

# Does as it is told by the photo's bytes, once they are at hand; what begins with P is told of as a grey picture.
STAND_IN = """
import json, os, sys, time
read, write = sys.stdin.buffer, sys.stdout.buffer
before = 0
while line := read.readline():
    data = read.read(json.loads(line)["size"])
    if data == b"die of another" and before:
        os._exit(1)
    before += 1
    if data == b"die":
        os._exit(1)
    if data == b"hang":
        time.sleep(60)
    if data == b"slow":
        time.sleep(1.5)
    if data.startswith(b"say "):
        write.write(data[4:])
        write.flush()
        continue
    if data.startswith(b"facts"):
        write.write(json.dumps({"taken": "2026:03:02 08:00:00", "offset": None, "moves": True}).encode() + b"\\n")
        write.flush()
        continue
    write.write(json.dumps({"shape": [40, 40, 3], "format": "PNG"}).encode() + b"\\n")
    write.write(str(os.getpid()).encode().ljust(40 * 40 * 3))
    write.flush()
"""


@pytest.fixture
def decoder():
    """One whose processes do as the photo says."""
    made = Decoder((sys.executable, "-c", STAND_IN), patience_s=0.2)
    yield made
    made.close()


@pytest.fixture
def real():
    made = Decoder()
    yield made
    made.close()


def process_of(decoder, data=b"P"):
    """The number of the process that decodes this."""
    return int(decoder.decode(data, "x", DEFAULT_LIMITS)[0].tobytes())


def picture(kind="PNG", size=(64, 48)):
    data = io.BytesIO()
    Image.new("RGB", size, (200, 30, 40)).save(data, kind)
    return data.getvalue()


def test_one_process_decodes_one_photo_after_another(decoder):
    """A process is kept from photo to photo."""
    assert 1 == len({process_of(decoder) for _ in range(5)})


def test_a_process_that_dies_harms_one_photo(decoder):
    """Where the process breaks down at a photo that one is damaged, and the next is decoded by a new process."""
    before = process_of(decoder)
    with pytest.raises(errors.PhotoDamaged, match=r"door\.jpg: .*its decoder broke down"):
        decoder.decode(b"die", "door.jpg", DEFAULT_LIMITS)
    assert before != process_of(decoder)


def test_a_process_that_hangs_is_stopped(decoder):
    """A photo whose decoder does not end in time is damaged, and the next is decoded by a new process."""
    with pytest.raises(errors.PhotoDamaged, match="did not end within 1 seconds"):
        decoder.decode(b"hang", "x", PhotoLimits(max_seconds=1.0))
    assert 0 < process_of(decoder)


@LINUX
def test_a_process_that_takes_no_orders_is_stopped(decoder):
    """The time counts from the first byte: a process that does not even read the photo is stopped as well."""
    os.kill(process_of(decoder), signal.SIGSTOP)
    with pytest.raises(errors.PhotoDamaged, match="did not end"):
        decoder.decode(bytes(8_000_000), "x", PhotoLimits(max_seconds=0.5))
    assert 0 < process_of(decoder)


def test_a_photo_pays_for_no_other(decoder):
    """Where a process is found dead, or dies of what an earlier photo did to it, the photo is decoded by a new one."""
    os.kill(process_of(decoder), signal.SIGTERM)
    assert process_of(decoder) != process_of(decoder, b"die of another")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\n",
        b"nonsense\n",
        b"[" * 4000 + b"\n",
        b"1\n",
        b'{"error": "gallery.unusable", "detail": "x"}\n',
        b'{"error": "photo.damaged", "detail": 3}\n',
        b'{"shape": [100000, 100000, 3], "format": "PNG"}\n',
        b'{"shape": [40, 40, 4], "format": "PNG"}\n',
        b'{"shape": [-1, 40, 3], "format": "PNG"}\n',
        b'{"shape": [40.0, 40, 3], "format": "PNG"}\n',
        b'{"shape": [1, 1, 3], "format": "EXE"}\nabc',
        b'{"shape": [1, 1, 3]}\nabc',
    ],
)
def test_answers_without_sense_are_a_broken_process(decoder, answer):
    """Whatever a process answers that is no picture and no refusal, the photo is damaged and the process replaced."""
    if not answer:
        answer = b'{"shape": [40, 40, 3], "format": "PNG"}\n' + b"short"
    with pytest.raises(errors.PhotoDamaged):
        decoder.decode(b"say " + answer, "x", PhotoLimits(max_seconds=1.0))
    assert 0 < process_of(decoder)


def test_a_refusal_prints_no_control_characters(decoder):
    """What a process says is shown on terminals: nothing in it moves a cursor."""
    answer = json.dumps({"error": "photo.damaged", "detail": "a\x1b[2Jb"}).encode() + b"\n"
    with pytest.raises(errors.PhotoDamaged) as caught:
        decoder.decode(b"say " + answer, "x", DEFAULT_LIMITS)
    assert "a [2Jb" == caught.value.detail


def test_a_photo_that_takes_long_holds_up_no_other(decoder):
    """While one process is busy for long, another decodes; it ends as soon as nobody needs it."""
    first = process_of(decoder)
    slow = threading.Thread(target=process_of, args=(decoder, b"slow"))
    slow.start()
    time.sleep(0.1)
    others = {process_of(decoder) for _ in range(3)}
    slow.join()
    assert first not in others
    assert 1 == len({process_of(decoder) for _ in range(3)})


def test_no_more_processes_than_are_allowed(decoder):
    """However many threads ask at once, the processes are few, and every photo is decoded."""
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.extend(process_of(decoder) for _ in range(5))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 80 == len(found)
    assert 3 >= len(set(found))


def test_a_decoder_that_does_not_start_is_told():
    """Where the process cannot be started the photo is unreadable, and says why; it is no fault of the photo's."""
    absent = Decoder(("/no/such/program",))
    absent.start()
    for _ in range(2):
        with pytest.raises(errors.PhotoUnreadable, match="its decoder cannot be started"):
            absent.decode(b"x", "x", DEFAULT_LIMITS)


def test_the_first_photo_finds_it_started(decoder):
    """After `start` a process is there; a second `start` begins no other."""
    decoder.start()
    decoder.start()
    assert 1 == len({process_of(decoder) for _ in range(3)})


@LINUX
def test_it_has_neither_secrets_nor_files_nor_memory_of_its_own_choice(real, monkeypatch, tmp_path):
    """It inherits no secret, proxy or descriptor, may write no file, and takes no more than it is told."""
    for name in ("ATTENDANCE_KEY", "AWS_SECRET_ACCESS_KEY", "https_proxy", "ALL_PROXY", "PYTHONSTARTUP"):
        monkeypatch.setenv(name, "secret")
    with (tmp_path / "open").open("w") as file:
        os.set_inheritable(file.fileno(), True)
        real.decode(picture(), "x", DEFAULT_LIMITS)
    (child,) = real._all
    process = Path("/proc") / str(child._process.pid)
    limits = {line[:25].strip(): line[26:].split()[0] for line in (process / "limits").read_text().splitlines()}
    assert b"secret" not in (process / "environ").read_bytes()
    assert {"pipe", "/dev/null"} == {str(each.readlink()).partition(":")[0] for each in (process / "fd").iterdir()}
    assert ("0", "0") == (limits["Max core file size"], limits["Max file size"])
    assert 2_000_000_000 > int(limits["Max address space"])
    assert 600 > int(limits["Max cpu time"])


@LINUX
def test_memory_is_bounded_by_the_limits():
    """A picture that takes more memory than its header tells of is refused, and the process goes on."""
    code = (
        "import enroll.decoderprocess as process, numpy as np\n"
        "process.decode_here = lambda *_: (np.ones((2_000_000_000,), np.uint8), 'PNG')\n"
        "process.main()\n"
    )
    greedy = Decoder((sys.executable, "-c", code))
    try:
        with pytest.raises(errors.PhotoDamaged, match="broke down"):
            greedy.decode(picture(), "x", DEFAULT_LIMITS)
    finally:
        greedy.close()


def test_what_a_library_prints_is_no_part_of_an_answer():
    """Words that a library writes to standard output go nowhere."""
    code = (
        "import os, enroll.decoderprocess as process\n"
        "real = process.decode_here\n"
        "def loud(*words):\n"
        "    os.write(1, b'libfoo: hello')\n"
        "    return real(*words)\n"
        "process.decode_here = loud\n"
        "process.main()\n"
    )
    loud = Decoder((sys.executable, "-c", code))
    try:
        assert (48, 64, 3) == loud.decode(picture(), "x", DEFAULT_LIMITS)[0].shape
    finally:
        loud.close()


@pytest.mark.parametrize(
    "answer", [b'{"taken": 7}\n', b'{"moves": 1}\n', b'{"taken": "%s"}\n' % (b"x" * 99), b'{"error": "x"}\n', b"[]\n"]
)
def test_facts_without_sense_are_a_broken_process(decoder, answer):
    """What a file tells beside its pixels is believed only where it is of the kind that was asked for."""
    assert "2026:03:02 08:00:00" == decoder.facts(b"facts", "x", DEFAULT_LIMITS).taken
    with pytest.raises(errors.PhotoDamaged):
        decoder.facts(b"say " + answer, "x", DEFAULT_LIMITS)
    assert 0 < process_of(decoder)


PARENT = """
import os, signal, sys, threading
from enroll.decoder import DECODER
from enroll.photo import read_photo
threading.Thread(target=read_photo, args=(sys.argv[1],)).start()
read_photo(sys.argv[1])
print(*(child._process.pid for child in DECODER._all), flush=True)
if sys.argv[2] == "kill":
    os.kill(os.getpid(), signal.SIGKILL)
"""


@LINUX
@pytest.mark.parametrize("end", ["kill", "return"])
def test_it_ends_with_its_parent(tmp_path, end):
    """A product that ends, or is killed outright, leaves no decoding process behind, and says nothing about it."""
    path = tmp_path / "a.png"
    path.write_bytes(picture())
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PARENT, path, end],
        capture_output=True,
        env=environment,
        timeout=30,
        check=False,
    )
    end_s = time.monotonic() + 5
    while (left := [pid for pid in done.stdout.split() if lives(int(pid))]) and time.monotonic() < end_s:
        time.sleep(0.02)
    assert (b"", []) == (done.stderr, left)


def lives(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


FORKED = """
import os, sys, warnings
from enroll.decoder import DECODER
from enroll.photo import read_photo
read_photo(sys.argv[1])
before = next(iter(DECODER._all))._process.pid
warnings.simplefilter("ignore", DeprecationWarning)  # of forking beside threads: that is what is tried
child = os.fork()
pixels = read_photo(sys.argv[1]).pixels
now = next(iter(DECODER._all))._process.pid
if child == 0:
    DECODER.close()
    os._exit(0 if now != before and pixels.shape == (48, 64, 3) else 1)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), now == before, read_photo(sys.argv[1]).pixels.shape)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system knows no fork")
def test_a_fork_decodes_by_itself(tmp_path):
    """A fork of a process that has decoded begins a decoder of its own, and takes nothing from its parent's."""
    path = tmp_path / "a.png"
    path.write_bytes(picture())
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-W", "error", "-c", FORKED, path]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=False)
    assert ("0 True (48, 64, 3)\n", "") == (done.stdout, done.stderr)


def test_the_environment_holds_what_starts_python(monkeypatch):
    """The child gets what an installation needs to be found, variables of the named drivers, and nothing else."""
    monkeypatch.setenv("OPENCV_LOG_LEVEL", "OFF")
    monkeypatch.setenv("SECRET_TOKEN", "x")
    assert "PATH" in environment()
    assert not {"SECRET_TOKEN", "OPENCV_LOG_LEVEL"} & set(environment())
    assert "OFF" == environment("OPENCV_")["OPENCV_LOG_LEVEL"]
    assert str(ROOT) == environment()["PYTHONPATH"].split(os.pathsep)[0]


def test_all_of_this_process_share_one(encoded, ramp):
    """The door for photos uses the one decoder of this process, of our own interpreter."""
    from enroll.photo import decode_photo

    np.testing.assert_array_equal(ramp, decode_photo(encoded(ramp, "PNG"), "x").pixels)
    assert 1 == sum(child.lives for child in DECODER._all)
    assert sys.executable == COMMAND[0]
