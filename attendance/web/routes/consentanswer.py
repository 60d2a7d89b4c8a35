"""The page that a form's QR code leads to: the text, yes or no for each purpose, and who answers.

It needs neither a sign-in nor scripts, sets no cookie, and tells no more of the person than a first name and a letter.
Whatever is wrong with a code, the answer is the same.
"""

from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from attendance.privacy.consenttext import LANGUAGES, blocks
from attendance.privacy.phrases import phrases
from attendance.privacy_errors import ConsentFormInvalid
from attendance.service_errors import LimitReached, RequestInvalid
from attendance.services.limits import Limit
from attendance.web.admits import Stranger
from attendance.web.forms import Asked, Form, Given
from attendance.web.pages import environment
from attendance.web.signing import source_of
from attendance.web.site import site_of

if TYPE_CHECKING:
    from attendance.services.consentforms import ShownForm

router = APIRouter(include_in_schema=False)
TRIES: Final = Limit(free=20, first_s=10, most_s=300, forgiven_s=900)
"""Codes tried in vain from one address."""
SAID: Final = {"yes": True, "no": False}


@router.get("/consent/{code}")
def show(request: Request, _who: Stranger, code: str, asked: Asked) -> Response:
    """The text in the language of the form, or in another one, and the questions."""
    language = asked.text("language")
    try:
        form = _form(request, code)
    except LimitReached as error:
        return _refused(request, error, language)
    except ConsentFormInvalid:
        return _over(request, language)
    return _page(request, code, form, _text(request, form, language))


@router.post("/consent/{code}")
def answer(request: Request, _who: Stranger, code: str, given: Form) -> Response:
    """Take the answer, once."""
    app, language = site_of(request).app, given.text("language")
    try:
        form = _form(request, code)
        text = _text(request, form, language)
        if given.text("text") not in ("", str(text.id)):  # another text counts since: what they said was to the old one
            return _page(request, code, form, text, "missing")
        answers = {each: SAID[told] for each in form.form.purposes if (told := given.text(each)) in SAID}
        missing = "missing" if len(answers) < len(form.form.purposes) else "" if given.text("name") else "missing_name"
        if missing:
            return _page(request, code, form, text, missing, given)
        app.consent_forms.answer(code, answers, given.text("name"), text.id)
    except LimitReached as error:
        return _refused(request, error, language)
    except ConsentFormInvalid:
        return _over(request, language)
    except RequestInvalid:
        return _page(request, code, form, text, "missing_name", given)
    return _answer(request, "consent/thanks.html", text.language, refused=not all(answers.values()))


def _form(request: Request, code: str) -> "ShownForm":
    """The form of a code. A try in vain counts. Raises LimitReached, ConsentFormInvalid."""
    app, source = site_of(request).app, f"consent:{source_of(request)}"
    app.limits.take(source, TRIES)
    found = app.consent_forms.shown(code)
    app.limits.forget(source)
    return found


def _text(request: Request, form: "ShownForm", language: str) -> Any:
    """The form's own text, or that of another language."""
    texts = site_of(request).app.consent_texts
    if language in (form.text.language, "") or language not in texts.languages():
        return form.text
    return texts.now(language)


def _page(
    request: Request,
    code: str,
    form: "ShownForm",
    text: Any,
    wrong: str = "",
    given: Given | None = None,
) -> Response:
    others = [(each, name) for each, name in LANGUAGES.items() if each != text.language]
    chosen = {each: "" if given is None else given.text(each) for each in (*form.form.purposes, "name")}
    return _answer(
        request, "consent/answer.html", text.language, status=422 if wrong else 200, code=code, form=form.form,
        called=form.called, text=text.id, blocks=list(blocks(text.body)), others=others, wrong=wrong, chosen=chosen,
    )  # fmt: skip


def _over(request: Request, language: str) -> Response:
    return _answer(request, "consent/over.html", _language(request, language), status=410, told="over")


def _refused(request: Request, error: LimitReached, language: str) -> Response:
    made = _answer(request, "consent/over.html", _language(request, language), status=429, told="busy")
    made.headers["Retry-After"] = str(max(1, round(error.retry_after_s)))
    return made


def _language(request: Request, wanted: str) -> str:
    """A language that there are words in: the one wanted, else the first that the browser asks for."""
    accepted = request.headers.get("accept-language", "").split(",")
    told = [each.partition(";")[0].strip()[:2].lower() for each in accepted]
    return next((each for each in (wanted, *told) if each in LANGUAGES), "en")


def _answer(request: Request, template: str, language: str, *, status: int = 200, **values: Any) -> Response:
    site = site_of(request)
    known = {"words": phrases(language), "language": language, "site_name": site.app.settings.site_name or "Attendance"}
    text = environment().get_template(template).render({**known, **values})
    return HTMLResponse(text, status_code=status)
