"""The kiosk in a real browser: face, PIN, code and badge, without network, by keyboard, on every screen."""

import io
from types import SimpleNamespace

import numpy as np
import pytest
from browser_world import accessible, nothing_of, until
from kiosk_world import code_before
from PIL import Image

from attendance import Attendance
from attendance.access import Actor
from attendance.clock import SystemClock
from attendance.services.statusreports import AskedStatuses
from attendance.timetable.ruleparts import Parts

CLERK = Actor("clerk")
FAKE = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
SCREENS = ((320, 480), (480, 320), (390, 844), (768, 1024), (1280, 800), (1920, 1080), (3840, 2160))
STICKS_OUT = """() => {
  const [wide, high, page] = [innerWidth, innerHeight, document.scrollingElement];
  const found = [];
  if (page.scrollHeight > high || page.scrollWidth > wide) found.push("the page scrolls");
  for (const each of document.querySelectorAll("main button, main h1, main h2, main p")) {
    const { left, top, right, bottom, width } = each.getBoundingClientRect();
    if (!width || each.closest(".only-read")) continue;
    const name = `${each.tagName}#${each.id}`;
    if (left < -1 || top < -1 || right > wide + 1 || bottom > high + 1) found.push(`${name} outside`);
    if (each.scrollWidth > each.clientWidth + 1) found.push(`${name} too wide`);
  }
  const shown = [...document.querySelectorAll(".way")].filter((each) => !each.closest(".screen").hidden);
  const ways = shown.map((each) => each.getBoundingClientRect());
  const sizes = ways.map(({ width, height }) => `${Math.round(width)} x ${Math.round(height)}`);
  if (new Set(sizes).size > 1) found.push("ways differ");
  return found;
}"""


@pytest.fixture
def clock() -> SystemClock:
    return SystemClock()


@pytest.fixture
def pipeline():
    """None stands in: the real models are loaded where they are asked."""


@pytest.fixture
def liveness() -> str:
    """What is asked of faces: nothing, as the films here are pictures that are moved."""
    return "off"


@pytest.fixture
def app(home, clock, pipeline, liveness):
    """An open home that asks so."""
    with Attendance.open(
        home, clock=clock, pipeline=pipeline, flags={"guard_people": 0, "liveness": liveness}
    ) as opened:
        yield opened


@pytest.fixture
def hall(app, noon):  # noqa: ARG001 - days that do not end meanwhile
    """Ada without a photo, with a PIN, a code and a badge; and a kiosk in the hall."""
    app.gallery.add_person("Ada Lovelace", external_id="A", at=app.clock.utc(), by="clerk")
    app.places.add(CLERK, "Hall", kind="kiosk", direction="in")
    given = app.credentials.give_pin(CLERK, "A")
    app.credentials.give_badge(CLERK, "A", "04A1B2C3D4")
    secret = app.tokens.add_kiosk(CLERK, "Hall").secret
    yield SimpleNamespace(app=app, pin=given.number + given.pin, secret=secret)
    app.kiosks.close()


@pytest.fixture
def kiosk(hall, new_tab):
    """Open the paired kiosk: ``kiosk(video=path)`` has a camera that shows the film."""

    def open_(*, video=None, **more):
        arguments = (*FAKE, *([f"--use-file-for-fake-video-capture={video}"] if video else []))
        page = new_tab(None, arguments=arguments, **more)
        page.add_init_script(
            "globalThis.opened = 0; const device = navigator.mediaDevices, open = device.getUserMedia.bind(device);"
            "device.getUserMedia = (...all) => { globalThis.opened += 1; return open(...all); };"
        )
        page.goto(f"/kiosk/pair#{hall.secret}")
        assert f"{page.url.partition('/kiosk')[0]}/kiosk/pair" == page.url
        page.click("text=Pair this device")
        page.wait_for_selector("#kiosk[data-begun=true]")
        return page

    return open_


