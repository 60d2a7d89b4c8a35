"""What FFmpeg may open: for files the formats of cameras, phones and recorders, for addresses what cameras speak.

Left to itself it takes whatever a file claims to be: lists that play other files, descriptions that listen to the
network, patterns that stand for many files. It looks at certificates where a file of authorities is named, and then
playlists (HLS) are none of what it may open, as it fetches their parts without a look. OpenCV hands options on from one
variable of the environment alone.
"""

from collections.abc import Mapping
from typing import Final

from attendance.cameras.address import Kind
from attendance.cameras.authorities import SECURE, scheme_of

VARIABLE: Final = "OPENCV_FFMPEG_CAPTURE_OPTIONS"
_DEFAULT: Final = "rtsp_flags;prefer_tcp"  # OpenCV's own, which it leaves out where the variable is set
# FFmpeg's names of formats that hold pictures themselves and name no other place.
_CONTAINERS: Final = "mov,matroska,webm,avi,asf,flv,mpeg,mpegts,mpegvideo,h264,hevc,m4v,mjpeg,mpjpeg,jpeg_pipe,ogg"
_OF_FILES: Final = f"{_CONTAINERS},dhav,dv,gif,ivf,mxf,obu,rm,vc1,wtv"
_OF_SITES: Final = f"{_CONTAINERS},hls,png_pipe"
_OF_TRUSTED_SITES: Final = f"{_CONTAINERS},png_pipe"
_OF_RTSP: Final = "rtsp,sdp,rtp,asf,mpegts"
_WEB: Final = "http,https,tcp,tls,crypto"
_TRUSTED_WEB: Final = "https,tcp,tls,crypto"


def options(kind: str, value: str, given: str | None, ca_file: str = "") -> str:
    """The variable's value for this address; what somebody has `given` otherwise is kept, but not against it.

    A secure address must be certified by one of `ca_file`, if there is one.
    """
    scheme = scheme_of(value) if kind == Kind.STREAM else ""
    trusted = {"tls_verify": "1", "ca_file": ca_file} if ca_file and scheme in SECURE else {}
    if scheme == "https" and trusted:
        limits = {"format_whitelist": _OF_TRUSTED_SITES, "protocol_whitelist": _TRUSTED_WEB}
    elif scheme in {"rtsp", "rtsps"}:
        limits = {"format_whitelist": _OF_RTSP, "protocol_whitelist": "rtp,srtp,udp,tcp,tls,http,https"}
    elif scheme:
        limits = {"format_whitelist": _OF_SITES, "protocol_whitelist": _WEB}
    else:
        limits = {"format_whitelist": _OF_FILES, "protocol_whitelist": "file"}
    return "|".join([given or _DEFAULT, _written({**limits, **trusted})])


def _written(limits: Mapping[str, str]) -> str:
    return "|".join(f"{name};{value}" for name, value in limits.items())
