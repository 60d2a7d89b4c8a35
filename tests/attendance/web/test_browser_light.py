"""The light of the kiosk's screen in a real browser: no flash, never for who asked for less motion, and no dead end."""

from itertools import pairwise
from urllib.parse import parse_qs, urlsplit

import pytest
from browser_world import accessible, nothing_of, until

from attendance.access import Actor
from attendance.app import Attendance
from attendance.clock import SystemClock
from attendance.liveness import colours
from attendance.liveness.colours import COLOURS

CLERK = Actor("clerk")
FAKE = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
NAMES = {each.name for each in COLOURS}
SCREENS = ((320, 480), (480, 320), (390, 844), (768, 1024), (1280, 800), (1920, 1080), (3840, 2160))
WATCH = """() => {
  globalThis.changes = [];
  globalThis.painted = [];
  const note = () => changes.push(performance.now());
  new MutationObserver(note).observe(document.body, { attributeFilter: ["data-lit"] });
  const look = () => {
    painted.push(getComputedStyle(document.body).backgroundColor);
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}"""
ASKED = """() => {
  for (const each of ["ask", "cannot"]) document.getElementById(each).hidden = false;
  document.getElementById("ask-words").textContent = "Please turn your head slowly to your right";
  document.getElementById("ask-more").textContent = "Go on until the arrow changes.";
  document.getElementById("hint").textContent = "";
}"""
OUTSIDE = """() => {
  const found = [];
  const page = document.scrollingElement;
  if (page.scrollHeight > innerHeight || page.scrollWidth > innerWidth) found.push("the page scrolls");
  for (const each of document.querySelectorAll("main button, main p, .stage")) {
    const { left, top, right, bottom, width } = each.getBoundingClientRect();
    if (!width || each.closest(".only-read")) continue;
    const outside = left < -1 || top < -1 || right > innerWidth + 1 || bottom > innerHeight + 1;
    if (outside) found.push(`${each.id || each.className} outside`);
  }
  const { width, height, bottom: end } = document.querySelector(".stage").getBoundingClientRect();
  if (!width) return found;
  if (document.getElementById("ask").getBoundingClientRect().bottom > end + 1) found.push("what is asked is cut");
  const free = 1 - (width * height) / (innerWidth * innerHeight);
  if (free < 0.4) found.push(`only ${Math.round(100 * free)} % of the screen is free`);
  if (Math.min(width, height) < 100) found.push(`a picture of ${Math.round(width)} x ${Math.round(height)}`);
  return found;
}"""


@pytest.fixture
def clock() -> SystemClock:
    return SystemClock()


@pytest.fixture
def pipeline():
    """None stands in: the real models are loaded where they are asked."""


@pytest.fixture
def lit() -> bool:
    return True


@pytest.fixture
def app(home, clock, pipeline, lit):
    with Attendance.open(home, clock=clock, pipeline=pipeline, flags={"guard_people": 0, "kiosk_light": lit}) as opened:
        yield opened
        opened.kiosks.close()  # when the pages are: a frame would be on its way


@pytest.fixture
def kiosk(app, noon, new_tab):  # noqa: ARG001 - days that do not end meanwhile
    """Open the paired kiosk: its page, and the colours that its frames told."""
    app.gallery.add_person("Ada Lovelace", external_id="A", at=app.clock.utc(), by="clerk")
    app.places.add(CLERK, "Hall", kind="kiosk", direction="in")
    secret = app.tokens.add_kiosk(CLERK, "Hall").secret

    def open_(motion: str = "no-preference"):
        page = new_tab(None, arguments=FAKE)
        page.emulate_media(reduced_motion=motion)
        sent: list[str] = []

        def note(request) -> None:
            if "/kiosk/frames" in request.url:
                query = parse_qs(urlsplit(request.url).query, keep_blank_values=True)
                sent.extend(query["light"])

        page.on("request", note)
        page.goto(f"/kiosk/pair#{secret}")
        page.click("text=Pair this device")
        page.wait_for_selector("#kiosk[data-begun=true]")
        return page, sent

    return open_