def film(path, *pictures):
    """A film of these pictures, (H, W, 3) uint8 RGB, as a fake camera plays it: JPEG after JPEG."""
    with path.open("wb") as file:
        for each in pictures:
            made = io.BytesIO()
            Image.fromarray(each).save(made, "JPEG", quality=92)
            file.write(made.getvalue())
    return path


def told(page) -> tuple[str, str]:
    """The name and the state that the result shows, when it does."""
    page.wait_for_selector("#result:not([hidden])")
    return page.inner_text("#result-title"), page.inner_text("#result-state").partition(" at ")[0]


def marks(app, who: str = "A"):
    """The marks of a person on the present day."""
    session = app.sessions.known(app.sessions.of_day(app.clock.utc()).name)
    key = app.gallery.find(who).id
    return [each for each in app.marks.of_session(session.id) if each.person == key]


def test_a_face_is_marked_before_a_fake_camera(hall, kiosk, astronaut, tmp_path):
    """With the shipped models: name and state are shown, the camera was opened once, the mark can be taken back."""
    photo = tmp_path / "astronaut.jpg"
    Image.fromarray(astronaut).save(photo, quality=95)
    hall.app.enroll(photo, name="Eileen Collins", external_id="E")
    room = np.full((480, 640, 3), 128, np.uint8)
    near = np.asarray(Image.fromarray(astronaut).resize((480, 480)))
    pictures = []
    for shift in (0, 2, 4, 3, 1):
        pictures.append(room.copy())
        pictures[-1][:, 80 + shift : 560 + shift] = near
    page = kiosk(video=film(tmp_path / "face.mjpeg", *pictures))
    assert 0 == page.evaluate("opened")
    page.click("#by-face")
    assert ("Eileen Collins", "You came in") == told(page)
    assert ("present", 1) == (page.get_attribute("#result", "data-state"), page.evaluate("opened"))
    page.click("#undo")
    page.wait_for_selector("#result[data-state=undone]")
    assert [("camera", False)] == [(each.how, each.valid) for each in marks(hall.app, "E")]
    page.wait_for_selector("#ready:not([hidden])")
    page.click("#by-face")
    page.wait_for_selector("#looking:not([hidden])")
    assert 1 == page.evaluate("opened")


def test_a_code_is_read_from_the_camera(hall, kiosk, tmp_path):
    """Held before the camera it marks, and nobody's face is looked at."""
    room = code_before(hall.app, hall.app.credentials.give_qr(CLERK, "A"))
    page = kiosk(video=film(tmp_path / "code.mjpeg", room, room))
    page.click("#by-qr")
    assert ("Ada Lovelace", "You came in") == told(page)
    assert ["qr"] == [each.how for each in marks(hall.app)]
    assert hall.app._pipeline is None


def test_a_pin_by_keyboard_alone(hall, kiosk):
    """After the skip link two tabs reach PIN; digits, Enter, and the result says who and what; Enter ends it."""
    page = kiosk()
    page.keyboard.press("Tab")
    assert "Skip to the content" == page.evaluate("document.activeElement.textContent")
    for key in ("Enter", "Tab", "Tab"):
        page.keyboard.press(key)
    assert "by-pin" == page.evaluate("document.activeElement.id")
    page.keyboard.press("Enter")
    page.keyboard.type(hall.pin)
    assert f"{hall.pin[:4]} ••••" == page.inner_text("#digits")
    page.keyboard.press("Enter")
    assert ("Ada Lovelace", "You came in") == told(page)
    until(lambda: "Ada Lovelace. You came in" in page.inner_text("#said"))
    page.keyboard.press("Enter")
    page.wait_for_selector("#ready:not([hidden])")
    assert (["pin"], 0) == ([each.how for each in marks(hall.app)], page.evaluate("opened"))


