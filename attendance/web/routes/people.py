"""People: the list, a page for each, their photos, and what is changed of them."""

from datetime import date, timedelta
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import Response

from attendance.access import Visitor
from attendance.access.rights import may
from attendance.service_errors import EditChanged, GroupsRefused, RequestInvalid
from attendance.services.directory import Listed, folded
from attendance.services.erasuretasks import begin_erasure
from attendance.services.people import person_row
from attendance.services.statusreports import AskedStatuses
from attendance.services.versions import refuse_changed, version_of
from attendance.web.asked import Number, person_of, wrong_in
from attendance.web.doors import PeopleChange, PeopleErase, PeopleRead, PhotosChange, PhotosRead
from attendance.web.pages import onward, page
from attendance.web.problems import status_of
from attendance.web.site import site_of
from refusal import Refusal, counted

router = APIRouter(include_in_schema=False)

DAYS: Final = 14
"""Of so many days a person's page shows what became of them."""
States = Literal["active", "inactive", "no photo", "all"]
FIELDS: Final = {"name.invalid": "name", "gallery.person_invalid": "name", "group.refused": "groups"}


@router.get("/people")
def people(
    request: Request,
    who: PeopleRead,
    q: Annotated[str, Query(max_length=200)] = "",
    group: str = "",
    state: States = "active",
    number: Annotated[int, Query(alias="page", ge=1, le=1_000_000)] = 1,
) -> Response:
    """The people whom the visitor sees, some at a time."""
    wanted = Listed(q, group or None, state, number)
    found = site_of(request).app.directory.page(wanted, who.groups)
    return page(request, who, "people/people.html", found=found, wanted=wanted)


@router.get("/people/{number}")
def person(request: Request, who: PeopleRead, number: Number) -> Response:
    """All that a page tells of one person."""
    return shown(request, who, person_of(request, who, number))


def shown(request: Request, who: Visitor, person: Any, error: Refusal | None = None, **given: Any) -> Response:
    """The page of a person, with what was wrong with a form of it."""
    app = site_of(request).app
    today = app.status_reports.today
    first = today - timedelta(days=DAYS - 1)
    report = app.status_reports.report(AskedStatuses(first=first, last=today, person=person.external_id))
    values = {"name": person.name, "groups": person.groups, "new_group": "", **given}
    begun = [each for each in reversed(report.rows) if each.occurrence.begins <= report.scope.now]
    own = person.groups if who.groups is None else ()
    return page(
        request, who, "people/person.html", status=200 if error is None else status_of(error),
        person=person, stands=app.leaving.of(person), version=version_of(person_row(person)),
        photos=app.photos.all(person.external_id), marks=app.day_marks.latest(person.id),
        days=begun, today=today, first=first, given=values, wrong=wrong_in(FIELDS, error),
        groups=sorted({*app.directory.groups(who.groups), *own}),
        consent=app.consents.of(person.id)[0] if may(who.actor, "consent.read") else None,
        sites=app.sites.all(), own_sites=app.sites.of(person.id), assigns=may(who.actor, "sites.change"),
        alike=app.directory.lookalikes(person.id, who.groups), extra=_extra(request), most=app.settings.max_upload_mb,
    )  # fmt: skip


def _extra(request: Request) -> str | None:
    """What other subjects have to say of a person, where there is such a part."""
    from attendance.web.pages import HERE

    there = "kiosk/credentials.html"
    return there if (HERE / "templates" / there).exists() and hasattr(site_of(request).app, "credentials") else None


@router.post("/people/{number}/edit")
def edit(
    request: Request,
    who: PeopleChange,
    number: Number,
    name: Annotated[str, Form()] = "",
    groups: Annotated[list[str], Form()] = [],  # noqa: B006 - FastAPI copies it
    new_group: Annotated[str, Form()] = "",
    version: Annotated[str, Form()] = "",
) -> Response:
    """Give a person another name and other groups; a teacher changes their own groups alone."""
    app, found = site_of(request).app, person_of(request, who, number)
    wanted = dict.fromkeys([*groups, *([new_group.strip()] if new_group.strip() else [])])
    kept = () if who.groups is None else tuple(each for each in found.groups if each not in who.groups)
    given = {"name": name, "groups": tuple(wanted), "new_group": new_group}
    try:
        app.admission.refuse_groups(list(wanted), who.groups)
        together = sorted({*wanted, *kept})
        renamed = name.strip() if name.strip() != found.name else None
        regrouped = together if together != sorted(found.groups) else None
        done = app.edits.change(who.actor, found.external_id, expected=version, name=renamed, groups=regrouped)
    except EditChanged as error:
        return shown(request, who, app.people.find(found.id), error, **given)
    except Refusal as error:
        return shown(request, who, found, error, **given)
    return onward(request, f"/people/{number}", f"{done.name} is saved.")


