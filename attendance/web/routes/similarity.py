"""Two or three pictures compared by a model of the workbench; they are held in memory alone, and shown once."""

import base64
import io
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter, Request
from starlette.datastructures import UploadFile
from starlette.responses import Response

from attendance.service_errors import SimilarityUnknown
from attendance.services.admission import SentPhoto
from attendance.web.asked import Form
from attendance.web.doors import SimilarityUse
from attendance.web.headers import POLICY
from attendance.web.helps import told_here
from attendance.web.memory import MemoryRoute
from attendance.web.pages import page
from attendance.web.photowords import Trouble, trouble_of
from attendance.web.problems import status_of
from attendance.web.site import site_of
from refusal import Refusal

if TYPE_CHECKING:
    import numpy as np

    from attendance.access import Visitor
    from attendance.services.similarity import Compared

router = APIRouter(include_in_schema=False, route_class=MemoryRoute)
FIELD: Final = "picture"
PLACES: Final = ("First picture", "Second picture", "Third picture")
SHOWS_PICTURES: Final = f"{POLICY}; img-src 'self' data:"
"""What was sent lies at no address, so that it is shown from within the page."""
SMALL: Final = ("It has too few pixels.", "Choose a larger picture.")


@router.get("/similarity")
def first_model(request: Request, who: SimilarityUse) -> Response:
    """The form of the first model."""
    return _page(request, who, site_of(request).app.similarity.card().name)


@router.get("/similarity/{model}")
def one_model(request: Request, who: SimilarityUse, model: str) -> Response:
    """The form of one model."""
    return _page(request, who, model)


@router.post("/similarity/{model}")
def compare(request: Request, who: SimilarityUse, model: str, form: Form) -> Response:
    """Compare what was sent, and say how far apart it is."""
    app, files = site_of(request).app, _files(form)
    sent = [_photo(file, place) for file, place in zip(files, chain(PLACES, repeat("Picture")), strict=False)]
    try:
        done = app.lane.run(lambda: app.similarity.compare(who.actor, model, sent))
    except SimilarityUnknown:
        raise
    except Refusal as error:
        return _page(request, who, model, error=error)
    return _page(request, who, model, done=done, names=tuple(_name(each) for each in files))


def _files(form: Any) -> list[UploadFile]:
    """The pictures that were chosen, in the order of the form."""
    return [each for each in form.getlist(FIELD) if isinstance(each, UploadFile) and (each.filename or each.size)]


def _photo(file: UploadFile, place: str) -> SentPhoto:
    name = _name(file)
    return SentPhoto(f"{place} ({name})" if name else place, file.file.read())


def _name(file: UploadFile) -> str:
    return (file.filename or "").replace("\\", "/").rpartition("/")[2]


def _page(
    request: Request,
    who: "Visitor",
    name: str,
    *,
    done: "Compared | None" = None,
    error: Refusal | None = None,
    names: tuple[str, ...] = (),
) -> Response:
    app = site_of(request).app
    card = app.similarity.card(name)
    troubles = [_trouble(reason, photo.source) for photo, reason in (() if done is None else done.refused)]
    pictures = [] if done is None or done.pictures is None else [_inline(each) for each in done.pictures]
    answer = page(
        request, who, "similarity/similarity.html",
        status=status_of(error) if error is not None else 422 if troubles else 200,
        card=card, cards=app.similarity.cards, compared=done if pictures else None,
        error=None if error is None else told_here(error), troubles=troubles,
        pictures=list(zip(names, pictures, strict=False)), places=PLACES, most=app.settings.max_upload_mb,
    )  # fmt: skip
    if pictures:
        answer.headers["Content-Security-Policy"] = SHOWS_PICTURES
    return answer


def _trouble(reason: Refusal, source: str) -> Trouble:
    """Why a picture was not taken; no face is asked of it."""
    return Trouble(source, (SMALL,)) if reason.id == "photo.too_small" else trouble_of(reason, source)


def _inline(picture: "np.ndarray") -> str:
    """A prepared picture (side, side, channels) as an address that holds it."""
    from PIL import Image

    data = io.BytesIO()
    Image.fromarray(picture.squeeze()).save(data, "PNG")
    return f"data:image/png;base64,{base64.b64encode(data.getvalue()).decode('ascii')}"
