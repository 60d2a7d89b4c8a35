"""Every frame of a video file comes, in order, and whatever is wrong with the file is one error that names it."""

import contextlib
import re
import struct
import sys
import time
import wave
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from attendance.cameras import ProcessCamera, VideoReader, parse_address
from attendance.cameras.backend import check_picture, codec_name
from attendance.cameras.mp4 import is_mirrored
from attendance.clock import SystemClock
from attendance.errors import SourceCut, SourceError, SourceMissing, SourceNoFrames, SourceUnsupported

STAND_IN = Path(__file__).parents[1] / "stand_in_capture.py"


def stand_in(behaviour, count):
    return (sys.executable, "-P", str(STAND_IN), behaviour, str(count))


def write_film(path, frames, fps=25.0, fourcc="mp4v"):
    height, width = frames[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*fourcc), fps, (width, height))
    assert writer.isOpened()
    for frame in frames:
        writer.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
    writer.release()
    return path


def grey_steps(count, height=48, width=64):
    return [np.full((height, width, 3), 10 * number, np.uint8) for number in range(count)]


def test_reader_gives_every_frame_in_order(tmp_path):
    """All frames come, in order, with the film's own times, however slowly they are consumed."""
    film = write_film(tmp_path / "door.mp4", grey_steps(12), fps=10.0)
    with VideoReader(film, SystemClock()) as reader:
        frames = []
        for frame in reader:
            frames.append(frame)
            time.sleep(0.01)
    assert list(range(12)) == [frame.number for frame in frames]
    assert [number / 10 for number in range(12)] == pytest.approx([frame.time for frame in frames])
    levels = [int(np.median(frame.pixels)) for frame in frames]
    assert levels == pytest.approx([10 * number for number in range(12)], abs=4)
    assert (10.0, 12) == (reader.fps, reader.declared)


def test_reader_colours(tmp_path):
    """Red stays red: pixels come as RGB."""
    red = np.zeros((48, 64, 3), np.uint8)
    red[..., 0] = 200
    with VideoReader(write_film(tmp_path / "red.mp4", [red] * 3), SystemClock()) as reader:
        pixels = next(iter(reader)).pixels
    assert pixels[..., 0].mean() > 150
    assert pixels[..., 2].mean() < 60


def test_reader_reads_a_gif(tmp_path):
    """An animated GIF is a video."""
    pictures = [Image.fromarray(pixels) for pixels in grey_steps(5)]
    pictures[0].save(tmp_path / "moving.gif", save_all=True, append_images=pictures[1:], duration=100)
    with VideoReader(tmp_path / "moving.gif", SystemClock()) as reader:
        assert 5 == sum(1 for _ in reader)


@pytest.mark.parametrize("content", [b"", b"not a film at all" * 50, b"\0" * 4096], ids=["empty", "text", "zeros"])
def test_reader_refuses_what_is_no_video(tmp_path, content):
    """A file that no decoder takes is source.unsupported and names the file."""
    path = tmp_path / "film.mp4"
    path.write_bytes(content)
    with VideoReader(path, SystemClock()) as reader, pytest.raises(SourceUnsupported, match=r"film\.mp4"):
        next(iter(reader))


def test_reader_missing(tmp_path):
    """A file that is not there is source.missing, and so is a folder."""
    with pytest.raises(SourceMissing):
        VideoReader(tmp_path / "none.mp4", SystemClock())
    with pytest.raises(SourceMissing):
        VideoReader(tmp_path, SystemClock())


def test_reader_video_without_frames(tmp_path):
    """A video that opens and holds no frame is source.no_frames, exit code 1, and its codec is named."""
    path = write_film(tmp_path / "door.avi", grey_steps(2), fourcc="MJPG")
    command = stand_in("end", 0)
    with VideoReader(path, SystemClock(), command=command) as reader, pytest.raises(SourceNoFrames) as caught:
        next(iter(reader))
    assert ("source.no_frames", 1, "no picture of it can be decoded (codec AV1)") == (
        caught.value.id, caught.value.exit_code, caught.value.detail,
    )  # fmt: skip


def noisy_film(path, count=8):
    """A film of frames unlike each other, as Motion JPEG; returns its bytes and where the frames begin in them."""
    noise = [np.random.default_rng(n).integers(0, 255, (48, 64, 3), np.uint8) for n in range(count)]
    data = write_film(path, noise, fourcc="MJPG").read_bytes()
    begin, end = data.index(b"movi"), data.index(b"idx1")
    return bytearray(data), [begin + found.start() + 8 for found in re.finditer(b"00dc", data[begin:end])]


