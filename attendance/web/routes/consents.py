"""Who has agreed that their face is kept: the list, forms to print, and a page for each person."""

from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from attendance.service_errors import RequestInvalid
from attendance.services.consents import PURPOSES, STATES
from attendance.web.agreeing import agreed_of, given_by, paper_of, purposes
from attendance.web.asked import Number, person_of
from attendance.web.doors import ConsentRead, ConsentRecord
from attendance.web.downloads import download
from attendance.web.forms import Asked, Form, Given
from attendance.web.pages import onward, page
from attendance.web.problems import plainly, status_of
from attendance.web.site import site_of
from refusal import Refusal, counted

if TYPE_CHECKING:
    from attendance.services.consents import Withdrawn

router = APIRouter(include_in_schema=False)
WHAT: Final = {
    "face": "be recognised by the face",
    "photo": "the photo's face is kept",
    "unknown": "faces that wait for a look are kept",
}
"""By purpose, what is agreed to."""
SAYS: Final = {"unanswered": "not answered", "yes": "agrees", "no": "said no", "over": "over"}
"""By state, the same in words."""


@router.get("/consents")
def consents(request: Request, who: ConsentRead, asked: Asked) -> Response:
    """Who has agreed to what, and who has not answered."""
    return _list(request, who, asked)


@router.post("/consents/forms")
def forms(request: Request, who: ConsentRecord, given: Form) -> Response:
    """Forms as a PDF for whoever of a group, or of all, has not answered; or for all of them."""
    app = site_of(request).app
    try:
        group = given.some("group")
        found = app.consents.all(group) if given.flag("everybody") else app.consents.missing(group)
        if not found:
            raise RequestInvalid("group", "there is nobody left to ask in it")
        return _pdf(request, who, given, [each.person.id for each in found], group or "all")
    except Refusal as error:
        return _list(request, who, given, error)


def _pdf(request: Request, who: Any, given: Given, people: list[int], name: str) -> Response:
    site = site_of(request)
    made = site.app.consent_forms.make(
        who.actor,
        people,
        language=given.text("language") or "en",
        given_by=given_by(given.text("consent")) or "guardian",
        days=given.number("days") or 30,
    )
    return download(site.app.consent_forms.pdf(made, site.public), f"consent {name}.pdf")


def _list(request: Request, who: Any, given: Given, error: Refusal | None = None) -> Response:
    app = site_of(request).app
    group, state = given.some("group"), given.text("state")
    groups = app.gallery.groups()
    group = group if group in groups else None
    wanted = next((each for each in STATES if each == state), None)
    return page(
        request, who, "consent/list.html", status=200 if error is None else status_of(error),
        error=None if error is None else plainly(request, error), found=app.consents.all(group, wanted),
        counts=app.consents.counts(group), group=group, state=wanted or "", states=STATES,
        group_choices=[(each, each) for each in groups], state_choices=list(SAYS.items()),
        asks=app.consents.asks, languages=list(app.consent_texts.languages().items()), what=WHAT, path="/people",
    )  # fmt: skip


@router.get("/people/{number}/consent")
def person(request: Request, who: ConsentRead, number: Number) -> Response:
    """What one person has agreed to, and all that was said."""
    return _person(request, who, number)


@router.post("/people/{number}/consent")
def give(request: Request, who: ConsentRecord, number: Number, given: Form) -> Response:
    """Record a yes."""
    app, found = site_of(request).app, person_of(request, who, number)
    try:
        agreed = agreed_of(app, given)
        if agreed is None:
            raise RequestInvalid("consent", "say who has agreed")
        app.consents.give(who.actor, found.id, agreed)
    except Refusal as error:
        return _person(request, who, number, given, error)
    return onward(request, f"/people/{number}/consent", f"It is recorded that {found.name} agrees.")


@router.post("/people/{number}/consent/form")
def form(request: Request, who: ConsentRecord, number: Number, given: Form) -> Response:
    """A form for one person as a PDF; one that was handed out before can be answered no longer."""
    found = person_of(request, who, number)
    try:
        return _pdf(request, who, given, [found.id], found.external_id)
    except Refusal as error:
        return _person(request, who, number, given, error)


