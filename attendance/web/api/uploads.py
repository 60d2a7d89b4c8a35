"""Photos that programs send: as they are, or as the field ``photo`` of a form. They are held in memory alone."""

import re
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import Depends, Request
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException

from attendance.service_errors import RequestInvalid, UploadLarge
from attendance.web.memory import InMemory
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

PICTURES: Final = "pictures"
MOST_PICTURES: Final = 20
"""Files of a form that are read at all; how many are meant is said by whoever compares them."""
FORM_OF_PICTURES: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "A form with two or three pictures, each as a field `pictures`.",
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        PICTURES: {"type": "array", "items": _BINARY["schema"], "minItems": 2, "maxItems": 3}
                    },
                    "required": [PICTURES],
                    "additionalProperties": False,
                }
            }
        },
    }
}
"""Likewise, of several pictures."""


@dataclass(frozen=True, slots=True)
class SentPhoto:
    """The bytes of a photo, and what records call it."""

    data: bytes
    source: str


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
    form = await _parsed(request, most, max_files=1)
    try:
        return SentPhoto(await _field(request, form), "API")
    finally:
        await form.close()


async def _parsed(request: Request, most: int, *, max_files: int) -> FormData:
    """A form in memory. Raises UploadLarge, RequestInvalid."""
    parser = InMemory(request.headers, _limited(request, most + _ENVELOPE), max_files=max_files, max_fields=1)
    try:
        return await parser.parse()
    except (MultiPartException, KeyError, ValueError) as error:
        told = error.message if isinstance(error, MultiPartException) else "the form cannot be read"
        raise RequestInvalid(request.url.path, told) from error


async def _field(request: Request, form: FormData) -> bytes:
    """The photo of a form that has nothing else."""
    _refuse_others(request, form, FIELD)
    photo = form.get(FIELD)
    if not isinstance(photo, UploadFile):
        raise RequestInvalid(request.url.path, "photo: a file of this name is missing in the form")
    data = await photo.read()
    if not data:
        raise RequestInvalid(request.url.path, "photo: the file is empty")
    return data


def _refuse_others(request: Request, form: FormData, field: str) -> None:
    """Raise RequestInvalid where a form has another field: it would be passed over."""
    others = [name for name in form if name != field]
    if others:
        raise RequestInvalid(request.url.path, f"{others[0]}: there is no field of this name")


async def _limited(request: Request, most: int) -> Any:
    """The body in parts, up to so many bytes."""
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise UploadLarge(request.url.path, f"at most {most // 1_000_000} MB are taken in")
        yield part


Photo = Annotated[SentPhoto, Depends(sent_photo)]


async def sent_pictures(request: Request) -> list[SentPhoto]:
    """The pictures of a form, in its order. Raises UploadLarge, RequestInvalid."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "multipart/form-data":
        raise RequestInvalid(request.url.path, f"Content-Type: send multipart/form-data with fields {PICTURES}")
    most = site_of(request).app.settings.max_upload_mb * 1_000_000
    form = await _parsed(request, most, max_files=MOST_PICTURES)
    try:
        _refuse_others(request, form, PICTURES)
        return [
            SentPhoto(await _whole(request, each), f"picture {n}") for n, each in enumerate(form.getlist(PICTURES), 1)
        ]
    finally:
        await form.close()


async def _whole(request: Request, file: "UploadFile | str") -> bytes:
    if isinstance(file, str):
        raise RequestInvalid(request.url.path, f"{PICTURES}: send files")
    return await file.read()


Pictures = Annotated[list[SentPhoto], Depends(sent_pictures)]