def test_a_pin_by_touch_and_a_wrong_one(hall, kiosk):
    """The keys of the screen type; a wrong PIN says so without a name, and marks nobody."""
    page = kiosk()
    page.click("#by-pin")
    for digit in hall.pin[:4] + "00001":
        page.click(f"[data-key='{digit}']")
    page.click("[data-key=back]")
    page.click("[data-key=go]")
    assert "Number and PIN do not match" == told(page)[0]
    page.click("#done")
    assert [] == marks(hall.app)


def test_a_badge_is_read_on_the_first_screen(hall, kiosk):
    """Its reader types and sends Enter; nothing has to be touched, also where a button has the focus."""
    page = kiosk()
    page.focus("#by-face")
    page.keyboard.type("04A1B2C3D4")
    page.keyboard.press("Enter")
    assert ("Ada Lovelace", "You came in") == told(page)
    assert (["badge"], 0) == ([each.how for each in marks(hall.app)], page.evaluate("opened"))


COUNTS = "globalThis.touches = 0; addEventListener('pointerdown', () => { globalThis.touches += 1; }, true);"


def test_no_way_takes_longer_than_it_must(hall, kiosk, astronaut, tmp_path):
    """To a mark lead one touch by face, one by code, none by badge, a PIN's digits and two; all get the same status."""
    app, room = hall.app, np.full((480, 640, 3), 128, np.uint8)
    photo = tmp_path / "astronaut.jpg"
    Image.fromarray(astronaut).save(photo, quality=95)
    app.enroll(photo, name="Eileen", external_id="face")
    for way in ("qr", "badge", "pin"):
        app.gallery.add_person(way.upper(), external_id=way, at=app.clock.utc(), by="clerk")
    given = app.credentials.give_pin(CLERK, "pin")
    pin = given.number + given.pin
    app.credentials.give_badge(CLERK, "badge", "badge-of-somebody")
    app.timetables.add(CLERK, "Day", Parts(weekly="MO,TU,WE,TH,FR,SA,SU", begins="00:01", ends="23:59"))
    shown = {"face": room.copy(), "qr": code_before(app, app.credentials.give_qr(CLERK, "qr"))}
    shown["face"][:, 80:560] = np.asarray(Image.fromarray(astronaut).resize((480, 480)))
    touches, states = {}, {}

    def seen(page, way):
        states[way] = told(page)[1], page.get_attribute("#result", "data-state"), page.is_visible("#undo")
        touches[way] = page.evaluate("touches")

    for way in ("face", "qr"):
        pictures = [np.roll(shown[way], shift, 1) for shift in (0, 2, 4, 3, 1)]
        page = kiosk(video=film(tmp_path / f"{way}.mjpeg", *pictures))
        page.evaluate(COUNTS)
        page.click(f"#by-{way}")
        seen(page, way)
        page.close()
    page = kiosk()
    page.evaluate(COUNTS)
    page.keyboard.type("badge-of-somebody")
    page.keyboard.press("Enter")
    seen(page, "badge")
    page.click("#done")
    page.evaluate("touches = 0")
    page.click("#by-pin")
    for digit in pin:
        page.click(f"[data-key='{digit}']")
    page.click("[data-key=go]")
    seen(page, "pin")
    assert {"face": 1, "qr": 1, "badge": 0, "pin": len(pin) + 2} == touches
    assert {("You came in", "present", True)} == set(states.values())
    rows = app.status_reports.report(AskedStatuses(entry="Day")).rows
    of = {app.gallery.find(way).id for way in touches}
    assert 1 == len({(each.status, each.reasons, len(each.marks)) for each in rows if each.person in of})
    assert {"camera", "qr", "badge", "pin"} == {mark.how for way in touches for mark in marks(app, way)}


