"""Photos that programs send: as they are, or as the field ``photo`` of a form. They are held in memory alone."""

import re
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import Depends, Request
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from attendance.service_errors import RequestInvalid, UploadLarge
from attendance.web.site import site_of

FIELD: Final = "photo"
_PLAIN: Final = re.compile(r"image/[\w.+-]+|application/octet-stream", re.ASCII)
_BINARY: Final = {"schema": {"type": "string", "format": "binary"}}
_ENVELOPE: Final = 100_000
"""Bytes that a form may have besides the photo."""
BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "A photo: the picture itself, or a form with it as the field `photo`.",
        "content": {
            "image/*": _BINARY,
            "application/octet-stream": _BINARY,
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {FIELD: {"type": "string", "format": "binary"}},
                    "required": [FIELD],
                    "additionalProperties": False,
                }
            },
        },
    }
}
"""For ``openapi_extra``: FastAPI knows nothing of a body that a dependency reads."""


@dataclass(frozen=True, slots=True)
class SentPhoto:
    """The bytes of a photo, and what records call it."""

    data: bytes
    source: str


class _InMemory(MultiPartParser):
    """A photo of somebody goes to no temporary file."""

    spool_max_size = 1 << 30


async def sent_photo(request: Request) -> SentPhoto:
    """The photo of a request. Raises UploadLarge, RequestInvalid."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    most = site_of(request).app.settings.max_upload_mb * 1_000_000
    if kind == "multipart/form-data":
        return await _of_form(request, most)
    if not _PLAIN.fullmatch(kind):
        raise RequestInvalid(request.url.path, "Content-Type: send image/*, or multipart/form-data with photo")
    data = b"".join([part async for part in _limited(request, most)])
    if not data:
        raise RequestInvalid(request.url.path, "the body is empty: send the photo")
    return SentPhoto(data, "API")


async def _of_form(request: Request, most: int) -> SentPhoto:
    parser = _InMemory(request.headers, _limited(request, most + _ENVELOPE), max_files=1, max_fields=1)
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError, ValueError) as error:
        told = error.message if isinstance(error, MultiPartException) else "the form cannot be read"
        raise RequestInvalid(request.url.path, told) from error
    try:
        return SentPhoto(await _field(request, form), "API")
    finally:
        await form.close()


async def _field(request: Request, form: FormData) -> bytes:
    """The photo of a form that has nothing else."""
    others = [name for name in form if name != FIELD]
    if others:
        raise RequestInvalid(request.url.path, f"{others[0]}: there is no field of this name")
    photo = form.get(FIELD)
    if not isinstance(photo, UploadFile):
        raise RequestInvalid(request.url.path, "photo: a file of this name is missing in the form")
    data = await photo.read()
    if not data:
        raise RequestInvalid(request.url.path, "photo: the file is empty")
    return data


async def _limited(request: Request, most: int) -> Any:
    """The body in parts, up to so many bytes."""
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise UploadLarge(request.url.path, f"at most {most // 1_000_000} MB are taken in")
        yield part


Photo = Annotated[SentPhoto, Depends(sent_photo)]
