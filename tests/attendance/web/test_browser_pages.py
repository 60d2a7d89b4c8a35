"""Every page of the site in a browser, for each role and whoever comes: in both themes, on every screen.

A page that is added is opened here without anybody's doing. Only where its address has a part that `PARTS` does not
know has somebody to say what to put there.
"""

import re
from datetime import date

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

    def __init__(self, app: Attendance, served, mark: str) -> None:
        self.app, self.served, self.mark = app, served, mark
        self.proven: set[str] = set()
        self._accounts = {}

    def cookies_of(self, role: str, groups=()) -> dict[str, str]:
        """Those of a browser that is signed in by this role."""
        if role not in self._accounts:
            self._accounts[role] = self.app.accounts.add(GRACE, role, "correct horse battery", role, groups=groups)
        kept = {}
        answer = type("Kept", (), {"set_cookie": lambda _, name, value, **__: kept.update({name: value})})()
        keep_session(self.served.site, answer, self.app.sign_ins.begin(self._accounts[role]))
        return kept


@pytest.fixture(scope="module")
def world(tmp_path_factory, fake, hand_clock):
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
        yield World(app, next(serving), found[2].mark)
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


def is_page(world: World, path: str, cookies: dict[str, str]) -> bool:
    """Whether there is a page at this address, and not a picture, a file, a stream, or a way to another one."""
    with httpx.stream("GET", world.served.url + path, cookies=cookies, headers={"Accept": "text/html"}) as answer:
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
def test_a_page_is_sound(browsers, world, path, role):
    """It asks no other host, logs no error, keeps to WCAG 2.2 AA in both themes and needs no scrolling to the side."""
    groups = ("7a",) if role == "teacher" else ()
    cookies = {} if role is None else world.cookies_of(role, groups)
    address = filled(path, world)
    if path in SHORT_LIVED or not is_page(world, address, cookies):
        return
    tabs = Tabs(browsers, world.served, world.cookies_of)
    try:
        tab = tabs.open(role, groups)
        tab.goto(address)
        assert NAME not in tab.title() or "<u>" in tab.title()
        assert not tab.locator("main u").count()
        built = tab.evaluate(BUILT)
        if built not in world.proven:  # what a teacher sees is often built as what an admin sees
            accessible(tab)
            world.proven.add(built)
        fits(tab)
    finally:
        tabs.close()


SHOWN_WAYS = """() => [...document.querySelectorAll("a[href]")].filter(each => each.checkVisibility())
  .map(each => each.getAttribute("href")).filter(each => each.startsWith("/"))"""
SHOWN_CHANGES = """() => [...document.querySelectorAll(
  "form[method=post]:not(.own) :is(button, input, select, textarea)")]
  .filter(each => each.checkVisibility()).map(each => each.outerHTML)"""


@pytest.mark.slow
def test_an_auditor_is_shown_only_what_they_may_do(browsers, world):
    """No page of theirs shows a control that changes something, or a way to a page that refuses them."""
    cookies = world.cookies_of("auditor")
    tabs = Tabs(browsers, world.served, world.cookies_of)
    ways, seen = set(), 0
    try:
        tab = tabs.open("auditor", allow=("status of 4",))
        for path in sorted({path for path, role in pages() if role == "auditor"} - set(SHORT_LIVED)):
            if is_page(world, address := filled(path, world), cookies):
                tab.goto(address)
                ways.update(tab.evaluate(SHOWN_WAYS))
                seen += 1
                assert (path, []) == (path, tab.evaluate(SHOWN_CHANGES))
    finally:
        tabs.close()
    with httpx.Client(base_url=world.served.url, cookies=cookies, headers={"Accept": "text/html"}) as client:
        refused = [each for each in sorted(ways) if client.get(each).status_code in {401, 403}]
    assert 25 < seen
    assert [] == refused
