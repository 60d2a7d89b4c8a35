"""Places: cameras and kiosks by name, their addresses sealed; what is seen there names them and shows no more."""

import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from live_world import ScriptedCamera, World
from servers import raw

from attendance import Attendance
from attendance.cameras import Kind
from attendance.errors import (
    CameraAddress,
    CameraMissing,
    GroupUnknown,
    MarkDirection,
    PlaceAddress,
    PlaceExists,
    PlaceName,
    PlaceRetired,
    PlaceUnknown,
    PlaceUsed,
    SettingValue,
)
from attendance.services.doctor import Doctor
from attendance.services.places import ALTERED
from attendance.services.watching import run_camera
from gallery import PersonInvalid, history
from gallery.repositories import sightings
from refusal import Refusal

ADDRESS = "rtsp://door:s3cret@camera.example:554/live"
SHOWN = "rtsp://***@camera.example:554/live"


@pytest.fixture
def door(app, draw):
    """Ada of 7b and Bob are enrolled; a camera at the front door looks for 7b, more strictly than elsewhere."""
    app.enroll(draw("ada.png", (1,)), name="Ada", external_id="A", groups=["7b"])
    app.enroll(draw("bob.png", (2,)), name="Bob", external_id="B")
    return app.places.add(app.actor, "Front door", ADDRESS, site="North", group="7b", target_fpir="0.1%").place


def told(app) -> list[tuple]:
    """The events of places, in order."""
    with app.store.reading() as view:
        return [(e.action, e.subject, e.details) for e in history(view) if e.action.startswith("place.")]


def test_a_place_is_listed_without_its_password(app, door):
    """All that was given is shown but the password; the address itself is that of the camera."""
    (row,) = [each.to_dict() for each in app.places.all()]
    assert {
        "name": "Front door", "kind": "camera", "address": SHOWN, "site": "North", "group": "7b",
        "target_fpir": 0.001, "direction": None, "created": "2026-03-02T07:58:11.204Z", "active": True,
    } == row  # fmt: skip
    found, address = app.places.camera("Front door")
    assert (door, Kind.STREAM, ADDRESS, SHOWN) == (found, address.kind, address.value, address.shown)
    assert [("place.add", str(door.id), {"kind": "camera"})] == told(app)


def test_parts_are_changed_one_by_one(app, door):
    """What is named changes, what is not stays, None and an empty text take away; the log tells what, not from what."""
    app.places.change(app.actor, "Front door", address="0", target_fpir=0.02)
    assert ("0", "North", 0.02) == (
        app.places.find("Front door").address, app.places.find("Front door").place.site,
        app.places.find("Front door").place.target_fpir,
    )  # fmt: skip
    changed = app.places.change(app.actor, "Front door", site="", group=None, target_fpir="none").place
    assert (None, None, None) == (changed.site, changed.group, changed.target_fpir)
    assert [
        ("place.change", str(door.id), {"changed": ["address", "target_fpir"]}),
        ("place.change", str(door.id), {"changed": ["group_id", "site", "target_fpir"]}),
    ] == told(app)[1:]


def test_people_go_one_way_there(app, door):
    """A place may say in which direction people go; an empty text takes that away, and the log tells no direction."""
    assert ("in", "out") == (
        app.places.add(app.actor, "Gate", "0", direction="IN").place.direction,
        app.places.change(app.actor, "Front door", direction="out").to_dict()["direction"],
    )
    assert app.places.change(app.actor, "Front door", direction="").place.direction is None
    assert [("place.change", str(door.id), {"changed": ["direction"]})] * 2 == told(app)[-2:]
    with pytest.raises(MarkDirection, match="Front door: 'through' is neither in nor out"):
        app.places.change(app.actor, "Front door", direction="through")


def test_marks_are_of_the_way_of_their_place(app, door, pipeline):
    """What is seen at a place is of its direction, unless another is given for the check."""
    place = app.places.change(app.actor, "Front door", group="", target_fpir="", direction="in").place
    given = [app.scope(place=place), app.scope(place=place, direction="out")]
    assert ["in", "out"] == [scope.direction for scope in given]
    (decision,) = app.judge([pipeline._face(0, 1, 90, 80)], source="door")
    found = [app.desk.record(replace(decision, track=1), scope, means="camera") for scope in (*given, given[0])]
    assert ["present", "present", "present"] == [each.decision for each in found]
    assert ["in", "out", "in"] == [each.mark.direction for each in app.session_book.marks()]
    assert {place.id} == {door.id}


def test_a_place_that_has_looked_stays(app, door):
    """A place before which nobody came is recorded all the same: it has looked, and can only be retired."""
    app.desk.record_picture([], app.scope(place=door), means="camera")
    with pytest.raises(PlaceUsed):
        app.places.remove(app.actor, "Front door")