def frames(page, sent: list[str], count: int) -> bool:
    """Whether so many frames were sent; has the browser tell what it did."""
    page.wait_for_timeout(100)
    return len(sent) >= count


def luminance(colour: str) -> float:
    """Relative luminance of "rgb(1, 2, 3)" (WCAG 2.2)."""
    parts = [int(each) / 255 for each in colour.removeprefix("rgb(").removesuffix(")").split(",")]
    light = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts]
    return 0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2]


@pytest.mark.parametrize("step", [colours.STEP_S, 0.0])
def test_it_changes_softly_and_never_flashes(kiosk, monkeypatch, step) -> None:
    """Two changes a second at most, also where the service wants more, and none of a tenth of relative luminance."""
    monkeypatch.setattr(colours, "STEP_S", step)
    page, sent = kiosk()
    assert page.is_visible("text=The screen changes its colour softly while it looks.")
    page.click("#by-face")
    page.wait_for_selector("body[data-lit]", timeout=60_000)
    page.evaluate(WATCH)
    until(lambda: frames(page, sent, 6) and page.evaluate("changes.length") >= 6, seconds=120)
    changes, painted = page.evaluate("[changes, [...new Set(painted)]]")
    assert set(sent) <= NAMES | {""}
    assert len(set(sent) & NAMES) >= 2
    levels = [luminance(colour) for colour in painted if colour.startswith("rgb(")]  # "rgba": the first one comes in
    assert max(levels) - min(levels) < 0.1
    assert min(b - a for a, b in pairwise(changes)) >= 500
    page.keyboard.press("Escape")
    page.wait_for_selector("#ready:not([hidden])")
    assert [None, ""] == [page.get_attribute("body", "data-lit"), page.evaluate("document.body.style.cssText")]


def test_who_asked_for_less_motion_sees_none_of_it(kiosk) -> None:
    """Neither the words nor a colour; and every frame says so."""
    page, sent = kiosk("reduce")
    assert not page.is_visible(".softly")
    page.click("#by-face")
    page.wait_for_selector("#looking:not([hidden])")
    until(lambda: frames(page, sent, 12), seconds=60)
    assert ({""}, None) == (set(sent), page.get_attribute("body", "data-lit"))


def test_it_ends_when_less_motion_is_asked_for(kiosk) -> None:
    """At once, in the midst of a look."""
    page, sent = kiosk()
    page.click("#by-face")
    page.wait_for_selector("body[data-lit]", timeout=60_000)
    page.emulate_media(reduced_motion="reduce")
    page.wait_for_selector("body:not([data-lit])")
    count = len(sent)
    until(lambda: frames(page, sent, count + 6), seconds=60)
    assert ({""}, None) == (set(sent[count + 1 :]), page.get_attribute("body", "data-lit"))


@pytest.mark.parametrize("lit", [False])
def test_without_the_setting_there_is_none(kiosk) -> None:
    """No word, no smaller picture, no colour."""
    page, sent = kiosk()
    assert [0, 0] == [page.locator(".softly").count(), page.locator("[data-light]").count()]
    page.click("#by-face")
    until(lambda: frames(page, sent, 8), seconds=60)
    assert ({""}, None) == (set(sent), page.get_attribute("body", "data-lit"))


def test_a_lit_page_can_be_read_and_fits(kiosk) -> None:
    """In the light and in the dark, from 320 x 480 to 4K, also where a turn is asked for; two fifths of it shine."""
    page, _ = kiosk()
    found = outside(page, "ready", OUTSIDE)
    page.set_viewport_size({"width": 390, "height": 844})
    page.click("#by-face")
    page.wait_for_selector("body[data-lit]", timeout=60_000)
    accessible(page)
    found += outside(page, "looking", OUTSIDE)
    found += outside(page, "asked", f"() => {{ ({ASKED})(); return ({OUTSIDE})(); }}")
    nothing_of(found, "is wrong")


def outside(page, screen: str, script: str) -> list[str]:
    """What is not as it should be on that screen, by size."""
    found = []
    for wide, high in SCREENS:
        page.set_viewport_size({"width": wide, "height": high})
        found += [f"{wide} x {high} {screen}: {each}" for each in page.evaluate(script)]
    return found
