"""The page at the door, /kiosk: pairing it, what it asks and sends, and the worker that keeps it for bad times."""

from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Form, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import FileResponse, Response

from attendance.access import Visitor
from attendance.service_errors import TokenInvalid
from attendance.web.admits import Admits
from attendance.web.cookies import keep_kiosk
from attendance.web.doors import KioskAct
from attendance.web.pages import STATIC, onward, page
from attendance.web.site import site_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from attendance.services.kiosks import Kiosks

T = TypeVar("T")
router = APIRouter(include_in_schema=False)
Perhaps = Annotated[Visitor | None, Depends(Admits("kiosk", anyone=True))]
"""Whoever comes; a browser that is a kiosk as that, whoever else is signed in with it."""


class Key(BaseModel):
    """The key by which a kiosk signs."""

    public_key: str = Field(max_length=400)


class Said(BaseModel):
    """What a frame says of itself, and the signature of that and of its picture; none of it may be left out."""

    run: str = Field(max_length=64)
    number: int = Field(ge=1, le=2**53)
    nonce: str = Field(default="", max_length=64)
    signature: str = Field(default="", max_length=200)
    faces: bool = True
    light: str = Field(default="", max_length=24, pattern=r"^[a-z0-9.:-]*$")


class Entry(BaseModel):
    """What somebody typed, showed or held to a reader."""

    body: str = Field(max_length=4000)
    signature: str = Field(max_length=200)


class Entries(BaseModel):
    """Entries in their order, the page that sends them, and the seconds that it has lived."""

    page: str = Field(max_length=64)
    seconds: float = Field(ge=0, le=2**40, allow_inf_nan=False)
    entries: list[Entry] = Field(max_length=500)


class Undo(BaseModel):
    """The mark that somebody takes back."""

    mark: str = Field(max_length=64)


class Looks(BaseModel):
    """The camera that a page is about to look by, as the browser calls it."""

    camera: str = Field(default="", max_length=400)


class Ended(BaseModel):
    """The run that is over."""

    run: str = Field(max_length=64)


async def _sent(request: Request) -> bytes:
    return await request.body()


@router.get("/kiosk")
def kiosk(request: Request, who: Perhaps) -> Response:
    """The page itself, or how to make one of this browser."""
    if who is None or who.token is None or who.role != "kiosk":
        return page(request, who, "kiosk/pair.html", token="", error="")
    token = who.token
    notice = _by(request, lambda kiosks: kiosks.notice(token))
    return page(request, who, "kiosk/kiosk.html", notice=notice, strangers=_share(notice.target_fpir))


@router.get("/kiosk/pair")
def pairing(request: Request, who: Perhaps) -> Response:
    """The page that a pairing link leads to: the token stands behind the #, which browsers send to nobody."""
    return page(request, who, "kiosk/pair.html", token="", error="")


@router.post("/kiosk/pair")
def pair(request: Request, who: Perhaps, token: Annotated[str, Form(max_length=200)] = "") -> Response:
    """Make a kiosk of this browser, if the token is one of a kiosk."""
    site, given = site_of(request), token.strip().rpartition("#")[2]
    if site.app.tokens.found(given, "kiosk") is None:
        error = "This token belongs to no kiosk, or not any more. Ask an admin for a new link."
        return page(request, who, "kiosk/pair.html", status=422, token=given, error=error)
    answer = onward(request, "/kiosk")
    keep_kiosk(site, answer, given)
    return answer


@router.get("/kiosk/worker.js")
def worker(_who: Perhaps) -> Response:
    """The worker, which may serve /kiosk and nothing above it."""
    headers = {"Service-Worker-Allowed": "/kiosk", "Cache-Control": "no-cache"}
    return FileResponse(STATIC / "kiosk-worker.js", media_type="text/javascript", headers=headers)


@router.get("/kiosk/state")
def state(request: Request, who: KioskAct, *, ready: Annotated[bool, Query()] = False) -> dict[str, Any]:
    """What the page asks when it begins, and every few seconds."""
    return _by(request, lambda kiosks: kiosks.state(who.actor, _token(who), ready=ready))


@router.post("/kiosk/key")
def key(request: Request, who: KioskAct, told: Key) -> dict[str, Any]:
    """Sign by this key from now on."""
    _by(request, lambda kiosks: kiosks.pair(who.actor, _token(who), told.public_key))
    return {}


@router.post("/kiosk/runs")
def begin(request: Request, who: KioskAct, told: Looks | None = None) -> dict[str, Any]:
    """Begin to look."""
    camera = "" if told is None else told.camera
    begun = _by(request, lambda kiosks: kiosks.begin(who.actor, _token(who), camera=camera))
    return {"run": begun.run, "nonce": begun.nonce}


@router.post("/kiosk/runs/end")
def end(request: Request, who: KioskAct, told: Ended) -> dict[str, Any]:
    """Look no longer."""
    _by(request, lambda kiosks: kiosks.end(_token(who), told.run))
    return {}


@router.post("/kiosk/frames")
def frames(
    request: Request,
    who: KioskAct,
    data: Annotated[bytes, Depends(_sent)],
    said: Annotated[Said, Query()],
) -> dict[str, Any]:
    """Take a frame in; answers what is in view, what was decided, and what the next frame is to answer."""
    token = _token(who)
    return _by(request, lambda kiosks: kiosks.see(who.actor, token, kiosks.sent(data, **said.model_dump())))


@router.post("/kiosk/entries")
def entries(request: Request, who: KioskAct, told: Entries) -> dict[str, Any]:
    """Take in what people typed, showed or held to a reader, each once."""
    token, sent = _token(who), [(each.body, each.signature) for each in told.entries]

    def take(kiosks: "Kiosks") -> list[dict[str, Any]]:
        posted = [kiosks.posted(*each) for each in sent]
        return kiosks.take(who.actor, token, posted, page=told.page, seconds=told.seconds)

    return {"answers": _by(request, take)}


@router.post("/kiosk/undo")
def undo(request: Request, who: KioskAct, told: Undo) -> dict[str, Any]:
    """Take back a mark that was made here a moment ago."""
    return _by(request, lambda kiosks: kiosks.undo(who.actor, _token(who), told.mark)).to_dict()


def _by(request: Request, step: "Callable[[Kiosks], T]") -> "T":
    """What a step does with the kiosks, also where the database goes out of reach meanwhile."""
    return site_of(request).call(lambda app: step(app.kiosks))


def _token(who: Visitor) -> Any:
    if who.token is None:
        raise TokenInvalid("kiosk", "this browser is no kiosk")
    return who.token


def _share(target: float) -> tuple[str, str]:
    """How many strangers of how many may be taken for somebody, in whole numbers of people."""
    of = 1000
    while target * of < 1 and of < 10**7:
        of *= 10
    return f"{round(target * of):,}", f"{of:,}"
