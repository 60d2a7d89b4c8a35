"""Review: faces of which the program was not sure enough, settled one by one or many at once, and taken back."""

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import JSONResponse, Response

from attendance.access import Visitor
from attendance.register.cues import advice
from attendance.service_errors import RequestInvalid
from attendance.web.agreeing import agreed_of
from attendance.web.asked import Form as SentForm
from attendance.web.asked import Number
from attendance.web.doors import EvidenceLook, ReviewsRead, ReviewsSettle
from attendance.web.forms import Given
from attendance.web.pages import onward, page
from attendance.web.problems import wants_json
from attendance.web.scale import Scale, scale
from attendance.web.site import site_of
from refusal import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attendance.services.reviewdesk import Item

router = APIRouter(include_in_schema=False)

A_PAGE: Final = 50
"""Reviews on one page."""
TABS: Final = (("/review", "Waiting"), ("/review/settled", "Settled"), ("/review/unknown", "Unknown today"))
Say = Literal["right", "stranger", "void"]
Words = Annotated[str, Query(alias="q", max_length=200)]


@router.get("/review")
def waiting(request: Request, who: ReviewsRead) -> Response:
    """What waits, oldest first; what does not fit on one page comes when these are settled."""
    desk = site_of(request).app.review_desk
    found = desk.waiting(who.groups, limit=A_PAGE)
    return _listed(request, who, "review/waiting.html", found, count=desk.count(who.groups))


@router.get("/review/settled")
def settled(request: Request, who: ReviewsRead) -> Response:
    """What was said last, to be taken back."""
    return _listed(request, who, "review/settled.html", site_of(request).app.review_desk.settled(who.groups))


@router.get("/review/unknown")
def unknown(request: Request, who: ReviewsRead) -> Response:
    """The faces of today that are nobody's, where the site keeps them."""
    app = site_of(request).app
    found = app.review_desk.unknown(who.groups)
    return _listed(request, who, "review/unknown.html", found, kept=app.settings.keep_unknown_days)


@router.get("/review/people")
def people(request: Request, who: ReviewsSettle, words: Words = "") -> Response:
    """Whom somebody may mean who types these letters, for the script of the page."""
    found = site_of(request).app.review_desk.people(who.groups, words)
    told = [{"number": each.id, "name": each.name, "id": each.external_id, "groups": [*each.groups]} for each in found]
    return JSONResponse({"people": told})


@router.post("/review/many")
def many(
    request: Request,
    who: ReviewsSettle,
    say: Annotated[Say, Form()],
    numbers: Annotated[list[int], Form(default_factory=list, max_length=1000)],
) -> Response:
    """Say the same of all that are ticked."""
    done = site_of(request).app.review_desk.many(who.actor, who.groups, numbers, say)
    refused = [f"Review {each.number}: {each.refused}." for each in done if each.refused is not None]
    if wants_json(request):
        fine = [each.number for each in done if each.refused is None]
        return JSONResponse({"settled": fine, "refused": refused})
    if not done:
        return onward(request, "/review", "Nothing was ticked, so nothing was changed.", "warn")
    told = f"{counted(len(done) - len(refused), 'review')} settled. {' '.join(refused)}"
    return onward(request, "/review", told, "warn" if refused else "good")


@router.get("/review/{number}")
def one(request: Request, who: ReviewsRead, number: Number) -> Response:
    """One review, waiting or settled."""
    app = site_of(request).app
    item = app.review_desk.of(who.groups, number)
    app.looks.at_sighting(who.actor, number, None if item.person is None else item.person.id)
    return page(request, who, "review/one.html", **_shown(item))


@router.post("/review/{number}")
def say(request: Request, who: ReviewsSettle, number: Number, say: Annotated[Say, Form()]) -> Response:
    """It was right, a stranger, or somebody whose mark is void with it."""
    desk = site_of(request).app.review_desk
    return _done(request, number, desk.told(desk.settle(who.actor, who.groups, number, say)))


@router.get("/review/{number}/who")
def somebody_else(request: Request, who: ReviewsSettle, number: Number, words: Words = "") -> Response:
    """Who it was instead: a search that needs no script."""
    desk = site_of(request).app.review_desk
    found = desk.people(who.groups, words, 40)
    return page(request, who, "review/who.html", **_shown(desk.of(who.groups, number)), people=found, words=words)