@router.post("/people/{number}/consent/revoke")
def revoke(request: Request, who: ConsentRecord, number: Number) -> Response:
    """Take back the form that a person was handed."""
    found = person_of(request, who, number)
    count = site_of(request).app.consent_forms.revoke(who.actor, found.id)
    told = "The form is taken back; it cannot be answered." if count else "There was no form to take back."
    return onward(request, f"/people/{number}/consent", told, "good" if count else "warn")


@router.post("/people/{number}/consent/enter")
def enter(request: Request, who: ConsentRecord, number: Number, given: Form) -> Response:
    """Enter a form that came back on paper; its code must be of this person."""
    app, found = site_of(request).app, person_of(request, who, number)
    try:
        code = given.needed("code", "the code of the form")
        said = {"yes": True, "no": False}
        asked = app.consent_forms.asked(code)
        answers: dict[Any, bool] = {each: said[told] for each in asked if (told := given.text(each)) in said}
        digest = paper_of(given)
        done = app.consent_forms.enter(
            who.actor, found.id, code, answers, giver=given.text("giver"), document_sha256=digest
        )
    except Refusal as error:
        return _person(request, who, number, given, error)
    return _after(request, number, "The form is entered.", done)


@router.get("/people/{number}/consent/withdraw")
def withdrawing(request: Request, who: ConsentRecord, number: Number) -> Response:
    """What happens when consent is withdrawn, and the button that does it."""
    return _withdraw_page(request, who, number)


@router.post("/people/{number}/consent/withdraw")
def withdraw(request: Request, who: ConsentRecord, number: Number, given: Form) -> Response:
    """Withdraw, and erase what goes with it."""
    app, found = site_of(request).app, person_of(request, who, number)
    try:
        told = given.all("for")
        wanted = PURPOSES if not told or "face" in told else purposes(told)
        done = app.consents.withdraw(
            who.actor,
            found.id,
            wanted,
            reason=given.text("reason"),
            given_by=given_by(given.text("consent")) or "self",
        )
    except Refusal as error:
        return _withdraw_page(request, who, number, error)
    return _after(request, number, f"{found.name} is recognised by the face no more.", done)


def _after(request: Request, number: int, told: str, done: "Withdrawn | None") -> Response:
    """Say what was erased, and offer another way in to whoever has none."""
    if done is None:
        return onward(request, f"/people/{number}/consent", told)
    erased = f" Erased: {counted(done.templates, 'template')}, {counted(done.faces, 'kept face')}."
    if "face" not in done.purposes:
        told = "It is recorded."
    later = "" if done.erased else " The last traces are overwritten when no other program reads the home any more."
    if done.held:
        later += " A hold keeps what else is known of them."
    if "face" in done.purposes and not done.ways:
        later += " They have no PIN, QR code or badge yet: give them one here."
        return onward(request, f"/people/{number}/ways", f"{told}{erased}{later}", "warn")
    return onward(request, f"/people/{number}/consent", f"{told}{erased}{later}")


def _person(
    request: Request, who: Any, number: int, given: Given | None = None, error: Refusal | None = None
) -> Response:
    app, found = site_of(request).app, person_of(request, who, number)
    standing, said = app.consents.of(found.id)
    forms_of = [each for each in app.consent_forms.of(found.id) if each.holds(app.clock.utc())]
    names = ("consent", "giver", "until", "code")
    values = dict.fromkeys(names, "") if given is None else given.values(*names)
    return page(
        request, who, "consent/person.html", status=200 if error is None else status_of(error),
        error=None if error is None else plainly(request, error), person=found, standing=standing,
        history=list(reversed(said)), forms=forms_of, purposes=PURPOSES, what=WHAT, values=values,
        last_day=app.consents.last_day, ways={each.kind for each in app.credentials.of(found.id)},
        languages=list(app.consent_texts.languages().items()),
    )  # fmt: skip


def _withdraw_page(request: Request, who: Any, number: int, error: Refusal | None = None) -> Response:
    app, found = site_of(request).app, person_of(request, who, number)
    return page(
        request, who, "consent/withdraw.html", status=200 if error is None else status_of(error),
        error=None if error is None else plainly(request, error), person=found,
        ways=sorted({each.kind for each in app.credentials.of(found.id)}), holds=app.people.holdings(found.id),
    )  # fmt: skip