def test_without_network_entries_are_kept_and_sent_once(hall, kiosk):
    """The page loads again without the service, nothing that is kept can be read, and every entry becomes one mark."""
    app = hall.app
    app.gallery.add_person("Bob", external_id="B", at=app.clock.utc(), by="clerk")
    app.credentials.give_badge(CLERK, "B", "badge of Bob")
    page = kiosk(allow=("ERR_INTERNET_DISCONNECTED", "Failed to load resource", "net::ERR_FAILED"))
    until(lambda: page.evaluate("caches.match('/kiosk').then(Boolean)"))
    page.context.set_offline(True)
    page.click("#by-pin")
    page.keyboard.type(hall.pin)
    page.keyboard.press("Enter")
    assert "Noted" == told(page)[0]
    page.reload()
    page.wait_for_selector("#kiosk[data-begun=true]")
    page.keyboard.type("badge of Bob")
    page.keyboard.press("Enter")
    assert "Noted" == told(page)[0]
    assert "Not connected, 2 kept" == page.inner_text("#line")
    kept = page.evaluate(
        "() => new Promise(done => { indexedDB.open('attendance-kiosk').onsuccess = event => {"
        "event.target.result.transaction('entries').objectStore('entries').getAll().onsuccess ="
        "found => done(JSON.stringify(found.target.result)) } })"
    )
    assert (False, False) == (hall.pin in kept, "badge of Bob" in kept)
    page.context.set_offline(False)
    page.reload()
    until(lambda: marks(app) and marks(app, "B"))
    until(lambda: page.inner_text("#line") == "")
    assert [("pin", True, False)] == [(e.how, e.evidence["late_sync"], e.time_is_known) for e in marks(app)]
    assert ["badge"] == [each.how for each in marks(app, "B")]


def test_every_screen_is_accessible(kiosk):
    """First screen, keys, badge, camera, result: no violation in the light and in the dark."""
    page = kiosk()
    accessible(page)
    for way, screen in (("pin", "typing"), ("badge", "holding"), ("face", "looking")):
        page.click(f"#by-{way}")
        page.wait_for_selector(f"#{screen}:not([hidden])")
        accessible(page)
        page.keyboard.press("Escape")
        page.wait_for_selector("#ready:not([hidden])")
    for text, state in (("04A1B2C3D4", "present"), ("nobody's", "refused")):
        page.keyboard.type(text)
        page.keyboard.press("Enter")
        page.wait_for_selector(f"#result[data-state={state}]:not([hidden])")
        accessible(page)
        page.keyboard.press("Escape")


def test_no_screen_needs_scrolling(hall, kiosk):
    """From 320 x 480 to 4K, upright and lying, also for a long name; the four ways are of one size."""
    hall.app.gallery.add_person("Maximiliane " * 8 + "von Hohenstein", external_id="L", at=hall.app.clock.utc(), by="c")
    hall.app.credentials.give_badge(CLERK, "L", "a long name")
    page = kiosk()
    found = []
    for wide, high in SCREENS:
        page.set_viewport_size({"width": wide, "height": high})
        found += [f"{wide} x {high} ready: {each}" for each in page.evaluate(STICKS_OUT)]
        page.click("#by-pin")
        page.keyboard.type(hall.pin)
        found += [f"{wide} x {high} typing: {each}" for each in page.evaluate(STICKS_OUT)]
        page.keyboard.press("Escape")
        page.keyboard.type("a long name")
        page.keyboard.press("Enter")
        page.wait_for_selector("#result:not([hidden])")
        found += [f"{wide} x {high} result: {each}" for each in page.evaluate(STICKS_OUT)]
        page.keyboard.press("Escape")
    nothing_of(found, "sticks out")


# A turn of the head. Answers to frames are made up here; what the service asks of whom is tested without a browser.

ANSWERS = """() => {
  const real = globalThis.fetch;
  globalThis.faces = [];
  globalThis.results = [];
  globalThis.fetch = (address, ...more) => {
    if (!String(address).includes("/kiosk/frames")) return real(address, ...more);
    const body = JSON.stringify({ faces, results: results.splice(0), nonce: "made-up" });
    return Promise.resolve(new Response(body, { headers: { "Content-Type": "application/json" } }));
  };
}"""
FACE = {"box": [0.4, 0.3, 0.2, 0.35], "state": "looking", "votes": 3, "needed": 3, "reasons": [], "prompt": ""}
ASKED = {
    "left": "Please turn your head slowly to your left",
    "right": "Please turn your head slowly to your right",
    "up": "Please look up",
    "straight": "Now look straight ahead",
}