@router.post("/people/{number}/active")
def set_active(
    request: Request,
    who: PeopleChange,
    number: Number,
    active: Annotated[bool, Form()],
    since: Annotated[str, Form()] = "",
    version: Annotated[str, Form()] = "",
) -> Response:
    """Take somebody out of checks and later reports, or in again, from now or an earlier day on."""
    app, found = site_of(request).app, person_of(request, who, number)
    try:
        day = _day(since)
        app.edits.change(who.actor, found.external_id, expected=version, active=active, since=day)
    except Refusal as error:
        return shown(request, who, app.people.find(found.id), error)
    told = f"{found.name} is active again." if active else f"{found.name} is inactive; photos and marks are kept."
    return onward(request, f"/people/{number}", told)


@router.get("/people/{number}/photos/{photo}")
def picture(request: Request, who: PhotosRead, number: Number, photo: Number) -> Response:
    """The face that is kept of a photo, opened for this request alone."""
    found = person_of(request, who, number)
    app = site_of(request).app
    data = app.photos.crop(found.external_id, photo)
    app.looks.at_photos(who.actor, found)
    kind = "image/png" if data.startswith(b"\x89PNG") else "image/webp" if data.startswith(b"RIFF") else "image/jpeg"
    return Response(data, media_type=kind, headers={"Cache-Control": "no-store"})


@router.post("/people/{number}/photos/{photo}/remove")
def remove_photo(request: Request, who: PhotosChange, number: Number, photo: Number) -> Response:
    """Take one photo away, its template and its face."""
    found = person_of(request, who, number)
    site_of(request).app.photos.remove(who.actor, found.external_id, photo)
    return onward(request, f"/people/{number}", f"A photo of {found.name} is gone.")


@router.get("/people/{number}/merge")
def merging(
    request: Request,
    who: PeopleChange,
    number: Number,
    q: Annotated[str, Query(max_length=200)] = "",
    other: Number | None = None,
) -> Response:
    """Choose who is the same person, and see both before anything is done."""
    app, found = site_of(request).app, person_of(request, who, number)
    twin = None if other is None else person_of(request, who, other)
    people = app.directory.alike(q, who.groups, but=found.id) if q.strip() and twin is None else []
    both = [] if twin is None else [app.people.holdings(each.id) for each in (found, twin)]
    faces = app.directory.faces([found.id, *(each.id for each in people), *([] if twin is None else [twin.id])])
    return page(
        request, who, "people/merge.html",
        person=found, other=twin, people=people, q=q, both=both, faces=faces, version=_both(found, twin),
    )  # fmt: skip


@router.post("/people/{number}/merge")
def merge(
    request: Request,
    who: PeopleChange,
    number: Number,
    other: Annotated[Number, Form()],
    version: Annotated[str, Form()] = "",
) -> Response:
    """Give all that is kept of ``other`` to this person; ``other`` is gone then."""
    app = site_of(request).app
    found, twin = person_of(request, who, number), person_of(request, who, other)
    if version != _both(found, twin):
        raise EditChanged(found.name, "one of the two was changed since you looked at them")
    if who.groups is not None and set(found.groups) - who.groups != set(twin.groups) - who.groups:
        raise GroupsRefused(twin.name, "one of the two is in a group that is not yours: an admin can merge them")
    app.people.merge(who.actor, twin.id, found.id)
    return onward(request, f"/people/{number}", f"{twin.name} and {found.name} are one person now.")


@router.get("/people/{number}/erase")
def erasing(request: Request, who: PeopleErase, number: Number) -> Response:
    """What would go with a person, and the question whether it shall."""
    return _erase_page(request, who, number)


@router.post("/people/{number}/erase")
def erase(
    request: Request,
    who: PeopleErase,
    number: Number,
    name: Annotated[str, Form()] = "",
    version: Annotated[str, Form()] = "",
    proof: Annotated[bool, Form()] = False,
) -> Response:
    """Erase a person with every trace outside dated backups; with a proof it is long work, and leads to its receipt."""
    app, found = site_of(request).app, person_of(request, who, number)
    if folded(name).split() != folded(found.name).split():
        return _erase_page(request, who, number, wrong="This is not the name of the person above.")
    if proof:
        refuse_changed(found.external_id, person_row(found), version)
        app.erasing.refuse_held(found.id)
        return onward(request, f"/jobs/{begin_erasure(who.actor, app.erasing, app.jobs, found.id).id}")
    gone = app.edits.remove(who.actor, found.external_id, expected=version)
    told = f"{gone.person.name} is erased, with {counted(gone.templates, 'photo')} and {counted(gone.marks, 'mark')}."
    later = "" if gone.erased else " The last traces are overwritten when no other program reads the home any more."
    return onward(request, "/people", told + later)


def _erase_page(request: Request, who: Visitor, number: int, wrong: str = "") -> Response:
    app, found = site_of(request).app, person_of(request, who, number)
    holds = app.people.holdings(found.id)
    return page(
        request, who, "people/erase.html", status=422 if wrong else 200, person=found, holds=holds, wrong=wrong,
        kept_by=app.holds.on(found.id), version=version_of(person_row(found)),
        face=app.directory.faces([found.id]).get(found.id),
    )  # fmt: skip


def _both(person: Any, other: Any) -> str:
    """The version of two people together."""
    return "" if other is None else version_of({"this": person_row(person), "other": person_row(other)})


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text.strip() else None
    except ValueError as error:
        raise RequestInvalid("since", f"{text!r} is no day, such as 2026-03-02") from error
