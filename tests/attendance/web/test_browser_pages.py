"""Every page of the site in a browser, for each role and whoever comes: in both themes, on every screen.

A page that is added is opened here without anybody's doing. Only where its address has a part that `PARTS` does not
know has somebody to say what to put there.
"""

import re
from datetime import date
from typing import Any

import httpx
import pytest
from browser_world import Tabs, accessible, fits, serve
from similarity_world import exported

from attendance import Attendance
from attendance.access import Actor
from attendance.services.calendars import Days
from attendance.timetable.ruleparts import Parts
from attendance.web import routes
from attendance.web.admits import Admits
from attendance.web.cookies import keep_session
from attendance.web.site import Site

PARTS = {
    "code": lambda world: world.app.consent_forms.make(GRACE, ["E-1"])[0].code,
    "credential": "1",
    "day": "2026-03-02",
    "form": "svg",
    "group": "7a",
    "how": "skip",
    "id": "1",
    "job": "1",
    "kind": "marks",
    "mark": lambda world: world.mark,
    "month": "2026-02",
    "name": "Maths",
    "number": "1",
    "person": "1",
    "photo": "1",
    "place": "1",
    "secret": "none",
    "session": "1",
    "word": "none",
}
"""What stands for the parts of addresses; in the home that `world` makes each of them is there."""
WHOLE = {
    "/exports/{form}": "/exports/csv",
    "/settings/set/{name}": "/settings/set/margin",
    "/settings/privacy/report.{form}": "/settings/privacy/report.md",
    "/similarity/{model}": "/similarity/colours",
}
"""Addresses of which these parts would not do."""
SHORT_LIVED = (
    "/audit/anchors/{number}",
    "/cameras/{number:int}/live",
    "/cameras/{number:int}/picture.jpg",
    "/feeds/{secret}.ics",
    "/jobs/{number}/files/{name}",
    "/people/held/{word}",
    "/setup",
)
"""Addresses of what is made at one moment and read at the next: here there is nothing."""
NAME = 'Zoë <u>"Ann"</u> & علي 🙂 =1+1'
BUILT = """() => [...document.querySelectorAll("main, main *")].map(each => [each.tagName, each.className,
  ...each.getAttributeNames().filter(name => /^(aria|role|type|for|id|alt)/.test(name))].join()).join()"""
"""What a page is made of, without its words."""
ROLES = ("admin", "teacher", "auditor")
GRACE = Actor("Grace", door="web")


def pages() -> list[tuple[str, str | None]]:
    """Each address that can be got, with each role that is admitted there (None: nobody need be)."""
    found = []
    for router in routes.all_routers():
        for route in router.routes:
            admits = [each.call for each in route.dependant.dependencies if isinstance(each.call, Admits)]
            if "GET" not in route.methods or not admits:
                continue
            roles = [None] if admits[0].anyone else [each for each in ROLES if each in admits[0].roles]
            found += [(route.path, role) for role in roles]
    return sorted(found, key=str)


class World:
    """A served home with something on every page."""

    def __init__(self, app: Attendance, served, mark: str, browsers) -> None:
        self.app, self.served, self.mark, self.browsers = app, served, mark, browsers
        self.proven: set[str] = set()
        self.client = httpx.Client(base_url=served.url, headers={"Accept": "text/html"}, verify=False)  # noqa: S501 - http
        self._cookies: dict[str, dict[str, str]] = {}
        self._tabs: dict[str | None, tuple[Tabs, Any]] = {}
        self._pages: dict[tuple[str, str | None], bool] = {}

    def cookies_of(self, role: str, groups: tuple[str, ...] = ()) -> dict[str, str]:
        """Those of a browser that is signed in by this role, one for all tests."""
        if role not in self._cookies:
            account = self.app.accounts.add(GRACE, role, "correct horse battery", role, groups=groups)
            kept = self._cookies[role] = {}
            answer = type("Kept", (), {"set_cookie": lambda _, name, value, **__: kept.update({name: value})})()
            keep_session(self.served.site, answer, self.app.sign_ins.begin(account))
        return self._cookies[role]

    def stream(self, path: str, role: str | None):
        """The answer to this role at this address, without a browser."""
        cookies = self.cookies_of(role, groups_of(role)) if role else {}
        told = "; ".join(f"{name}={value}" for name, value in cookies.items())
        return self.client.stream("GET", path, headers={"Cookie": told} if told else {})

    def is_page(self, path: str, role: str | None) -> bool:
        """Whether there is a page at this address, and not a picture, a file, a stream, or a way to another one."""
        if (path, role) not in self._pages:
            with self.stream(path, role) as answer:
                self._pages[path, role] = told_page(path, answer)
        return self._pages[path, role]

    def tab(self, role: str | None) -> tuple[Tabs, Any]:
        """The tab of this role that all tests share, and who watches what it does by itself."""
        if role not in self._tabs:
            tabs = Tabs(self.browsers, self.served, self.cookies_of)
            self._tabs[role] = tabs, tabs.open(role, groups_of(role))
        return self._tabs[role]

    def close(self) -> None:
        """Close all tabs."""
        self.browsers.wake()
        for tabs, _ in self._tabs.values():
            tabs.close()
        self.browsers.rest()
        self.client.close()


def groups_of(role: str | None) -> tuple[str, ...]:
    """Those of the account of a role."""
    return ("7a",) if role == "teacher" else ()