def test_a_group_that_was_for_the_place_alone_goes_with_it(app, door):
    """A group without people stays as long as a place is for it, and no longer."""
    app.people.put_in(app.actor, "Ada", [])
    assert ["7b"] == app.gallery.groups()
    app.places.change(app.actor, door.name, group="")
    assert [] == app.gallery.groups()


def test_a_place_out_of_use(app, door):
    """A retired place is asked by no check until it is restored; its name stays taken; all is in the log, once."""
    for _ in range(2):
        assert not app.places.retire(app.actor, door.name).place.active
    with pytest.raises(PlaceRetired):
        app.watch("Front door")
    with pytest.raises(PlaceExists, match="retired place of this name"):
        app.places.add(app.actor, "Front door", "0")
    assert app.places.restore(app.actor, door.name).place.active
    assert door == app.scopes.before("Front door")[1].place
    assert ["place.add", "place.retire", "place.restore"] == [action for action, *_ in told(app)]


def test_what_is_removed(app, door):
    """A place that no sighting names goes, one that has seen somebody stays as it is."""
    app.places.add(app.actor, "Yard", "1")
    assert "Yard" == app.places.remove(app.actor, "Yard").name
    scope = app.scope(place=door)
    (found,) = app.judge(app.pipeline.faces(face(1, 90)), source="Front door", group="7b")
    app.desk.record(found, scope, means="camera")
    with pytest.raises(PlaceUsed):
        app.places.remove(app.actor, "Front door")
    assert ["Front door"] == [each.place.name for each in app.places.all()]
    assert "place.remove" == told(app)[-1][0]


def test_a_removed_address_is_no_longer_in_the_file(app):
    """The sealed address of a place that was removed, or given another, is overwritten."""
    app.places.add(app.actor, "Yard", ADDRESS)
    sealed = sealed_addresses(app)
    app.places.change(app.actor, "Yard", address="rtsp://new:n3w@camera.example/live")
    sealed += sealed_addresses(app)
    app.places.remove(app.actor, "Yard")
    files = [path.read_bytes() for path in app.home.iterdir()]
    assert (2, []) == (len(set(sealed)), [each for each in sealed for file in files if each in file])


def sealed_addresses(app) -> list[bytes]:
    from gallery.schema import PlaceRow

    with app.store.reading() as view:
        return [row.address for row in view.query(PlaceRow) if row.address]


def test_an_address_that_was_altered_is_given_anew(app, door):
    """A sealed address that does not open stops neither the list nor a change; watching there is refused."""
    with raw(app.home) as run:
        run("UPDATE place SET address = CAST(address || x'00' AS BLOB)")
    assert [ALTERED] == [each.address for each in app.places.all()]
    with pytest.raises(PlaceAddress, match="does not open"):
        app.places.camera("Front door")
    (defect,) = app.gallery.verify()
    assert ("gallery.template_altered", "address of place Front door") == (defect.id, defect.where.split(",")[0])
    assert not app.places.retire(app.actor, door.name).place.active
    app.places.restore(app.actor, door.name)
    assert SHOWN == app.places.change(app.actor, door.name, address=ADDRESS).address
    assert [] == app.gallery.verify()


@pytest.mark.parametrize(
    "name",
    [
        "0",
        " 7 ",
        "٣",
        "rtsp://a:s3cret@h/x",
        "ftp://h",
        "Door rtsp://a:s3cret@h",
        "/dev/video0",
        "./a",
        "~/b.mp4",
        "door:s3cret@cam/live",
        "10.0.0.9/video.cgi?user=a&pwd=s3cret",
        "\\\\nas\\door.mp4",
    ],
)
def test_a_name_is_no_address(app, name):
    """What is an address, good or not, can name no place, and the refusal does not show its password."""
    with pytest.raises(PlaceName) as caught:
        app.places.add(app.actor, name, "0")
    assert "s3cret" not in caught.value.line
    assert [] == app.places.all()


def test_a_name_is_no_file(app, tmp_path, monkeypatch):
    """A file that is there can be played as a camera, so its name is taken."""
    monkeypatch.chdir(tmp_path)
    Path("clip").touch()
    with pytest.raises(PlaceName):
        app.places.add(app.actor, "clip", "0")


@pytest.mark.parametrize("name", ["Haus 3/Tür", "Eingang?", "C", "Door (left), 2nd floor", "user", "門"])
def test_names_that_people_use(app, name):
    """Ordinary names are names, also where a character of them could stand in an address."""
    app.places.add(app.actor, f" {name}", "0")
    assert name == app.places.camera(f"{name} ")[0].name


