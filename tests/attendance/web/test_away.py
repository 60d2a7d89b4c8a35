"""While the database of all sites is out of reach: kiosks and the live view go on, and all else is told so."""

import pytest
from kiosk_world import Page, Shots, frame, live
from link_world import joined
from starlette.testclient import TestClient

from attendance.access import Actor
from attendance.web.away import goes_on
from attendance.web.build import build
from attendance.web.site import Site

CLERK = Actor("clerk")
JSON = {"Accept": "application/json"}


@pytest.fixture
def pipeline(fake):
    return live(fake)


@pytest.fixture
def site(app, draw, tmp_path):
    """A site's computer that knows Ada and Bob, with a kiosk and a camera."""
    for number, name in ((1, "Ada"), (2, "Bob")):
        app.enroll(draw(f"{name}.png", (number,)), name=name, external_id=name[0])
    app.places.add(CLERK, "Hall", kind="kiosk", direction="in")
    app.places.add(CLERK, "Gate", "rtsp://10.0.0.8/live")
    linked = joined(app, tmp_path / "site")
    linked.link.look()
    yield Site(app, link=linked.link)
    linked.link.close()


@pytest.fixture
def kiosk(app, site, clock):
    """A browser that is the kiosk, and the page in it."""
    made = app.tokens.add_kiosk(CLERK, "Hall")
    browser = TestClient(build(site), base_url=site.public, follow_redirects=False, headers=JSON)
    browser.post("/kiosk/pair", data={"token": made.secret})
    page = Page(app, made.token, clock)
    page.ask()
    follow(site)
    return browser, page


def follow(site):
    """Have the slice hold all that the database does now, as within a minute it would."""
    site.link._followed = None
    site.link.look()


def cut(site):
    site.link.wire.is_cut = True
    site.link.look()


def mend(site):
    site.link.wire.is_cut = False
    site.link.look()


def faces(shots, clock, who, count=12):
    """Show somebody for a while; returns what the kiosk told of them."""
    told = []
    for number in range(count):
        clock.forward(seconds=0.2)
        answer = shots.send(frame(who) if number < count // 2 else frame())
        assert answer.status_code == 200, answer.text
        told += answer.json()["results"]
    return told


def names(app):
    return sorted(row.person.name for row in app.report() if row.status == "present")


def test_a_kiosk_goes_on_by_face(site, app, kiosk, clock):
    """The page of a kiosk that looks notices nothing of the cut, nor of its end; whom it marked comes in once."""
    shots = Shots(*kiosk)
    shots.begin()
    assert [each["state"] for each in faces(shots, clock, 1)] == ["present"]
    site.link.wire.is_cut = True  # nobody has noticed yet
    told = faces(shots, clock, 2)
    assert [(each["state"], each["name"]) for each in told] == [("present", "Bob")]
    assert site.app.offline is not None
    mend(site)
    assert site.app is app
    assert names(app) == ["Ada", "Bob"]
    assert faces(shots, clock, 2)[-1]["state"] == "already"


def test_a_kiosk_goes_on_by_pin(site, app, kiosk):
    """An entry that comes while the database is away is taken on the slice, answered alike again, and comes in."""
    browser, page = kiosk
    given = app.credentials.give_pin(CLERK, "A")
    pin = f"{given.number}{given.pin}"
    follow(site)
    cut(site)
    page.app = site.app
    page.ask()
    entry = page.entry("pin", pin)
    told = {"page": page.page, "seconds": page.seconds, "entries": [{"body": entry.body, "signature": entry.signature}]}
    first = browser.post("/kiosk/entries", json=told).json()["answers"]
    again = browser.post("/kiosk/entries", json=told).json()["answers"]
    assert [each["state"] for each in first] == ["present"]
    assert first[0]["name"] == again[0]["name"] == "Ada"
    mend(site)
    assert names(app) == ["Ada"]


def test_the_kiosk_s_own_page_comes(site, kiosk):
    """A kiosk that is switched on while the database is away gets its page, and may begin to look."""
    browser, _ = kiosk
    cut(site)
    assert browser.get("/kiosk").status_code == 200
    assert browser.get("/kiosk/state").json()["place"] == "Hall"
    assert browser.post("/kiosk/runs").status_code == 200


def test_the_live_view_goes_on(site, signed_in):
    """Whoever is signed in sees the cameras, and how they do."""
    browser = signed_in()
    number = site.app.cameras.of("Gate").number
    follow(site)
    cut(site)
    assert [each["name"] for each in browser.get("/cameras/status", headers=JSON).json()["cameras"]] == ["Gate"]
    assert browser.get(f"/cameras/{number}/picture.jpg").headers["content-type"] == "image/jpeg"
    assert browser.get("/cameras").status_code == 200


@pytest.mark.parametrize("path", ["/people", "/", "/settings/state", "/review", "/cameras/add"])
def test_other_pages_say_so(site, signed_in, path):
    """A page that needs the database of all sites answers 503, with one plain sentence and when to come again."""
    browser = signed_in()
    cut(site)
    answer = browser.get(path, headers={"Accept": "text/html"})
    assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)
    assert "the database is out of reach; marking goes on here" in answer.text
    mend(site)
    assert browser.get(path, headers={"Accept": "text/html"}).status_code in {200, 303}


def test_programs_hear_the_id(site, client):
    """A program is told by the stable id, as problem+json."""
    cut(site)
    answer = client.get("/api/v1/people", headers={"Authorization": "Bearer att_x"})
    assert (answer.status_code, answer.json()["id"]) == (503, "gallery.unreachable")


def test_nothing_is_sent_to_the_slice(site, signed_in):
    """Nothing but a kiosk may change anything while the database is away."""
    browser = signed_in()
    number = site.app.cameras.of("Gate").number
    cut(site)
    for path in (f"/cameras/{number}/stop", "/sign-in", "/cameras"):
        assert browser.post(path, data={}).status_code == 503


@pytest.mark.parametrize(
    ("method", "path", "on"),
    [
        ("GET", "/kiosk", True),
        ("POST", "/kiosk/frames", True),
        ("GET", "/kiosks", False),
        ("GET", "/health", True),
        ("GET", "/cameras/3/live", True),
        ("POST", "/cameras/3/stop", False),
        ("GET", "/cameras/3/change", False),
        ("GET", "/static/app.css", True),
        ("GET", "/", False),
    ],
)
def test_what_goes_on(method, path, on):
    """Which requests are let through."""
    assert goes_on({"method": method, "path": path}) is on
