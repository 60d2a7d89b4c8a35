"""People are added here: by uploaded photos or the browser's camera, with what is wrong with a photo said at once."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Final

from fastapi import APIRouter, File, Form, Request, UploadFile
from starlette.datastructures import FormData
from starlette.datastructures import UploadFile as StarletteFile
from starlette.responses import Response

from attendance.access import Visitor
from attendance.errors import PersonDuplicate, PersonUnlike
from attendance.service_errors import RequestInvalid, UploadLarge
from attendance.services.admission import Newcomer, SentPhoto, Taken
from attendance.services.bulk import SentFile
from attendance.services.consents import Agreed
from attendance.services.enrolment import Rules
from attendance.web.agreeing import agreed_of
from attendance.web.asked import Form as SentForm
from attendance.web.asked import Number, person_of, wrong_in
from attendance.web.doors import PhotosChange
from attendance.web.forms import Given
from attendance.web.held import shelf_of
from attendance.web.pages import onward, page
from attendance.web.photowords import Trouble, one_line, trouble_of
from attendance.web.problems import status_of
from attendance.web.site import site_of
from refusal import Refusal, counted

router = APIRouter(include_in_schema=False)

MOST_PHOTOS: Final = 20
"""How many photos one form may bring; more come as a job."""
KINDS: Final[Mapping[bytes, str]] = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG": "image/png", b"RIFF": "image/webp"}
FIELDS: Final[Mapping[str, str]] = {
    "name.invalid": "name",
    "gallery.person_invalid": "name",
    "gallery.duplicate_id": "external_id",
    "group.refused": "groups",
}
"""By the id of an error, at which field of the form it is said."""


@dataclass(frozen=True, slots=True)
class Filled:
    """What stood in the form."""

    name: str = ""
    external_id: str = ""
    groups: tuple[str, ...] = ()
    new_group: str = ""
    agreed: Agreed | None = None
    said: Mapping[str, Any] = field(default_factory=dict)
    """What stood in the fields of consent, to be shown again."""

    @property
    def newcomer(self) -> Newcomer:
        """Whom it tells of."""
        groups = dict.fromkeys([*self.groups, *([self.new_group.strip()] if self.new_group.strip() else [])])
        return Newcomer(self.name.strip(), self.external_id.strip() or None, tuple(groups))


EMPTY: Final = Filled()
NOTHING_SAID: Final[Mapping[str, Any]] = {"consent": "", "giver": "", "until": "", "chosen": ()}


@router.get("/people/add")
def form(request: Request, who: PhotosChange, group: str = "") -> Response:
    """The form for somebody new."""
    return _form(request, who, Filled(groups=(group,) if group else ()))


@router.post("/people/add")
def add(
    request: Request,
    who: PhotosChange,
    form: SentForm,
    name: Annotated[str, Form()] = "",
    external_id: Annotated[str, Form()] = "",
    groups: Annotated[list[str], Form()] = [],  # noqa: B006 - FastAPI copies it
    new_group: Annotated[str, Form()] = "",
    photos: Annotated[list[UploadFile], File()] = [],  # noqa: B006
) -> Response:
    """Enrol somebody new with the photos of the form."""
    filled = Filled(name, external_id, tuple(groups), new_group, said=_said(form))
    try:
        filled = replace(filled, agreed=agreed_of(site_of(request).app, Given(form)))
        sent = photos_of(request, photos)
        taken = _added(request, who, filled, sent, Rules())
    except Refusal as error:
        return _form(request, who, filled, error=error)
    return _answer(request, who, filled, sent, taken)


@router.get("/people/bulk")
def many_form(request: Request, who: PhotosChange) -> Response:
    """The form for many people at once."""
    return _bulk_form(request, who)


@router.post("/people/bulk")
def many(request: Request, who: PhotosChange, form: SentForm) -> Response:
    """Keep what was sent, and enrol it as a job."""
    groups = tuple(each for each in form.getlist("groups") if isinstance(each, str))
    filled = Filled(groups=groups, new_group=str(form.get("new_group", "")), said=_said(form))
    files = [each for each in form.getlist("files") if isinstance(each, StarletteFile) and each.filename]
    sent = [SentFile(each.filename or "", each.file) for each in files]
    try:
        app = site_of(request).app
        agreed = agreed_of(app, Given(form))
        job = app.bulk.begin(who.actor, sent, filled.newcomer.groups, who.groups, agreed=agreed)
    except Refusal as error:
        return _bulk_form(request, who, filled, error)
    return onward(request, f"/jobs/{job.id}", "What you sent is being enrolled; you need not wait for it.")


@router.get("/people/held/{word}")
def held_photo(request: Request, who: PhotosChange, word: str) -> Response:
    """The photo that waits for a decision, for whoever has sent it."""
    found = shelf_of(request).get(who.actor.name, word)
    data = found.photos[0][1] if found is not None else b""
    kind = next((kind for start, kind in KINDS.items() if data.startswith(start)), None)
    if kind is None:
        return Response(status_code=404)
    return Response(data, media_type=kind, headers={"Cache-Control": "no-store"})


@router.post("/people/held/{word}")
def decide(request: Request, who: PhotosChange, word: str, choice: Annotated[str, Form()] = "") -> Response:
    """It was somebody who is there (``same``), or it is somebody else all the same (``two``)."""
    held = shelf_of(request).get(who.actor.name, word)
    if held is None:
        return onward(request, "/people/add", "The photo was not kept any longer; please send it once more.", "warn")
    shelf_of(request).drop(word)
    photos = [SentPhoto(*each) for each in held.photos]
    if choice == "same":
        person = person_of(request, who, held.values["twin"])
        return further(request, who, person, photos, Rules(same_person=True))
    if choice != "two":
        raise RequestInvalid("choice", "choose one of the two")
    if held.values["person"]:
        person = person_of(request, who, held.values["person"])
        return further(request, who, person, photos, Rules(allow_duplicate=True, same_person=True))
    filled: Filled = held.values["filled"]
    try:
        taken = _added(request, who, filled, photos, Rules(allow_duplicate=True))
    except Refusal as error:
        return _form(request, who, filled, error=error)
    return _answer(request, who, filled, photos, taken)


@router.post("/people/{number}/photos")
def add_photos(
    request: Request,
    who: PhotosChange,
    number: Number,
    photos: Annotated[list[UploadFile], File()] = [],  # noqa: B006
) -> Response:
    """Further photos of somebody who is there."""
    person = person_of(request, who, number)
    sent = photos_of(request, photos)
    if not sent:
        return onward(request, f"/people/{number}", "Choose a photo first.", "warn")
    return further(request, who, person, sent, Rules())


def further(request: Request, who: Visitor, person: Any, photos: list[SentPhoto], rules: Rules) -> Response:
    """File photos for somebody who is there, and say what came of it."""
    app = site_of(request).app
    taken = app.lane.run(lambda: app.admission.further(who.actor, person, photos, rules))
    asked = _asked(request, who, Filled(person.name), taken, person=person)
    if asked is not None:
        return asked
    troubles = _troubles(taken)
    new = sum(each.outcome != "unchanged" for each in taken.enrolled)
    told = f"{counted(new, 'photo')} of {person.name} {'is' if new == 1 else 'are'} filed." if new else ""
    if taken.enrolled and not new:
        told = "This photo was filed before; nothing has changed."
    kind = "warn" if troubles or not new else "good"
    return onward(request, f"/people/{person.id}", f"{told} {one_line(troubles)}".strip(), kind)


def photos_of(request: Request, files: list[UploadFile]) -> list[SentPhoto]:
    """The photos of a form, in memory; raises UploadLarge, RequestInvalid."""
    chosen = [each for each in files if each.filename or each.size]
    if len(chosen) > MOST_PHOTOS:
        raise RequestInvalid("photos", f"{len(chosen)} photos: at most {MOST_PHOTOS} at once; send more as a zip")
    most = site_of(request).app.settings.max_upload_mb * 1_000_000
    return [_read(each, most) for each in chosen]


def _read(file: UploadFile, most: int) -> SentPhoto:
    source = (file.filename or "photo").replace("\\", "/").rpartition("/")[2] or "photo"
    data = file.file.read(most + 1)
    if len(data) > most:
        raise UploadLarge(source, f"at most {most // 1_000_000} MB are taken in")
    return SentPhoto(source, data)


def _added(request: Request, who: Visitor, filled: Filled, photos: list[SentPhoto], rules: Rules) -> Taken:
    app = site_of(request).app
    told = replace(rules, agreed=filled.agreed)
    return app.lane.run(lambda: app.admission.add(who.actor, filled.newcomer, photos, who.groups, told))


def _answer(request: Request, who: Visitor, filled: Filled, sent: list[SentPhoto], taken: Taken) -> Response:
    """Go to whom was enrolled; else say what is wrong, or ask whose face it is."""
    asked = _asked(request, who, filled, taken)
    if asked is not None:
        return asked
    troubles = _troubles(taken)
    if taken.person is None:
        return _form(request, who, filled, troubles=troubles)
    person = taken.person
    if not sent:
        told = f"{person.name} is entered, without a photo: cameras cannot recognise them yet."
        return onward(request, f"/people/{person.id}", told, "warn")
    keys = {other.person.key for each in taken.enrolled for other in each.lookalikes}
    alike = [each.name for each in site_of(request).app.directory.lookalikes(person.id, who.groups) if each.id in keys]
    more = f" They look much like {', '.join(alike)}: a mark of either needs a clear lead." if alike else ""
    told = f"{person.name} is enrolled with {counted(len(taken.enrolled), 'photo')}.{more} {one_line(troubles)}".strip()
    return onward(request, f"/people/{person.id}", told, "warn" if troubles or alike else "good")


def _asks(request: Request) -> bool:
    """Whether the forms ask who has agreed."""
    return site_of(request).app.consents.asks


def _asked(request: Request, who: Visitor, filled: Filled, taken: Taken, person: Any = None) -> Response | None:
    """The page that asks whose face it is, where that is what stands in the way of all photos."""
    open_ = [(photo, error) for photo, error in taken.refused if isinstance(error, PersonDuplicate | PersonUnlike)]
    if not open_ or taken.enrolled:
        return None
    photo, error = open_[0]
    app = site_of(request).app
    found = app.people.find(error.twin) if isinstance(error, PersonDuplicate) and error.twin else person
    twin = found if found is not None and who.may_see(found) else None
    values = {
        "filled": filled,
        "twin": None if twin is None else twin.id,
        "person": None if person is None else person.id,
    }
    kept = [(each.source, each.data) for each, _ in open_]
    word = shelf_of(request).put(who.actor.name, kept, values)
    shown = any(photo.data.startswith(start) for start in KINDS)
    faces = {} if twin is None else app.directory.faces([twin.id])
    kind = "unlike" if isinstance(error, PersonUnlike) else "duplicate"
    return page(
        request, who, "people/choice.html", status=409, kind=kind, filled=filled, person=person, twin=twin,
        face=None if twin is None else faces.get(twin.id), word=word, shown=shown,
    )  # fmt: skip


def _said(form: FormData) -> dict[str, Any]:
    """What stood in the fields of consent."""
    found: dict[str, Any] = {each: str(form.get(each, "")) for each in ("consent", "giver", "until")}
    return {**found, "chosen": [str(each) for each in form.getlist("for")]}


def _troubles(taken: Taken) -> list[Trouble]:
    return [trouble_of(error, photo.source) for photo, error in taken.refused]


def _bulk_form(request: Request, who: Visitor, filled: Filled = EMPTY, error: Refusal | None = None) -> Response:
    status = 200 if error is None else status_of(error)
    groups = list(site_of(request).app.directory.groups(who.groups))
    wrong = wrong_in(FIELDS, error)
    return page(
        request, who, "people/bulk.html", status=status, filled=filled, groups=groups, wrong=wrong,
        asks=_asks(request), told=filled.said or NOTHING_SAID,
    )  # fmt: skip


def _form(
    request: Request,
    who: Visitor,
    filled: Filled,
    *,
    troubles: list[Trouble] | None = None,
    error: Refusal | None = None,
) -> Response:
    status = 200 if error is None and not troubles else 422 if error is None else status_of(error)
    wrong = wrong_in(FIELDS, error)
    groups = site_of(request).app.directory.groups(who.groups)
    return page(
        request, who, "people/add.html", status=status, filled=filled, troubles=troubles or [], wrong=wrong,
        groups=list(groups), most=site_of(request).app.settings.max_upload_mb, asks=_asks(request),
        told=filled.said or NOTHING_SAID,
    )  # fmt: skip
