"""A file plays its own pictures alone, and an address speaks what cameras speak."""

import functools
import http.server
import os
import threading

import cv2
import numpy as np
import pytest

from attendance.cameras import VideoReader
from attendance.cameras.address import STREAM_SCHEMES, parse_address
from attendance.cameras.ffmpeg import VARIABLE, options
from attendance.cameras.process import CaptureProcess, _environment
from attendance.cameras.wire import Order, Orders, Word
from attendance.clock import SystemClock
from attendance.errors import CameraAddress, SourceError, SourceUnsupported

# What FFmpeg takes for a list of other files, a description of a stream or a command, whatever the file's name.
LISTS = {
    "ffconcat": "ffconcat version 1.0\nfile neighbour.mp4\n",
    "ffconcat-options": "ffconcat version 1.0\nfile neighbour.mp4\noption safe 0\n",
    "hls": '#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:9\n#EXT-X-MAP:URI="neighbour.mp4"\n'
    "#EXTINF:1.0,\nneighbour.mp4\n#EXT-X-ENDLIST\n",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n"
    "a=rtpmap:96 H264/90000\n",
    "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period><AdaptationSet '
    'mimeType="video/mp4"><Representation id="1" bandwidth="1"><BaseURL>neighbour.mp4</BaseURL></Representation>'
    "</AdaptationSet></Period></MPD>",
    "ffmetadata": ";FFMETADATA1\ntitle=x\n",
    "rtsp-text": "RTSPtextRTSP://127.0.0.1/x\n",
}  # fmt: skip


def film(path, fourcc="mp4v"):
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*fourcc), 10.0, (64, 48))
    assert writer.isOpened()
    for number in range(6):
        writer.write(np.full((48, 64, 3), 30 * number, np.uint8))
    writer.release()
    return path


@pytest.mark.parametrize("name", ["list.mp4", "list.m3u8", "list.avi", "list.ts"])
@pytest.mark.parametrize("kind", LISTS)
def test_a_list_named_as_a_video_plays_no_other_file(tmp_path, kind, name):
    """A list or description is refused, whatever its name: the video beside it is not played in its place."""
    film(tmp_path / "neighbour.mp4")
    (tmp_path / name).write_text(LISTS[kind])
    with VideoReader(tmp_path / name, SystemClock()) as reader, pytest.raises(SourceUnsupported):
        list(reader)


def test_the_lists_would_play(tmp_path, monkeypatch):
    """The test above can fail: left to itself FFmpeg plays the neighbour."""
    film(tmp_path / "neighbour.mp4")
    (tmp_path / "list.mp4").write_text(LISTS["ffconcat"])
    monkeypatch.setattr("attendance.cameras.ffmpeg.options", lambda *_: "rtsp_flags;prefer_tcp")
    with VideoReader(tmp_path / "list.mp4", SystemClock()) as reader:
        assert 6 == len(list(reader))


def test_a_name_is_no_pattern(tmp_path):
    """A name such as frame%01d.png stands for itself, not for the pictures it would match."""
    cv2.imwrite(str(tmp_path / "frame1.png"), np.zeros((48, 64, 3), np.uint8))
    (tmp_path / "frame%01d.png").write_bytes(b"nothing")
    with VideoReader(tmp_path / "frame%01d.png", SystemClock()) as reader, pytest.raises(SourceError):
        list(reader)


@pytest.mark.parametrize(
    ("name", "fourcc"), [("a.mp4", "mp4v"), ("a.avi", "MJPG"), ("a.mkv", "mp4v"), ("a.webm", "VP80")]
)
def test_videos_play(tmp_path, name, fourcc):
    """Videos in the containers of phones, cameras and recorders play as ever."""
    with VideoReader(film(tmp_path / name, fourcc), SystemClock()) as reader:
        assert 6 == len(list(reader))


@pytest.mark.parametrize(
    "text", ["udp://@:5004", "rtmp://host/x", "srt://host:9", "tcp://host:9", "file:///etc/passwd"]
)
def test_addresses_speak_what_cameras_speak(text):
    """Addresses begin with rtsp, rtsps, http or https, and with nothing else."""
    assert ("rtsp", "rtsps", "http", "https") == STREAM_SCHEMES
    with pytest.raises(CameraAddress):
        parse_address(text)


def test_each_kind_has_its_own_protocols():
    """Files open files alone; addresses open none; what somebody has set otherwise is kept but cannot loosen that."""
    file = dict(
        each.split(";", 1) for each in options("file", "/x.mp4", "protocol_whitelist;http|threads;1").split("|")
    )
    rtsp = dict(each.split(";", 1) for each in options("stream", "rtsp://x/", None).split("|"))
    web = dict(each.split(";", 1) for each in options("stream", "https://x/", "").split("|"))
    assert ("file", "1") == (file["protocol_whitelist"], file["threads"])
    assert "prefer_tcp" == rtsp["rtsp_flags"]
    for each in (rtsp, web):
        assert not {"file", "concat", "data", "subfile"} & set(each["protocol_whitelist"].split(","))
        assert not {"concat", "image2", "lavfi"} & set(each["format_whitelist"].split(","))
    assert file == dict(
        each.split(";", 1) for each in options("device", "/dev/video0", "protocol_whitelist;http|threads;1").split("|")
    )


class Playlist(http.server.SimpleHTTPRequestHandler):
    """Serves a folder in silence; /away leads to a file of this machine."""

    def do_GET(self):
        if self.path.startswith("/away"):
            self.send_response(302)
            self.send_header("Location", f"file://{self.directory}/a.mp4")
            self.end_headers()
        else:
            super().do_GET()

    def log_message(self, *_):
        pass


@pytest.mark.parametrize("name", ["good.mp4", "list.m3u8", "concat.m3u8", "away.mp4"])
def test_nothing_on_the_network_leads_to_files_of_this_machine(tmp_path, name):
    """A stream of a camera plays; a playlist or a redirect that names a file of this machine does not."""
    film(tmp_path / "good.mp4")
    path = film(tmp_path / "a.mp4")
    (tmp_path / "list.m3u8").write_text(
        f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:1.0,\nfile://{path}\n#EXT-X-ENDLIST\n"
    )
    (tmp_path / "concat.m3u8").write_text(f"ffconcat version 1.0\nfile 'file:{path}'\n")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Playlist, directory=str(tmp_path)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}/{name}"
    child = CaptureProcess(Orders("stream", url, Order.EVERY, 5.0))
    try:
        told = child.ask(20.0)
        assert (Word.OPENED if name == "good.mp4" else Word.FAILED) == told.word
    finally:
        child.kill()
        server.shutdown()
        server.server_close()


def test_the_child_gets_no_secrets(monkeypatch):
    """A capture process gets its options and what drivers need; keys and tokens of this process are not among it."""
    monkeypatch.setenv("ATTENDANCE_KEY", "x")
    monkeypatch.setenv("API_TOKEN", "x")
    monkeypatch.setenv("OPENCV_LOG_LEVEL", "OFF")
    given = _environment(Orders("file", "/x.mp4", Order.EVERY, 1.0))
    assert {"OPENCV_LOG_LEVEL", VARIABLE} <= set(given)
    assert not {"ATTENDANCE_KEY", "API_TOKEN"} & set(given)
    assert VARIABLE not in os.environ
