"""Pages from templates: what every page knows, and what is said once after a change."""

from collections.abc import Callable
from datetime import date, datetime
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, unquote
from zoneinfo import ZoneInfo

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse, Response

from attendance.access import Visitor
from attendance.web.admits import FORM
from attendance.web.helps import help_here, said_here, spoken
from attendance.web.site import Site, site_of

HERE: Final = Path(__file__).resolve().parent
STATIC: Final = HERE / "static"
SAID: Final = "said"
"""The cookie that carries what the next page says once."""
READERS: Final = ("admin", "teacher", "auditor")
INSPECTORS: Final = ("admin", "auditor")
STAFF: Final = ("admin", "teacher")
COMPARING: Final = "/similarity"
"""The page that is there where a model is."""
NAVIGATION: Final = (
    ("/", "Today", READERS),
    ("/people", "People", READERS),
    ("/timetable", "Timetable", READERS),
    ("/review", "Review", READERS),
    ("/reports", "Reports", READERS),
    ("/cameras", "Cameras", READERS),
    (COMPARING, "Similarity", STAFF),
    ("/settings", "Settings", INSPECTORS),
    ("/audit", "Audit", INSPECTORS),
)
"""Path, what it is called, and for whom."""


@lru_cache
def environment() -> Environment:
    """The templates; whatever they are given is escaped."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["asset"] = asset
    made.globals["first_letters"] = first_letters
    made.filters["written"] = written
    made.globals["help_here"] = help_here
    made.filters["spoken"] = spoken
    return made


def written(at: date, form: str) -> str:
    """A day or a time in a form of `strftime`, in which ``%-d`` is a day without zero on every system."""
    return at.strftime(form.replace("%-d", str(at.day)))


@lru_cache
def asset(name: str) -> str:
    """The address of a file in `static`, another one whenever it changes."""
    digest = sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


def first_letters(name: str) -> str:
    """What stands for somebody's face where none is shown: the first letters of the first and the last word."""
    letters = [next((letter for letter in word if letter.isalnum()), "") for word in name.split()]
    found = [each for each in letters if each]
    return "".join(found[:1] + found[1:][-1:]).upper() or name[:1]


def page(request: Request, who: Visitor | None, template: str, *, status: int = 200, **values: Any) -> Response:
    """The page of a template, with the values given; it says what was to be said once."""
    site = site_of(request)
    said = request.cookies.get(SAID, "")
    known = {
        "who": who,
        "path": request.url.path,
        "navigation": [] if who is None else _ways(site, who),
        "reads_only": who is not None and who.role == "auditor",
        "form_token": "" if who is None else who.form_token,
        "FORM": FORM,
        "site_name": site.app.settings.site_name or "",
        "said": _told(said),
        "local": _on_the_clock_of(site.app.zone),
        "said_here": lambda error: said_here(error, str(site.app.home)),
    }
    text = environment().get_template(template).render({**known, **values})
    answer = HTMLResponse(text, status_code=status)
    if said:
        answer.delete_cookie(SAID, path="/")
    return answer


def _ways(site: Site, who: Visitor) -> list[tuple[str, str, tuple[str, ...]]]:
    """What the bar leads this visitor to."""
    found = [each for each in NAVIGATION if who.role in each[2]]
    return [each for each in found if each[0] != COMPARING or site.app.similarity.cards]


def onward(request: Request, to: str, said: str = "", kind: str = "good") -> Response:
    """Go to another page after a change (303), and say there once what was done; ``kind`` good, warn or bad."""
    answer = RedirectResponse(to, status_code=303)
    if said:
        secure = site_of(request).secure
        value = quote(f"{kind}:{said}"[:1500], safe="")
        answer.set_cookie(SAID, value, max_age=60, path="/", httponly=True, samesite="strict", secure=secure)
    return answer


def _told(cookie: str) -> tuple[str, str] | None:
    kind, _, text = unquote(cookie).partition(":")
    return (kind, text) if text and kind in {"good", "warn", "bad"} else None


def _on_the_clock_of(zone: str) -> Callable[[datetime], datetime]:
    """What turns instants into times of this zone."""
    there = ZoneInfo(zone)
    return lambda at: at.astimezone(there)
