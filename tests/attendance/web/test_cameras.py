"""The pages of cameras: who sees which, what can be done there, and nothing of an address but what may be seen."""

import asyncio
import contextlib
import re

import pytest

from attendance.access import Actor, Visitor
from attendance.services.virtualcameras import note_program
from attendance.web.routes import live
from attendance.web.site import Site

ADMIN = Actor("Ines", frozenset({"admin"}), "web")
SECRET = "rtsp://door:s3cret@10.0.0.8/live"  # noqa: S105 - a camera's address


@pytest.fixture
def doors(app, draw):
    """A camera of 7b, one of nobody's, and a kiosk; the numbers of their places."""
    app.enroll(draw("ada.png", (7,)), name="Ada", groups=["7b"])
    made = [
        app.places.add(ADMIN, "Front door", SECRET, group="7b"),
        app.places.add(ADMIN, "Back gate", "rtsp://10.0.0.9/live"),
        app.places.add(ADMIN, "Reception", kind="kiosk"),
    ]
    return [each.place.id for each in made]


@pytest.mark.usefixtures("doors")
def test_an_admin_sees_all(signed_in):
    """An admin sees every camera and kiosk, and no password."""
    text = signed_in().get("/cameras").text
    assert [True] * 3 == [each in text for each in ("Front door", "Back gate", "Reception")]
    assert "s3cret" not in text


def test_a_teacher_sees_cameras_of_their_groups(signed_in, doors):
    """A teacher sees the cameras of their groups, without anything that changes them; others are not there for them."""
    front, back, _ = doors
    teacher = signed_in("teacher", ["7b"])
    text = teacher.get("/cameras").text
    assert "Front door" in text
    assert [False] * 4 == [each in text for each in ("Back gate", "Reception", "/start", "Add a camera")]
    assert teacher.get(f"/cameras/{front}").status_code == 200
    assert [each["name"] for each in teacher.get("/cameras/status").json()["cameras"]] == ["Front door"]
    for path in ("", "/picture.jpg", "/live", "/last"):
        gone, foreign = teacher.get(f"/cameras/999{path}"), teacher.get(f"/cameras/{back}{path}")
        assert (gone.status_code, foreign.status_code) == (404, 404)
        said = [re.search(r'role="alert">(.*?)</p>', each.text)[1] for each in (gone, foreign)]
        assert said[0].replace("999", "N") == said[1].replace(str(back), "N")


@pytest.mark.parametrize(
    "path", ["/cameras/{}/start", "/cameras/{}/stop", "/cameras/{}/restart", "/cameras/{}/change", "/cameras/{}/retire"]
)
def test_a_teacher_changes_no_camera(app, signed_in, doors, path):
    """Only admins start, stop and change cameras."""
    assert signed_in("teacher", ["7b"]).form(path.format(doors[0])).status_code == 403
    assert not app.cameras.numbered(doors[0]).wanted


def test_start_stop_restart(app, signed_in, doors):
    """Each button does what it says, as its actor, and says so on the page that follows."""
    admin = signed_in(name="Ines")
    answer = admin.form(f"/cameras/{doors[0]}/start", back="all")
    assert (answer.status_code, answer.headers["location"]) == (303, "/cameras")
    assert "Front door is watched from now on" in admin.get("/cameras").text
    assert app.cameras.numbered(doors[0]).wanted
    assert admin.form(f"/cameras/{doors[0]}/restart").headers["location"] == f"/cameras/{doors[0]}"
    admin.form(f"/cameras/{doors[0]}/stop")
    assert not app.cameras.numbered(doors[0]).wanted


def test_add_a_camera(app, signed_in):
    """A camera that is added is watched if that is wanted, and its address is sealed."""
    admin = signed_in()
    answer = admin.form("/cameras/add", name="Front door", address=SECRET, begin="1", direction="in")
    number = app.places.find("Front door").place.id
    assert (answer.status_code, answer.headers["location"]) == (303, f"/cameras/{number}")
    health = app.cameras.numbered(number)
    assert health.wanted
    assert app.places.find("Front door").place.direction == "in"
    shown = admin.get(f"/cameras/{number}").text
    assert "rtsp://***@10.0.0.8/live" in shown
    assert "s3cret" not in shown


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"name": "Door", "address": ""}, "A camera needs an address"),
        ({"name": "Door", "address": "ftp://u:s3cret@x/y"}, "scheme"),
        ({"name": "", "address": "0"}, "name"),
        ({"name": "rtsp://u:s3cret@10.0.0.1/x", "address": "0"}, "address"),
        ({"name": "Door", "address": "http://127.0.0.1:8400/"}, "this service"),
        ({"name": "Door", "address": "rtsp://10.0.0.1/x", "target_fpir": "many"}, "target_fpir"),
        ({"name": "Door", "address": "rtsp://10.0.0.1/x", "group": "nobody"}, "There is no group"),
        ({"name": "Door", "address": "rtsp://10.0.0.1/x", "direction": "up"}, "in or out"),
    ],
)
def test_bad_input_is_said_at_its_field(app, signed_in, given, told):
    """A form that cannot be is shown again with what was typed and what is wrong; nothing is added."""
    app.cameras.served_at(8400)
    answer = signed_in().form("/cameras/add", **given)
    assert answer.status_code == 422
    assert told in answer.text
    assert app.places.all() == []


def test_change_keeps_the_address(app, signed_in, doors):
    """A change that names no address keeps it; one that names another takes that."""
    admin = signed_in()
    page = admin.get(f"/cameras/{doors[0]}/change").text
    assert "rtsp://***@10.0.0.8/live" in page
    assert "s3cret" not in page
    admin.form(f"/cameras/{doors[0]}/change", group="7b", site="North")
    assert app.places.camera("Front door")[1].value == SECRET
    assert app.places.find("Front door").place.site == "North"
    admin.form(f"/cameras/{doors[0]}/change", address="rtsp://10.0.0.5/x")
    assert app.places.camera("Front door")[1].value == "rtsp://10.0.0.5/x"
    assert app.places.find("Front door").place.group is None