@pytest.mark.parametrize("address", ["ftp://u:s3cret@h/x", "none.mp4", "u:s3cret@h/x", "rtsp://", None, ""])
def test_an_address_that_is_none(app, address):
    """A camera without an address that could be one is refused, and nothing is added."""
    with pytest.raises(PlaceAddress) as caught:
        app.places.add(app.actor, "Door", address)
    assert (2, False) == (caught.value.exit_code, "s3cret" in caught.value.line)
    assert [] == app.places.all()


def test_a_kiosk_may_have_no_address(app):
    """It is added without one; watching it is refused."""
    app.places.add(app.actor, "Hall", kind="kiosk")
    assert None is app.places.find("Hall").address
    with pytest.raises(PlaceAddress, match="this kiosk has no address"):
        app.watch("Hall")


def test_what_a_place_cannot_be(app, door):
    """A name that is taken or too long, a group nobody is in, a share that is none: refused with what is meant."""
    for name, more, error in (
        ("Front door", {}, PlaceExists),
        ("x" * 201, {}, PersonInvalid),
        ("Yard", {"site": "a\nb"}, PersonInvalid),
        ("Yard", {"group": "7c"}, GroupUnknown),
        ("Yard", {"target_fpir": "70%"}, SettingValue),
    ):
        with pytest.raises(error):
            app.places.add(app.actor, name, "0", **more)
    for action in (app.places.retire, app.places.restore, app.places.remove, app.places.change):
        with pytest.raises(PlaceUnknown, match="did you mean Front door"):
            action(app.actor, "front dor")
    assert (1, [door]) == (len(told(app)), [each.place for each in app.places.all()])


def test_a_name_goes_before_an_address(app, door, tmp_path, monkeypatch):
    """The name of a place is understood first; a device number stays one; what is neither may be a name mistyped."""
    monkeypatch.chdir(tmp_path)
    Path("Front door").write_bytes(b"a film of this name, made later")
    assert door == app.places.camera("Front door")[0]
    assert (None, Kind.DEVICE) == (app.places.camera("0")[0], app.places.camera("0")[1].kind)
    with pytest.raises(PlaceUnknown, match="nor such a file or device; did you mean Front door"):
        app.places.camera("Front dor")
    for text, error in (("/dev/video99", CameraMissing), ("Cellar", CameraMissing), ("ftp://h", CameraAddress)):
        with pytest.raises(error):
            app.places.camera(text)


def test_a_film_is_found_from_any_folder(app, tmp_path, monkeypatch):
    """A video file stays the same file when the next check is called from elsewhere."""
    monkeypatch.chdir(tmp_path)
    Path("door.mp4").touch()
    app.places.add(app.actor, "Film", "door.mp4")
    monkeypatch.chdir("/")
    assert str(tmp_path / "door.mp4") == app.places.camera("Film")[1].value


def test_the_place_says_whom_and_how_strictly(app, door, home, clock, pipeline):
    """Its group and its target hold there, unless a group is given, or a target for this run alone."""
    scope = app.scopes.before("Front door")[1]
    assert (door, "7b", 0.001) == (scope.place, scope.group, scope.target_fpir)
    app.people.put_in(app.actor, "Bob", ["8a"])
    assert "8a" == app.scopes.before("Front door", group="8a")[1].group
    assert (None, None) == (app.scopes.before("0")[1].target_fpir, app.scopes.before("0")[1].place)
    with Attendance.open(home, clock=clock, pipeline=pipeline, flags={"target_fpir": 0.02}) as given:
        scope = given.scopes.before("Front door")[1]
        assert (None, 0.02) == (scope.target_fpir, given.desk.policy(scope).target_fpir)


@pytest.mark.parametrize("origin", ["file", "environment"])
def test_what_is_set_for_everywhere_does_not_overrule_the_place(door, home, clock, pipeline, monkeypatch, origin):
    """A target of the settings is that of places without one: only a flag is meant for this run."""
    if origin == "file":
        (home / "config.toml").write_text("target_fpir = 0.02\n")
    else:
        monkeypatch.setenv("ATTENDANCE_TARGET_FPIR", "0.02")
    with Attendance.open(home, clock=clock, pipeline=pipeline) as opened:
        scope = opened.scopes.before("Front door")[1]
        assert (door, 0.001) == (scope.place, opened.desk.policy(scope).target_fpir)
        assert 0.02 == opened.desk.policy().target_fpir


def face(person: int, likeness: int):
    """The pixels of a picture with one face."""
    import numpy as np

    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[0, 0] = person, likeness, 0
    return pixels


def test_records_name_the_place(app, door):
    """What was seen at a place names it, in the mark's evidence at the very end; elsewhere there is no such line."""
    for person, scope, source in ((1, app.scope(place=door), "Front door"), (2, app.scope(), SHOWN)):
        (found,) = app.judge(app.pipeline.faces(face(person, 90)), source=source)
        assert "present" == app.desk.record(found, scope, means="camera").decision
    rows = [each.to_dict(evidence=True) for each in app.session_book.marks()]
    ada, bob = (next(row for row in rows if row["name"] == name) for name in ("Ada", "Bob"))
    assert ("place", "Front door") == list(ada["evidence"].items())[-1]
    assert "place" not in bob["evidence"]
    assert sorted(bob["evidence"]) == list(bob["evidence"])
    with app.store.reading() as view:
        assert [door.id, None] == [sightings.by_id(view, number).place for number in (1, 2)]