@pytest.fixture(scope="module")
def world(tmp_path_factory, fake, hand_clock, all_browsers):
    """A home with people of two groups, marks, reviews, strangers and a session, one name of which is not harmless."""
    folder = tmp_path_factory.mktemp("pages")
    model = exported(folder / "colours")
    flags = {"guard_people": 0, "keep_unknown_days": 2, "site_name": "Hilltop", "similarity": str(model)}
    with Attendance.open(folder / "home", clock=hand_clock(), pipeline=fake.FakePipeline(), flags=flags) as app:
        for number, (name, group) in enumerate((("Ada Lovelace", "7a"), (NAME, "7a"), ("Cid", "7b")), 1):
            photo = fake.picture(folder / f"{number}.png", (number,), seed=number)
            app.enroll(photo, name=name, external_id=f"E-{number}", groups=[group])
        seen = [(1, 25), (2, 25), (1, 90), (9, 90)]  # two to look at, one who is marked, and a stranger
        found = [*app.check(*(fake.picture(folder / f"door{n}.png", each, seed=50 + n) for n, each in enumerate(seen)))]
        app.reviews.dismiss(GRACE, found[1].sighting, keep=True)
        filled_in(app)
        serving = serve(Site(app))
        made = World(app, next(serving), found[2].mark, all_browsers)
        yield made
        made.close()
        serving.close()


def filled_in(app: Attendance) -> None:
    """Make one of everything else that a page may be of."""
    app.sessions.open("Maths", at=app.clock.utc(), group="7a")
    app.timetables.add(GRACE, "Art", Parts(weekly="MO", begins="08:00", ends="08:45"), group="7a")
    app.excuses.add(GRACE, "E-1", "2026-03-03", "2026-03-04", reason=NAME)
    app.calendars.add(GRACE, Days("closed", date(2026, 3, 9), date(2026, 3, 9), NAME), group="7a")
    app.places.add(GRACE, "Door", "rtsp://127.0.0.1:9/door", group="7a")
    app.credentials.give_qr(GRACE, "E-1")
    app.receivers.add(GRACE, "Office", "http://127.0.0.1:9/", allow_private=True)
    app.jobs.begin(Actor("teacher"), "report", lambda _: {})


def filled(path: str, world: World) -> str:
    """The address with something in all its parts."""

    def part(found: re.Match) -> str:
        name = found[1].partition(":")[0]
        if name not in PARTS:
            pytest.fail(f"{path}: say in PARTS what to put for {name!r}")
        value = PARTS[name]
        return value(world) if callable(value) else value

    return WHOLE.get(path) or re.sub(r"\{([^}]+)\}", part, path)


def told_in(text: str) -> str:
    """What the page of a refusal says."""
    return " ".join(re.findall(r'role="alert">([^<]*)<', text))


def told_page(path: str, answer: httpx.Response) -> bool:
    """Whether an answer is a page; fails the test where it is none that it should be."""
    kept = answer.headers.get("content-disposition", "").startswith("attachment")
    if not answer.headers.get("content-type", "").startswith("text/html") or answer.is_redirect or kept:
        assert answer.status_code < 400, path
        return False
    text = answer.read().decode()
    if not answer.is_success:
        pytest.fail(f"{path}: {answer.status_code} {told_in(text)}")
    return text.startswith("<!doctype html>")  # else a part that scripts put into one


@pytest.mark.slow
@pytest.mark.parametrize(("path", "role"), pages(), ids=lambda each: each or "nobody")
@pytest.mark.usefixtures("browsers")
def test_a_page_is_sound(world, path, role):
    """It asks no other host, logs no error, keeps to WCAG 2.2 AA in both themes and needs no scrolling to the side."""
    address = filled(path, world)
    if path in SHORT_LIVED or not world.is_page(address, role):
        return
    tabs, tab = world.tab(role)
    try:
        tab.goto(address)
        assert NAME not in tab.title() or "<u>" in tab.title()
        assert not tab.locator("main u").count()
        built = tab.evaluate(BUILT)
        if built not in world.proven:  # what a teacher sees is often built as what an admin sees
            accessible(tab)
            world.proven.add(built)
        fits(tab)
    finally:
        tabs.sound()


SHOWN_WAYS = """() => [...document.querySelectorAll("a[href]")].filter(each => each.checkVisibility())
  .map(each => each.getAttribute("href")).filter(each => each.startsWith("/"))"""
SHOWN_CHANGES = """() => [...document.querySelectorAll(
  "form[method=post]:not(.own) :is(button, input, select, textarea)")]
  .filter(each => each.checkVisibility()).map(each => each.outerHTML)"""


@pytest.mark.slow
def test_an_auditor_is_shown_only_what_they_may_do(browsers, world):
    """No page of theirs shows a control that changes something, or a way to a page that refuses them."""
    tabs = Tabs(browsers, world.served, world.cookies_of)
    ways, seen = set(), 0
    try:
        tab = tabs.open("auditor", allow=("status of 4",))
        for path in sorted({path for path, role in pages() if role == "auditor"} - set(SHORT_LIVED)):
            if world.is_page(address := filled(path, world), "auditor"):
                tab.goto(address)
                ways.update(tab.evaluate(SHOWN_WAYS))
                seen += 1
                assert (path, []) == (path, tab.evaluate(SHOWN_CHANGES))
    finally:
        tabs.close()
    refused = []
    for each in sorted(ways):
        with world.stream(each, "auditor") as answer:
            refused += [each] if answer.status_code in {401, 403} else []
    assert 25 < seen
    assert [] == refused