@pytest.fixture
def asking(kiosk):
    """A kiosk that looks, and what has it shown a face: ``look("left", done=1)``, with more such as ``state``."""

    def open_(**more):
        page = kiosk(**more)
        page.evaluate(ANSWERS)
        page.click("#by-face")
        page.wait_for_selector("#looking:not([hidden])")

        def look(prompt="", *, done=0, nth=1, **other):
            turns = {"turns": {"done": done, "of": 3, "try": nth}} if prompt else {}
            page.evaluate("face => { faces = [face] }", FACE | {"prompt": prompt} | turns | other)
            page.wait_for_selector(
                f"#ask[data-prompt={prompt}]:not([hidden])" if prompt else "#ask",
                state="visible" if prompt else "hidden",
            )

        return page, look

    return open_


@pytest.mark.parametrize("size", [{"width": 390, "height": 844}, {"width": 1280, "height": 800}])
def test_what_is_asked_is_said_and_shown(asking, size):
    """In large words with an arrow to the side that is meant, and read out at once; the focus stays where it was."""
    page, look = asking(**size)
    until(lambda: page.evaluate("document.activeElement.id") == "hint")
    for prompt in ASKED:
        look(prompt, done=1)
        said_and_shown(page, prompt)


def said_and_shown(page, prompt: str) -> None:
    """Fail the test where the page does not ask for this turn as it should."""
    assert ASKED[prompt] == page.inner_text("#ask-words")
    until(lambda: page.inner_text("#said") == ASKED[prompt])
    assert "1 of 3 turns done" == page.get_attribute("#ask-steps", "aria-label")
    assert (3, 1) == (page.locator("#ask-steps .dot").count(), page.locator("#ask-steps .done").count())
    assert ("hint", "") == (page.evaluate("document.activeElement.id"), page.inner_text("#hint"))
    turned = {"left": "none", "right": "180deg", "up": "90deg"}
    if prompt in turned:
        assert turned[prompt] == page.evaluate("getComputedStyle(document.querySelector('.arrow')).rotate")
        assert "none" == page.evaluate("getComputedStyle(document.querySelector('.arrow .icon')).animationName")
    assert (prompt != "straight", prompt == "straight") == (page.is_visible(".arrow"), page.is_visible(".ahead"))
    large = page.evaluate("parseFloat(getComputedStyle(document.querySelector('.words')).fontSize)")
    assert large >= 24
    nothing_of(page.evaluate(STICKS_OUT), "sticks out")
    accessible(page)


@pytest.mark.parametrize(("top", "side"), [(0.1, "below"), (0.5, "above")])
def test_what_is_asked_hides_no_face(asking, top, side):
    """It stands in the half of the picture where the face is not, and stays there while it is asked."""
    page, look = asking(width=1280, height=800)
    look("straight", box=[0.4, top, 0.2, 0.3])
    look("left", box=[0.4, 0.6 - top, 0.2, 0.3])
    assert side == page.get_attribute("#ask", "data-side")
    middle, stage = page.evaluate(
        "['#ask', '.stage'].map((each) => document.querySelector(each).getBoundingClientRect())"
        ".map(({ top, bottom }) => (top + bottom) / 2)"
    )
    assert ("below" if middle > stage else "above") == side
    nothing_of(page.evaluate(STICKS_OUT), "sticks out")


def test_a_new_try_is_said(asking):
    """In plain words, without a reason."""
    page, look = asking()
    look("straight", nth=2)
    assert "Once more, please." == page.inner_text("#ask-more")
    until(lambda: page.inner_text("#said") == "Once more, please. Now look straight ahead")


