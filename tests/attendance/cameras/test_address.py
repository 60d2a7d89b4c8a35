"""What may be given as a camera, and that its password is never shown."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from attendance.cameras import Kind, hidden, parse_address, redact
from attendance.cameras.address import Address
from attendance.errors import CameraAddress, CameraMissing
from attendance.sources import is_video


def test_device_number():
    """A whole number is a device."""
    assert Address(Kind.DEVICE, "0", "0") == parse_address(" 0 ")


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("rtsp://door:s3cret@10.0.0.9:554/live", "rtsp://***@10.0.0.9:554/live"),
        ("rtsp://door:s3c/r?e#t@10.0.0.9/live", "rtsp://***@10.0.0.9/live"),
        ("rtsp://door:s3cr@et@cam/live", "rtsp://***@cam/live"),
        ("http://cam/video.cgi?user=door&pwd=s3cret", "http://cam/video.cgi?***"),
        ("http://cam?token=s3cret", "http://cam?***"),
        ("rtsp://cam/user=door_password=s3cret_channel=1.sdp", "rtsp://cam/user=***"),
        ("HTTPS://cam/mjpeg#s3cret", "HTTPS://cam/mjpeg#***"),
        ("http://cam/mjpeg", "http://cam/mjpeg"),
    ],
)
def test_passwords_are_hidden(given, shown):
    """No form of address shows its password, while the address in use keeps it."""
    address = parse_address(given)
    assert (shown, given) == (address.shown, address.value)
    assert "s3c" not in repr(address)
    assert "s3c" not in redact(f"cannot open {given} now")


SECRET = st.text(st.characters(exclude_categories=("Z", "C")), min_size=8).map(lambda text: f"S3CRET{text}")


@given(SECRET, st.sampled_from(["rtsp", "http", "https"]))
def test_any_password_is_hidden(secret, scheme):
    """Whatever characters a password is made of, none of it survives in what is shown."""
    assert f"{scheme}://***@cam/live" == parse_address(f"{scheme}://door:{secret}@cam/live").shown


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("door:s3cret@cam/live", "***@cam/live"),
        ("door:s3c/r?e@t@cam/live", "***@cam/live"),
        ("cam/video.cgi?user=door&pwd=s3cret", "cam/video.cgi?***"),
        ("cam/user=door_password=s3cret_channel=1.sdp", "cam/user=***"),
        (":s3cret@cam\0", "***@cam\0"),
    ],
)
def test_a_forgotten_scheme_shows_no_password(given, shown):
    """An address without its scheme is no camera, and the message that says so hides the password all the same."""
    assert shown == hidden(given)
    with pytest.raises((CameraAddress, CameraMissing)) as caught:
        parse_address(given)
    assert "s3c" not in caught.value.line


@pytest.mark.parametrize(
    "name", ["door.mp4", "clip@2x.mp4", "C:\\clips\\a@2x.mp4", "/dev/video9", "a #2.mp4", "why?.mp4"]
)
def test_a_file_that_is_not_there_is_named_in_full(name):
    """The name of a file that holds no login is shown as it is."""
    assert name == hidden(name)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "ftp://cam/live",
        "rtsp://",
        "http:///path",
        "rtsp://[bad/live",
        "a\0b",
        "http://cam:99999/",
        "rtsp://cam:0/",
        "http://cam:x/",
    ],
)
def test_bad_address(text):
    """Text that can be no camera is refused as camera.address, exit code 4."""
    with pytest.raises(CameraAddress) as caught:
        parse_address(text)
    assert ("camera.address", 4) == (caught.value.id, caught.value.exit_code)


def test_folder_and_missing_file(tmp_path):
    """A folder is no camera, and a file that is not there is missing."""
    with pytest.raises(CameraAddress):
        parse_address(str(tmp_path))
    with pytest.raises(CameraMissing):
        parse_address(str(tmp_path / "none.mp4"))


def test_protocol_like_file_name_is_a_file(tmp_path, monkeypatch):
    """A file named like an FFmpeg protocol is opened as the file it is."""
    monkeypatch.chdir(tmp_path)
    Path("concat:door.mp4").touch()
    assert Address(Kind.FILE, str(tmp_path / "concat:door.mp4"), "concat:door.mp4") == parse_address("concat:door.mp4")


def test_is_video(tmp_path):
    """Videos are known by suffix, GIFs by having several frames."""
    pictures = [Image.new("RGB", (8, 8), color) for color in ("red", "blue")]
    pictures[0].save(tmp_path / "moving.gif", save_all=True, append_images=pictures[1:])
    pictures[0].save(tmp_path / "still.gif")
    (tmp_path / "broken.gif").write_bytes(b"GIF89a")
    names = ("door.MP4", "clip.3gp", "00001.MTS", "moving.gif", "still.gif", "broken.gif", "missing.gif", "door.jpg")
    assert [True, True, True, True, False, False, False, False] == [is_video(tmp_path / name) for name in names]
