"""Every frame of a video file comes, in order, and whatever is wrong with the file is one error that names it."""

import contextlib
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from attendance.cameras import VideoReader
from attendance.clock import SystemClock
from attendance.errors import CameraNoFrames, SourceMissing, SourceUnsupported

STAND_IN = Path(__file__).with_name("stand_in_capture.py")


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
    """A video that opens and holds no frame is camera.no_frames."""
    path = write_film(tmp_path / "door.avi", grey_steps(2), fourcc="MJPG")
    command = stand_in("end", 0)
    with VideoReader(path, SystemClock(), command=command) as reader, pytest.raises(CameraNoFrames):
        next(iter(reader))


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
    with reader, contextlib.suppress(SourceUnsupported, CameraNoFrames):
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
    with reader, pytest.raises(SourceUnsupported):
        seen.extend(frame.number for frame in reader)
    assert [0, 1, 2][: len(seen)] == seen


def test_child_is_quiet(tmp_path, capfd):
    """What FFmpeg complains about does not reach the user's terminal."""
    path = tmp_path / "film.mp4"
    path.write_bytes(b"\0" * 4096)
    with VideoReader(path, SystemClock()) as reader, contextlib.suppress(SourceUnsupported):
        next(iter(reader))
    assert ("", "") == tuple(capfd.readouterr())