@pytest.mark.parametrize("size", [{"width": 390, "height": 844}, {"width": 1280, "height": 800}])
def test_nobody_must_turn_the_head(hall, asking, size):
    """One button, without a reason, leads to PIN, code and badge of one size; by keyboard, too, to the mark."""
    page, look = asking(**size)
    look("left")
    page.keyboard.press("Tab")
    assert "I cannot turn my head" == page.evaluate("document.activeElement.textContent")
    page.keyboard.press("Enter")
    page.wait_for_selector("#other:not([hidden])")
    assert "other-title" == page.evaluate("document.activeElement.id")
    assert ["PIN", "QR code", "Badge"] == page.locator("#other .way").all_inner_texts()
    nothing_of(page.evaluate(STICKS_OUT), "sticks out")
    accessible(page)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("#typing:not([hidden])")
    page.keyboard.type(hall.pin)
    page.keyboard.press("Enter")
    assert ("Ada Lovelace", "You came in") == told(page)


def test_a_badge_is_read_where_another_way_is_chosen(asking):
    """There, as on the first screen."""
    page, look = asking()
    look("right")
    page.click("#cannot")
    page.wait_for_selector("#other:not([hidden])")
    page.keyboard.type("04A1B2C3D4")
    page.keyboard.press("Enter")
    assert ("Ada Lovelace", "You came in") == told(page)


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("liveness_unsure", "Please use PIN, QR code or badge, or ask at the desk."),
        (
            "liveness_attack",
            "We are not sure. Please use PIN, QR or badge, or ask at the desk. A person will look at it.",
        ),
    ],
)
def test_who_did_not_turn_is_shown_the_other_ways(asking, reason, words):
    """When the time is over: what to do now, and nothing about anybody; the same in the result."""
    page, look = asking()
    look("left")
    look("", state="review", reasons=[reason])
    until(lambda: page.inner_text("#hint") == words)
    assert not page.is_visible("#cannot")
    assert page.is_visible("#looking .actions [data-way=pin]")
    result = {
        "state": "review",
        "method": "face",
        "name": None,
        "at": None,
        "mark": None,
        "undo_s": 0,
        "detail": reason,
    }
    page.evaluate("result => { results.push(result) }", result)
    page.wait_for_selector("#result:not([hidden])")
    assert ["We are not sure", "Please use PIN, QR or badge, or ask at the desk.", "A person will look at it."] == [
        page.inner_text(f"#result-{part}") for part in ("title", "state", "more")
    ]


def test_what_is_asked_fits_every_screen(asking):
    """From 320 x 480 to 4K, upright and lying: the words, the button and the other ways."""
    page, look = asking()
    found = []
    look("right", done=2)
    for wide, high in SCREENS:
        page.set_viewport_size({"width": wide, "height": high})
        found += [f"{wide} x {high} asked: {each}" for each in page.evaluate(STICKS_OUT)]
    page.set_viewport_size({"width": 390, "height": 844})
    page.click("#cannot")
    for wide, high in SCREENS:
        page.set_viewport_size({"width": wide, "height": high})
        found += [f"{wide} x {high} other: {each}" for each in page.evaluate(STICKS_OUT)]
    nothing_of(found, "sticks out")


def test_the_page_of_pins_codes_and_badges(hall, new_tab):
    """A PIN is given and shown, a code appears; it fits every width and is accessible."""
    from browser_world import fits

    page = new_tab()
    page.goto(f"/people/{hall.app.gallery.find('A').id}/ways")
    page.click("text=Give a new PIN")
    page.wait_for_selector(".shown")
    page.click("text=Give a QR code")
    page.wait_for_selector("img.code")
    accessible(page)
    fits(page)


def shown(astronaut, tmp_path):
    """A film of a portrait that moves a little, and the photo that it was made of."""
    photo = tmp_path / "astronaut.jpg"
    Image.fromarray(astronaut).save(photo, quality=95)
    room = np.full((480, 640, 3), 128, np.uint8)
    room[:, 80:560] = np.asarray(Image.fromarray(astronaut).resize((480, 480)))
    return photo, film(tmp_path / "face.mjpeg", *(np.roll(room, shift, 1) for shift in (0, 2, 4, 3, 1)))


