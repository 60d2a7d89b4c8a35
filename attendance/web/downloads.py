"""Answers that browsers save as files: of the right kind, under a name that no system trips over."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final
from urllib.parse import quote

from starlette.responses import FileResponse, Response, StreamingResponse

from attendance.services.uploads import file_name

KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        ".csv": "text/csv; charset=utf-8",
        ".html": "text/html; charset=utf-8",
        ".ics": "text/calendar; charset=utf-8",
        ".json": "application/json",
        ".md": "text/markdown; charset=utf-8",
        ".pdf": "application/pdf",
        ".png": "image/png",
        ".svg": "image/svg+xml",
        ".txt": "text/plain; charset=utf-8",
        ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ".zip": "application/zip",
    }
)
"""Content types by the ending of a name."""


def download(data: bytes | str | Iterable[str] | Path, name: str, *, inline: bool = False) -> Response:
    """A file of this name: its bytes, text (as a whole or piece by piece), or where it lies."""
    kind = KINDS.get(Path(name).suffix.lower(), "application/octet-stream")
    headers = {"Content-Disposition": disposition(name, inline=inline), "Cache-Control": "no-store"}
    if isinstance(data, Path):
        return FileResponse(data, media_type=kind, headers=headers)
    if isinstance(data, str | bytes):
        body = data.encode("utf-8", "backslashreplace") if isinstance(data, str) else data
        return Response(body, media_type=kind, headers=headers)
    pieces = (each.encode("utf-8", "backslashreplace") for each in data)
    return StreamingResponse(pieces, media_type=kind, headers=headers)


def disposition(name: str, *, inline: bool = False) -> str:
    """The header's value, RFC 6266: an ASCII name for old browsers, the right one for others."""
    safe = file_name(name)
    plain = "".join(each if each.isascii() and (each.isalnum() or each in " .-_") else "_" for each in safe)
    how = "inline" if inline else "attachment"
    return f"{how}; filename=\"{plain}\"; filename*=UTF-8''{quote(safe, safe='')}"
