"""The kiosk's page and what it sends, and the page of PINs, codes and badges, without a browser."""

import re
from types import SimpleNamespace

import pytest
from kiosk_world import Page, Shots, frame, live
from starlette.testclient import TestClient

from attendance.access import Actor
from attendance.web.build import build
from attendance.web.routes.kiosk import _share

CLERK = Actor("clerk")


@pytest.fixture
def pipeline(fake):
    return live(fake)


@pytest.fixture
def hall(app, draw, site, clock):
    """A home with Ada (7b) and Bob, a kiosk in the hall, and a browser that is it; `made` is its token."""
    app.enroll(draw("a.png", (1,)), name="Ada", external_id="A", groups=["7b"])
    app.enroll(draw("b.png", (2,)), name="Bob", external_id="B")
    app.places.add(CLERK, "Hall", kind="kiosk", direction="in")
    made = app.tokens.add_kiosk(CLERK, "Hall")
    browser = TestClient(
        build(site), base_url=site.public, follow_redirects=False, headers={"Accept": "application/json"}
    )
    answer = browser.post("/kiosk/pair", data={"token": made.secret})
    page = Page(app, made.token, clock)
    page.ask()
    yield SimpleNamespace(app=app, made=made, browser=browser, paired=answer, page=page)
    app.kiosks.close()


def test_a_pairing_link_makes_a_kiosk_of_a_browser(hall, client):
    """The token goes into a cookie that no script reads and no other site sends; then the page is the kiosk's."""
    assert (303, "/kiosk") == (hall.paired.status_code, hall.paired.headers["location"])
    cookie = hall.paired.headers["set-cookie"].lower()
    assert all(part in cookie for part in ("kiosk=", "httponly", "samesite=strict"))
    assert "Make this browser a kiosk" in client.get("/kiosk").text
    assert "Welcome!" in hall.browser.get("/kiosk").text


@pytest.mark.parametrize("token", ["", "att_nothing", "x" * 150])
def test_another_token_makes_no_kiosk(client, token):
    """The form says so at its field, and no cookie is set."""
    answer = client.post("/kiosk/pair", data={"token": token})
    assert (422, None, True) == (
        answer.status_code, answer.headers.get("set-cookie"), "belongs to no kiosk" in answer.text,
    )  # fmt: skip


def test_the_first_screen_says_what_is_done_and_offers_four_equal_ways(hall):
    """The notice stands in the page before any script runs; face, PIN, code and badge are the same kind of button."""
    text = hall.browser.get("/kiosk").text
    told = re.sub(r"\s+", " ", re.sub("<[^>]+>", "", text))
    assert "The camera opens only if you choose Face or QR code." in told
    assert "not stored, unless a person must look at it: then the people in charge of attendance see your face" in told
    assert "for at most 30 days." in told
    assert re.search(r"Of [\d,]+ strangers, \d+ may be taken for somebody\.", told)
    assert ["face", "pin", "qr", "badge"] == re.findall(r'class="way" id="by-(\w+)"', text)


@pytest.mark.parametrize(
    ("target", "told"),
    [(0.003, ("3", "1,000")), (0.00075, ("8", "10,000")), (0.1, ("100", "1,000")), (1e-6, ("1", "1,000,000"))],
)
def test_a_share_of_strangers_is_told_in_whole_people(target, told):
    """Of 1,000, or of as many more as make at least one."""
    assert told == _share(target)


def test_the_worker_may_serve_the_kiosk_alone(client):
    """It is asked for anew each time, and reaches no further than /kiosk."""
    answer = client.get("/kiosk/worker.js")
    assert (200, "/kiosk", "no-cache") == (
        answer.status_code, answer.headers["service-worker-allowed"], answer.headers["cache-control"],
    )  # fmt: skip


def test_frames_are_answered(hall, clock):
    """A face before the camera is told by name after some frames; the same number again is refused."""
    shots = Shots(hall.browser, hall.page)
    shots.begin(camera="Integrated Camera (0000:0001)")
    results = []
    for _ in range(11):
        clock.forward(seconds=0.2)
        answer = shots.send(frame(1))
        assert 200 == answer.status_code
        results += answer.json()["results"]
    assert [("present", "Ada")] == [(each["state"], each["name"]) for each in results]
    hall.page.number -= 1
    again = shots.send(frame(1))
    assert (409, "kiosk.frame") == (again.status_code, again.json()["id"])
    assert {} == hall.browser.post("/kiosk/runs/end", json={"run": hall.page.run}).json()


@pytest.mark.parametrize(
    ("query", "data", "status"),
    [
        ("run=x&number=1", b"", 409),
        ("run=x&number=0", b"", 422),
        ("run=x", b"", 422),
        ("run=x&number=" + "9" * 30, b"", 422),
        ("run=" + "x" * 100 + "&number=1", b"", 422),
        ("run=x&number=1&nonce=" + "x" * 100, b"", 422),
        ("run=x&number=1&signature=" + "x" * 300, b"", 422),
        ("run=x&number=1&light=%0A", b"", 422),
        ("run=x&number=1&light=" + "1" * 30, b"", 422),
    ],
)
def test_odd_frames_are_refused(hall, query, data, status):
    """No run of this kiosk, no number, and none that could be."""
    assert status == hall.browser.post(f"/kiosk/frames?{query}", content=data).status_code


