"""What FFmpeg may open: for files the formats of cameras, phones and recorders, for addresses what cameras speak.

Left to itself it takes whatever a file claims to be: lists that play other files, descriptions that listen to the
network, patterns that stand for many files. OpenCV hands options on from one variable of the environment alone.
"""

from collections.abc import Mapping
from typing import Final

from attendance.cameras.address import Kind

VARIABLE: Final = "OPENCV_FFMPEG_CAPTURE_OPTIONS"
_DEFAULT: Final = "rtsp_flags;prefer_tcp"  # OpenCV's own, which it leaves out where the variable is set
# FFmpeg's names of formats that hold pictures themselves and name no other place.
_CONTAINERS: Final = "mov,matroska,webm,avi,asf,flv,mpeg,mpegts,mpegvideo,h264,hevc,m4v,mjpeg,mpjpeg,jpeg_pipe,ogg"
_OF_FILES: Final = f"{_CONTAINERS},dhav,dv,gif,ivf,mxf,obu,rm,vc1,wtv"
_OF_SITES: Final = f"{_CONTAINERS},hls,png_pipe"
_OF_RTSP: Final = "rtsp,sdp,rtp,asf,mpegts"
_WEB: Final = "http,https,tcp,tls,crypto"


def options(kind: str, value: str, given: str | None) -> str:
    """The variable's value for this address; what somebody has `given` otherwise is kept, but not against it."""
    scheme = value.partition("://")[0].lower() if kind == Kind.STREAM else ""
    if scheme in {"rtsp", "rtsps"}:
        limits = {"format_whitelist": _OF_RTSP, "protocol_whitelist": "rtp,srtp,udp,tcp,tls,http,https"}
    elif scheme:
        limits = {"format_whitelist": _OF_SITES, "protocol_whitelist": _WEB}
    else:
        limits = {"format_whitelist": _OF_FILES, "protocol_whitelist": "file"}
    return "|".join([given or _DEFAULT, _written(limits)])


def _written(limits: Mapping[str, str]) -> str:
    return "|".join(f"{name};{value}" for name, value in limits.items())