def test_retire_and_restore(app, signed_in, doors):
    """A place out of use is listed as that, and comes back."""
    admin = signed_in()
    admin.form(f"/cameras/{doors[1]}/retire")
    assert "Out of use" in admin.get("/cameras").text
    assert admin.get("/cameras/status").json()["cameras"][0]["name"] == "Front door"
    admin.form(f"/cameras/{doors[1]}/restore")
    assert app.places.find("Back gate").place.active


def test_a_kiosk_is_paired_by_a_link_that_is_shown_once(app, signed_in):
    """Adding a kiosk shows a link and its QR code; the list of kiosks shows neither, and taking it back ends it."""
    admin = signed_in()
    answer = admin.form("/cameras/kiosks/add", name="Reception")
    secret = re.search(r"/kiosk/pair#([\w-]+)", answer.text)[1]
    assert answer.status_code == 200
    assert "<svg" in answer.text
    assert answer.headers["cache-control"] == "no-store"
    token = app.tokens.found(secret, "kiosk")
    assert secret not in admin.get("/cameras").text
    admin.form(f"/cameras/kiosks/tokens/{token.id}/revoke")
    assert app.tokens.found(secret, "kiosk") is None


def test_pairing_again_keeps_the_tablets_that_are(app, signed_in, doors):
    """Another tablet gets a link of its own; a camera has none."""
    admin = signed_in()
    secrets = [
        re.search(r"/kiosk/pair#([\w-]+)", admin.form(f"/cameras/kiosks/{doors[2]}/pair").text)[1] for _ in range(2)
    ]
    assert all(app.tokens.found(each, "kiosk") for each in secrets)
    assert admin.form(f"/cameras/kiosks/{doors[0]}/pair").status_code == 422


def test_a_place_whose_camera_is_a_program_is_told_of(app, signed_in, doors):
    """A camera and a kiosk, each at its place; what such a program calls itself is no markup."""
    admin, kiosk = signed_in(), app.tokens.add_kiosk(ADMIN, "Reception").token
    assert "a program that poses as a camera" not in admin.get("/cameras").text
    app.kiosks.begin(Visitor.of_token(kiosk).actor, kiosk, camera="<b>OBS</b> Virtual Camera")
    gate = app.cameras.numbered(doors[1])
    note_program(app.gallery, ADMIN, app.clock, app.places.camera(gate.name)[0], "ManyCam")
    text = admin.get("/cameras").text
    for shown in ("&lt;b&gt;OBS&lt;/b&gt; Virtual Camera", "ManyCam"):
        assert f"The pictures come from <b>{shown}</b>, a program that poses as a camera." in text
    app.kiosks.close()


def test_a_kiosk_without_a_name_is_said(signed_in):
    """The form for a kiosk says what is missing."""
    answer = signed_in().form("/cameras/kiosks/add", name=" ")
    assert answer.status_code == 422


def test_picture_of_what_is_not_watched(signed_in, doors):
    """A camera that is not watched has a picture that says so; it may be stored nowhere."""
    answer = signed_in().get(f"/cameras/{doors[0]}/picture.jpg")
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.content.startswith(b"\xff\xd8")
    assert answer.headers["cache-control"] == "no-store"


def test_status_tells_how_each_does(signed_in, doors):
    """The status of a camera holds its state, figures and counts, and no address."""
    told = signed_in().get("/cameras/status")
    first = told.json()["cameras"][0]
    assert {
        "number": doors[1],
        "name": "Back gate",
        "wanted": False,
        "state": "off",
        "judged": 0,
    }.items() <= first.items()
    assert "10.0.0" not in told.text


@pytest.mark.parametrize(
    "path", ["/cameras", "/cameras/add", "/cameras/1", "/cameras/1/live", "/cameras/kiosks/add", "/events"]
)
def test_nobody_sees_a_camera_without_signing_in(client, path):
    """Whoever is not signed in is sent to do so."""
    assert client.get(path).status_code == 303


def test_pages_are_told_of_changes_alone(app, doors, monkeypatch):
    """A page hears of each camera once, then of what has changed, and that cameras were added or taken away."""
    monkeypatch.setattr(live, "TOLD_S", 0.01)
    site = Site(app)

    async def play():
        told = live._told(site, None)
        first = [await anext(told) for _ in range(2)]
        app.cameras.begin(ADMIN, "Back gate")
        changed = await anext(told)
        app.places.retire(ADMIN, "Back gate")
        gone = await anext(told)
        await told.aclose()
        return first, changed, gone

    first, changed, gone = asyncio.run(play())
    assert [("camera", doors[1]), ("camera", doors[0])] == [(each.event, each.data["number"]) for each in first]
    assert (changed.data["number"], changed.data["wanted"]) == (doors[1], True)
    assert gone.event == "cameras"


def test_a_slow_browser_gets_the_newest_picture():
    """Pictures that came while a browser was busy are passed over."""
    offered = iter([b"first", b"second", b"third"])

    class Watched:
        newest = b""

        def picture(self):
            self.newest = next(offered)
            return self.newest

        @contextlib.contextmanager
        def watched(self, wake):
            self.wake = wake
            yield

    stand_in = Watched()

    async def play():
        pictures = live._pictures(stand_in)
        got = [await anext(pictures)]
        for _ in range(2):
            stand_in.picture()
            stand_in.wake()
        got.append(await anext(pictures))
        await pictures.aclose()
        return got

    assert asyncio.run(play()) == [b"first", b"third"]