def test_entries_are_taken_by_the_page(hall):
    """A PIN marks; the mark is taken back by the same page within five seconds, and not later."""
    given = hall.app.credentials.give_pin(CLERK, "A")
    kept = hall.page.entry("pin", given.number + given.pin)
    sent = {
        "page": hall.page.page,
        "seconds": hall.page.seconds,
        "entries": [{"body": kept.body, "signature": kept.signature}],
    }
    (told,) = hall.browser.post("/kiosk/entries", json=sent).json()["answers"]
    assert ("present", "Ada") == (told["state"], told["name"])
    assert "undone" == hall.browser.post("/kiosk/undo", json={"mark": told["mark"]}).json()["state"]
    late = hall.browser.post("/kiosk/undo", json={"mark": told["mark"]})
    assert (422, "kiosk.undo") == (late.status_code, late.json()["id"])


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"page": "x", "seconds": -1, "entries": []},
        {"page": "x", "seconds": 0, "entries": [{}]},
        {"page": "x", "seconds": "NaN", "entries": []},
    ],
)
def test_odd_messages_are_refused(hall, sent):
    """What lacks a part, or says what cannot be."""
    assert 422 == hall.browser.post("/kiosk/entries", json=sent).status_code


def test_nobody_but_a_kiosk_sends(client, signed_in):
    """Neither somebody who is not signed in, nor an admin."""
    assert 401 == client.get("/kiosk/state", headers={"Accept": "application/json"}).status_code
    admin = signed_in()
    answer = admin.post("/kiosk/runs", headers={"Accept": "application/json", "X-Form-Token": admin.token})
    assert (403, "access.refused") == (answer.status_code, answer.json()["id"])


def test_a_revoked_kiosk_is_none_any_more(hall):
    """From the next request on."""
    assert 200 == hall.browser.get("/kiosk/state").status_code
    hall.app.tokens.revoke(CLERK, hall.made.token.id)
    assert 401 == hall.browser.get("/kiosk/state").status_code


# The page of a person


@pytest.fixture
def ada(hall) -> str:
    """The address of Ada's ways."""
    return f"/people/{hall.app.gallery.find('A').id}/ways"


def test_a_pin_is_shown_once(hall, ada, signed_in):
    """On the answer to the form, and on no page after it."""
    admin = signed_in()
    shown = admin.form(f"{ada}/pin")
    number, pin = re.search(r'shown number"><span>(\d+)</span> <b>(\d{4})</b>', shown.text).groups()
    assert "Ada" == hall.app.credentials.whose("pin", number + pin, where="hall").name
    later = admin.get(ada).text
    assert (True, False) == (f">{number}<" in later, f">{pin}<" in later)
    assert "no-store" == shown.headers["cache-control"]


def test_a_code_is_given_printed_and_taken_away(hall, ada, signed_in):
    """Its picture is drawn for whoever may see the person; when it is taken away nothing is left of it."""
    admin = signed_in()
    assert 303 == admin.form(f"{ada}/qr").status_code
    (held,) = hall.app.credentials.of("A")
    picture = admin.get(f"{ada}/{held.id}/qr.svg")
    assert ("image/svg+xml", "no-store") == (picture.headers["content-type"], picture.headers["cache-control"])
    assert b"\x89PNG" == admin.get(f"{ada}/{held.id}/qr.png").content[:4]
    assert "Ada" in admin.get(f"{ada}/{held.id}/card").text
    assert 303 == admin.form(f"{ada}/{held.id}/remove").status_code
    assert ([], 404) == (hall.app.credentials.of("A"), admin.get(f"{ada}/{held.id}/qr.svg").status_code)


def test_a_badge_is_read_into_the_form_and_a_bad_one_is_told_there(hall, ada, signed_in):
    """Somebody else's, and what is none, are refused at the field."""
    admin = signed_in()
    assert 303 == admin.form(f"{ada}/badge", text="04A1B2C3").status_code
    bob = ada.replace(str(hall.app.gallery.find("A").id), str(hall.app.gallery.find("B").id))
    taken, short = admin.form(f"{bob}/badge", text="04A1B2C3"), admin.form(f"{bob}/badge", text="1")
    assert (409, 422) == (taken.status_code, short.status_code)
    assert "Somebody else has this badge" in taken.text


def test_teachers_give_to_their_own_people_alone(hall, ada, signed_in):
    """Of others not even whether there is anything."""
    own, foreign = signed_in("teacher", ["7b"]), signed_in("teacher", ["8a"])
    held = hall.app.credentials.give_qr(CLERK, "A")
    assert (200, 404) == (own.get(ada).status_code, foreign.get(ada).status_code)
    assert (200, 404) == (own.form(f"{ada}/pin").status_code, foreign.form(f"{ada}/pin").status_code)
    assert 404 == foreign.get(f"{ada}/{held.id}/qr.svg").status_code
    bob = hall.app.gallery.find("B").id
    assert 404 == own.form(f"/people/{bob}/ways/{held.id}/remove").status_code
    assert 404 == own.form(f"{ada}/999/remove").status_code