def opening(app, scope) -> str:
    """The line that a camera's check begins with."""
    said = []
    app.pipeline.detector = SimpleNamespace(detect=lambda _: [])
    camera = ScriptedCamera(World([[]] * 2))
    run_camera(app.desk, "0", scope, window=False, emit=print, status=said.append, stop=lambda: False, camera=camera)
    return next(line for line in said if line.startswith("encoder"))


@pytest.mark.usefixtures("door")
def test_the_opening_line_tells_the_threshold_of_tracks(app, home, clock, pipeline):
    """Before a camera tracks are judged: the line tells their threshold there, as decisions will."""
    scope = app.scopes.before("Front door")[1]
    (judged,) = app.desk.judge(app.pipeline.faces(face(2, 90)), scope, source="x", track=True)
    line = opening(app, scope)
    assert f"threshold {judged.threshold:.3f} for a target FPIR of 0.025% a track" in line
    assert "1 person enrolled" in line
    assert f"{app.desk.policy(scope).threshold:.3f}" not in line
    with Attendance.open(home, clock=clock, pipeline=pipeline, flags={"match_threshold": 0.6}) as by_hand:
        assert opening(by_hand, scope).endswith("threshold 0.600 set by hand, liveness review")


@pytest.mark.usefixtures("door")
def test_watching_by_name(app):
    """`watch` takes a place's name; what it says calls the camera so."""
    app.pipeline.detector = SimpleNamespace(detect=lambda _: [])
    said = []
    assert [] == list(app.watch("Front door", on_status=said.append, device=ScriptedCamera(World([[]] * 5))))
    assert said[-1].startswith("Front door: ended")
    assert not any("camera.example" in line for line in said)


@pytest.mark.usefixtures("door")
def test_doctor_tries_a_place(app, home, clock):
    """`doctor --camera` takes a name, and an address where no home opens."""
    app.places.add(app.actor, "Gone", "0")
    app.places.change(app.actor, "Gone", address="/dev/null")
    tried = {each.check: each for each in Doctor(home, clock).examine(camera="Gone")}["camera"]
    assert tried.id.startswith("camera.")
    tried = {each.check: each for each in Doctor(home, clock).examine(camera="Front dor")}["camera"]
    assert "place.unknown" == tried.id
    tried = {each.check: each for each in Doctor(home / "none", clock).examine(camera="/dev/video99")}["camera"]
    assert "camera.missing" == tried.id


SECRET = st.text(st.characters(exclude_categories=("Z", "C")), min_size=1, max_size=20).map(lambda t: f"S3CRET{t}")
FORMS = [
    "rtsp://door:{}@cam/live",
    "http://cam/video.cgi?pwd={}",
    "rtsp://cam/user=a_password={}_channel=1",
    "a:{}@cam/x",
]


@given(SECRET, st.sampled_from(FORMS))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_password_is_shown_or_kept_in_the_clear(tmp_path_factory, fake, clock, secret, form):
    """Whatever the password of an address, and wherever it is given, it is in no output, message, event or file."""
    home, address = tmp_path_factory.mktemp("sealed") / "home", form.format(secret)
    told: list[str] = []

    def tried(action, *given, **named) -> None:
        try:
            told.append(repr(action(*given, **named)))
        except Refusal as error:
            told.extend((error.line, str(error), repr(error)))

    with Attendance.open(home, clock=clock, pipeline=fake.FakePipeline()) as app:
        book = app.places
        tried(book.add, app.actor, "Door", address)
        tried(book.add, app.actor, "Yard", "0")
        tried(book.add, app.actor, address, "0")
        tried(book.change, app.actor, "Yard", address=address)
        for asked in (book.find, book.camera, app.scopes.before, app.watch, book.removable):
            tried(asked, address)
        with suppress(Refusal):
            told += [repr(app.scopes.before("Yard")), repr(app.places.camera("Yard"))]
        told += [json.dumps(each.to_dict(), ensure_ascii=False) for each in book.all()]
        told += [json.dumps(each.details, ensure_ascii=False) for each in events(app)]
        tried(book.retire, app.actor, "Yard")
    assert [] == [each for each in told if "S3CRET" in each]
    assert [] == [path.name for path in home.rglob("*") if path.is_file() and b"S3CRET" in path.read_bytes()]


def events(app) -> list:
    with app.store.reading() as view:
        return history(view)