def test_reader_film_without_its_content(tmp_path):
    """A film that ends after its head, or whose pictures are all lost, is source.no_frames."""
    data, places = noisy_film(tmp_path / "film.avi")
    (tmp_path / "head.avi").write_bytes(data[: places[0]])
    for place in places:
        data[place : place + 400] = bytes(400)
    (tmp_path / "lost.avi").write_bytes(data)
    for name in ("head.avi", "lost.avi"):
        with VideoReader(tmp_path / name, SystemClock()) as reader, pytest.raises(SourceNoFrames, match=r"codec MJPG"):
            next(iter(reader))


@pytest.mark.parametrize("damaged", [[0], [3], [2, 3, 4], [7]], ids=str)
def test_reader_passes_over_damaged_pictures(tmp_path, damaged):
    """Garbage in place of some pictures, the first included, costs these alone."""
    data, places = noisy_film(tmp_path / "film.avi")
    for number in damaged:
        data[places[number] : places[number] + 400] = bytes(400)
    (tmp_path / "film.avi").write_bytes(data)
    with VideoReader(tmp_path / "film.avi", SystemClock()) as reader:
        assert 8 - len(damaged) == sum(1 for _ in reader)


def test_reader_sound_alone(tmp_path):
    """A file of sound with a video's name is source.unsupported."""
    with wave.open(str(tmp_path / "sound.mp4"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(8000))
    with VideoReader(tmp_path / "sound.mp4", SystemClock()) as reader, pytest.raises(SourceUnsupported):
        next(iter(reader))


def test_reader_pictures_that_change_their_size(tmp_path):
    """A film whose pictures become larger half-way is read to its end."""
    small, large = (cv2.imencode(".jpg", np.full(shape, 99, np.uint8))[1].tobytes() for shape in ((48, 64), (96, 80)))
    (tmp_path / "film.mjpg").write_bytes(small * 3 + large * 3)
    with VideoReader(tmp_path / "film.mjpg", SystemClock()) as reader:
        assert 6 == sum(1 for _ in reader)


def test_reader_decoder_that_cannot_be_started(tmp_path):
    """Where no process can be started the file is refused as a source."""
    (tmp_path / "film.mp4").touch()
    with pytest.raises(SourceUnsupported, match="cannot be started"):
        VideoReader(tmp_path / "film.mp4", SystemClock(), command=(str(tmp_path / "none"),))


def test_reader_decoder_that_fails_half_way(tmp_path):
    """All frames before the failure come, then source.cut says after how many."""
    (tmp_path / "film.mp4").touch()
    seen = []
    reader = VideoReader(tmp_path / "film.mp4", SystemClock(), command=stand_in("shape", 3))
    with reader, pytest.raises(SourceCut, match=r"instead of a colour picture after 3 frames") as caught:
        seen.extend(frame.number for frame in reader)
    assert ([0, 1, 2], "source.cut", 1) == (seen, caught.value.id, caught.value.exit_code)


def test_reader_gigantic_pictures():
    """Pictures larger than any camera's are refused by their size alone."""
    with pytest.raises(ValueError, match="16000x16000 are larger"):
        check_picture(np.lib.stride_tricks.as_strided(np.zeros(3, np.uint8), (16000, 16000, 3), (0, 0, 1)))


@pytest.mark.parametrize(("letters", "name"), [("av01", "AV1"), ("hvc1", "H.265"), ("MJPG", "MJPG")])
def test_codec_names(letters, name):
    """A codec is named as people know it, else by its four letters, and not at all by what are none."""
    assert (name, "", "") == (codec_name(cv2.VideoWriter.fourcc(*letters)), codec_name(7), codec_name(-1))


UNIT = 1 << 16
TURNS = {  # the matrix of the container, and where the picture's first corner comes to lie
    "as it is": ((1, 0, 0, 1), (0, 0)),
    "to the right": ((0, 1, -1, 0), (0, -1)),
    "upside down": ((-1, 0, 0, -1), (-1, -1)),
    "to the left": ((0, -1, 1, 0), (-1, 0)),
    "mirrored": ((-1, 0, 0, 1), (0, -1)),
    "mirrored upside down": ((1, 0, 0, -1), (-1, 0)),
    "mirrored to the right": ((0, 1, 1, 0), (0, 0)),
    "mirrored to the left": ((0, -1, -1, 0), (-1, -1)),
}


def phone_film(path, turn):
    """A film of 64x48 that is white in its first corner, and whose container says how it is to be turned."""
    picture = np.zeros((48, 64, 3), np.uint8)
    picture[:16, :16] = 255
    data = bytearray(write_film(path, [picture] * 3).read_bytes())
    at = data.index(b"tkhd") + 4 + 40
    assert struct.pack(">9i", UNIT, 0, 0, 0, UNIT, 0, 0, 0, 1 << 30) == data[at : at + 36]
    a, b, c, d = (UNIT * part for part in TURNS[turn][0])
    data[at : at + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("turn", TURNS)
def test_reader_turns_phone_videos(tmp_path, turn):
    """A film that was taken upright and stored lying or mirrored comes as it was, whichever way it was turned."""
    with VideoReader(phone_film(tmp_path / "phone.mp4", turn), SystemClock()) as reader:
        pixels = next(iter(reader)).pixels
    assert ((64, 48, 3) if TURNS[turn][0][0] == 0 else (48, 64, 3)) == pixels.shape
    row, column = TURNS[turn][1]
    assert pixels[row, column].min() > 200
    assert pixels[-1 - row, -1 - column].max() < 50


@pytest.mark.parametrize("place", [None, 0, 40, 600])
def test_no_container_is_not_mirrored(tmp_path, place):
    """A file that is no MP4, or a damaged one, is taken for not mirrored, and soon."""
    data = bytearray(phone_film(tmp_path / "phone.mp4", "mirrored").read_bytes())
    assert is_mirrored(tmp_path / "phone.mp4")
    if place is None:
        data = b"moov" * 5000
    else:
        data[place : place + 8] = b"\0\0\0\1\xff\xff\xff\xff"
    (tmp_path / "phone.mp4").write_bytes(data)
    assert isinstance(is_mirrored(tmp_path / "phone.mp4"), bool)
    assert not is_mirrored(tmp_path / "none.mp4")


def test_camera_turns_phone_videos(tmp_path):
    """A file played as a camera comes upright, too."""
    cam = ProcessCamera(parse_address(str(phone_film(tmp_path / "phone.mp4", "to the right"))), SystemClock())
    cam.open()
    try:
        frames = [cam.newest(1.0) for _ in range(10)]
    finally:
        cam.close()
    assert {(64, 48, 3)} == {frame.pixels.shape for frame in frames if frame is not None}


def test_reader_cut_file(tmp_path):
    """A film cut in the middle gives the frames before the cut."""
    noise = [np.random.default_rng(n).integers(0, 255, (48, 64, 3), np.uint8) for n in range(20)]
    whole = write_film(tmp_path / "whole.avi", noise, fourcc="MJPG").read_bytes()
    (tmp_path / "cut.avi").write_bytes(whole[: len(whole) // 2])
    with VideoReader(tmp_path / "cut.avi", SystemClock()) as reader:
        assert 3 < sum(1 for _ in reader) < 20


@pytest.mark.parametrize("seed", range(4))
def test_reader_damaged_file(tmp_path, seed):
    """A film with bytes changed at random ends in frames or in one error that names it, never in a crash or hang."""
    noise = [np.random.default_rng(n).integers(0, 255, (48, 64, 3), np.uint8) for n in range(12)]
    data = bytearray(write_film(tmp_path / "door.mp4", noise).read_bytes())
    rng = np.random.default_rng(seed)
    for place in rng.integers(0, len(data), 200):
        data[place] = int(rng.integers(256))
    (tmp_path / "door.mp4").write_bytes(data)
    frames = []
    reader = VideoReader(tmp_path / "door.mp4", SystemClock(), hang_s=10.0)
    with reader, contextlib.suppress(SourceError):
        frames.extend(frame.number for frame in reader)
    assert list(range(len(frames))) == frames
    assert len(frames) <= 13


@pytest.mark.parametrize("behaviour", ["crash", "block"])
def test_reader_hang_and_crash(tmp_path, behaviour):
    """A decoder that hangs or crashes half-way ends the reading with an error, not for ever."""
    path = tmp_path / "film.mp4"
    path.touch()
    seen: list[int] = []
    reader = VideoReader(path, SystemClock(), hang_s=0.5, command=stand_in(behaviour, 3))
    with reader, pytest.raises(SourceError):
        seen.extend(frame.number for frame in reader)
    assert [0, 1, 2][: len(seen)] == seen


def test_child_is_quiet(tmp_path, capfd):
    """What FFmpeg complains about does not reach the user's terminal."""
    path = tmp_path / "film.mp4"
    path.write_bytes(b"\0" * 4096)
    with VideoReader(path, SystemClock()) as reader, contextlib.suppress(SourceUnsupported):
        next(iter(reader))
    assert ("", "") == tuple(capfd.readouterr())