@router.post("/review/{number}/who")
def give(
    request: Request, who: ReviewsSettle, number: Number, person: Annotated[int | None, Form()] = None
) -> Response:
    """It was this person."""
    if person is None:
        raise RequestInvalid(f"review {number}", "nobody was chosen")
    desk = site_of(request).app.review_desk
    return _done(request, number, desk.told(desk.give(who.actor, who.groups, number, person)))


@router.post("/review/{number}/undo")
def undo(request: Request, who: ReviewsSettle, number: Number) -> Response:
    """Take back what was said."""
    desk = site_of(request).app.review_desk
    return _done(request, number, desk.told(desk.undo(who.actor, who.groups, number)))


@router.post("/review/{number}/photo")
def add_photo(request: Request, who: ReviewsSettle, number: Number) -> Response:
    """File the face as a photo of whom it was said to be."""
    app = site_of(request).app
    filed = app.lane.run(lambda: app.review_desk.add_photo(who.actor, who.groups, number))
    return _done(request, number, f"The face is a photo of {filed.person.name} now.", to=f"/review/{number}")


@router.get("/review/{number}/enrol")
def new_person(request: Request, who: ReviewsSettle, number: Number) -> Response:
    """Who a stranger is, to be enrolled."""
    desk = site_of(request).app.review_desk
    item = desk.of(who.groups, number)
    return page(
        request,
        who,
        "review/enrol.html",
        **_shown(item),
        groups=desk.groups(who.groups),
        asks=site_of(request).app.consents.asks,
    )


@router.post("/review/{number}/enrol")
def enrol(
    request: Request,
    who: ReviewsSettle,
    number: Number,
    name: Annotated[str, Form(max_length=200)],
    ref: Annotated[str, Form(alias="id", max_length=200)] = "",
    groups: Annotated[list[str] | None, Form()] = None,
    *,
    form: SentForm,
) -> Response:
    """Enrol the face as somebody new, who is marked by it."""
    app = site_of(request).app
    filled = (name, ref.strip() or None, groups or (), agreed_of(app, Given(form)))
    done = app.lane.run(lambda: app.review_desk.enrol(who.actor, who.groups, number, *filled))
    return _done(request, number, f"{name.strip()} is enrolled. {app.review_desk.told(done)}")


@router.get("/review/{number}/face")
def face(request: Request, who: EvidenceLook, number: Number) -> Response:
    """The face that was seen."""
    app = site_of(request).app
    data = app.review_desk.face(who.groups, number)
    app.looks.at_sighting(who.actor, number)
    return Response(data, media_type="image/png")


def _listed(request: Request, who: Visitor, template: str, found: "Sequence[Item]", **values: Any) -> Response:
    shown = [_shown(each) for each in found]
    return page(request, who, template, items=shown, tabs=TABS, **values)


def _shown(item: "Item") -> dict[str, Any]:
    """An item and what is drawn and said of it."""
    return {
        "item": item,
        "seen": item.review.sighting,
        "scale": scale_of(item),
        "reasons": reasons_of(item),
        "advice": advice_of(item),
    }


def scale_of(item: "Item") -> Scale | None:
    """Its scores on a line; None where they are not known."""
    seen = item.review.sighting
    scores = [each.score for each in item.rivals if each.score is not None]
    if seen.threshold is None or not scores:
        return None
    policy = seen.judged.get("policy", {})
    review = None
    if policy:
        raised = seen.threshold - policy["threshold"]
        review = policy["review_threshold"] + raised
    return scale(seen.threshold, review, scores)


def reasons_of(item: "Item") -> list[str]:
    """Why somebody must look, in words."""
    return item.review.why


def advice_of(item: "Item") -> str:
    """What to do where it could not be told that a living face was there; empty for other reviews."""
    return advice(item.review.sighting.reasons)


def _done(request: Request, number: int, told: str, *, to: str = "/review") -> Response:
    if wants_json(request):
        return JSONResponse({"number": number, "told": told})
    return onward(request, to, told)