FRAMES = "**/kiosk/frames?*"


def test_pictures_that_are_put_in_on_the_way_mark_nobody(hall, kiosk, astronaut, tmp_path):
    """Somebody between page and service puts a portrait in the place of each frame: refused, and said so plainly."""
    photo, _ = shown(astronaut, tmp_path)
    hall.app.enroll(photo, name="Eileen Collins", external_id="E")
    page = kiosk(allow=("409",))
    statuses = []

    def swap(route):
        answer = route.fetch(post_data=photo.read_bytes())
        statuses.append((answer.status, answer.json().get("id")))
        route.fulfill(response=answer)

    page.route(FRAMES, swap)
    page.click("#by-face")
    assert ("That did not work", "refused") == (told(page)[0], page.get_attribute("#result", "data-state"))
    assert ([(409, "kiosk.frame")] * 2, []) == (statuses, marks(hall.app, "E"))


def test_a_page_whose_answer_was_lost_begins_anew_by_itself(hall, kiosk, astronaut, tmp_path):
    """The service took the frame, the network lost the answer: nobody has to do anything, and the face is marked."""
    photo, face = shown(astronaut, tmp_path)
    hall.app.enroll(photo, name="Eileen Collins", external_id="E")
    page = kiosk(video=face, allow=("net::ERR_FAILED", "Failed to load resource"))
    begun, lost = [], []
    page.on("request", lambda each: begun.append(each.url) if each.url.endswith("/kiosk/runs") else None)

    def lose(route):
        if lost:
            return route.continue_()
        lost.append(route.fetch().status)
        return route.abort()

    page.route(FRAMES, lose)
    page.click("#by-face")
    assert ("Eileen Collins", "You came in") == told(page)
    assert ([200], 2) == (lost, len(begun))


def test_a_page_goes_on_when_the_service_has_begun_anew(hall, kiosk, astronaut, tmp_path):
    """What it looked by is forgotten there, as after a restart: the page begins a new run, and the face is marked."""
    photo, face = shown(astronaut, tmp_path)
    hall.app.enroll(photo, name="Eileen Collins", external_id="E")
    page = kiosk(video=face, allow=("409",))
    seen = []

    def forget(route):
        if not seen:
            hall.app.kiosks._here.clear()
        seen.append(route.request.url)
        route.continue_()

    page.route(FRAMES, forget)
    page.click("#by-face")
    assert ("Eileen Collins", "You came in") == told(page)


def test_the_page_tells_what_its_camera_is_called(kiosk):
    """When it begins to look, and of that camera alone."""
    page = kiosk()
    with page.expect_request("**/kiosk/runs") as asked:
        page.click("#by-face")
    assert {"camera": "fake_device_0"} == asked.value.post_data_json


CALLED = (
    "const label = Object.getOwnPropertyDescriptor(MediaStreamTrack.prototype, 'label');"
    "Object.defineProperty(MediaStreamTrack.prototype, 'label', { ...label, get: () => 'OBS Virtual Camera' });"
)


@pytest.mark.parametrize("liveness", ["review"])
def test_before_a_program_that_poses_as_a_camera_nobody_is_marked(hall, kiosk, astronaut, tmp_path):
    """Its name goes to the service, and the person is told kindly that somebody will look."""
    photo, face = shown(astronaut, tmp_path)
    hall.app.enroll(photo, name="Eileen Collins", external_id="E")
    page = kiosk(video=face, allow=("409",))  # a frame may be on its way when all is closed
    page.evaluate(CALLED)
    page.click("#by-face")
    until(lambda: page.inner_text("#hint").startswith("We are not sure."), seconds=60)
    page.keyboard.press("Escape")
    hall.app.kiosks.close()  # whoever was in view is reported
    (waits,) = hall.app.reviews.waiting()
    assert (True, []) == ("virtual_camera" in waits.sighting.reasons, marks(hall.app, "E"))
