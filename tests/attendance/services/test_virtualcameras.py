"""A camera that is a program: each mark by face is looked at, the log tells it once, and doctor says so."""

import dataclasses

import pytest
from kiosk_world import CLERK, Page, code_before, frame, hall_of, live, page_of, png

from attendance.errors import CameraMissing
from attendance.services import cameras as cameras_module
from attendance.services import watching
from attendance.services.doctor import FINDINGS
from attendance.services.doctor_virtual import virtual_findings
from attendance.services.virtualcameras import note_program, programs, reasons_of
from attendance.services.watching import run_camera
from gallery.repositories.events import CAMERA_PROGRAM, history

OBS, REAL = "OBS Virtual Camera", "Integrated Camera (5986:2113)"


@pytest.fixture
def pipeline(fake):
    return live(fake)


@pytest.fixture
def hall(app, draw):
    """A home with Ada, and a kiosk in the hall."""
    return hall_of(app, draw, "Ada")


@pytest.fixture
def page(hall, clock):
    """The page of that kiosk."""
    yield from page_of(hall, clock)


def told(app) -> list[tuple[str, str]]:
    """Who has noted which program, in order."""
    with app.store.reading() as transaction:
        return [(each.by, each.details["program"]) for each in history(transaction, action=CAMERA_PROGRAM)]


def shown(page, most: int = 25):
    """What the page tells of Ada, who stands before it for a while and goes."""
    answer = page.watch(frame(1), most=most)
    return answer or next((each for _ in range(12) for each in page.see(frame())["results"]), {})


def marked(app) -> list[str]:
    return [row.person.name for row in app.report() if row.status == "present"]


def test_before_a_program_no_face_is_marked_and_somebody_looks(page, hall):
    """The page tells its camera's name; the decision says why, and the kiosk speaks of nothing but not being sure."""
    page.begin(camera=OBS)
    answer = shown(page)
    assert ("review", None, True) == (answer["state"], answer["name"], "virtual_camera" in answer["detail"].split(","))
    assert [] == marked(hall)
    (waits,) = hall.reviews.waiting()
    assert "virtual_camera" in waits.sighting.reasons


def test_before_a_camera_faces_are_marked(page, hall):
    """Whatever it is called, or if the page tells nothing."""
    page.begin(camera=REAL)
    assert "present" == shown(page)["state"]
    assert (["Ada"], []) == (marked(hall), told(hall))


def test_where_programs_are_allowed_faces_are_marked(page, hall):
    """The log tells it all the same."""
    settings = dataclasses.replace(hall.settings, virtual_cameras="allow")
    hall.kiosks._settings = settings
    page.begin(camera="DroidCam")
    assert "present" == shown(page)["state"]
    assert [("kiosk Hall", "DroidCam")] == told(hall)


def test_a_code_before_a_program_counts(page, hall):
    """It is what is known, and not what is seen, that a code proves."""
    page.begin(camera=OBS)
    (result,) = page.see(png(code_before(hall, hall.credentials.give_qr(CLERK, "A"))), faces=False)["results"]
    assert ("present", "Ada") == (result["state"], result["name"])


def test_the_log_tells_each_change_once(page, hall):
    """Not at each run: when the program comes, when another takes its place, and when it is a camera again."""
    for camera in (REAL, OBS, OBS, "ManyCam", REAL, REAL, ""):
        page.begin(camera=camera)
    hall.kiosks._here.clear()  # as after a restart
    page.begin(camera=REAL)
    assert [("kiosk Hall", each) for each in (OBS, "ManyCam", "")] == told(hall)


def test_each_tablet_of_a_place_is_told_of_by_itself(page, hall, clock):
    """One with a camera does not end what is said of the other, and one that is no kiosk any more counts not."""
    other = Page(hall, hall.tokens.add_kiosk(CLERK, "Hall").token, clock)
    page.begin(camera=OBS)
    other.begin(camera=REAL)
    with hall.store.reading() as transaction:
        assert [("Hall", OBS)] == [(place.name, each) for place, each in programs(transaction, clock.utc())]
    hall.tokens.revoke(CLERK, page.token.id)
    with hall.store.reading() as transaction:
        assert [] == programs(transaction, clock.utc())


def test_doctor_tells_of_places_whose_camera_is_a_program(page, hall, clock):
    """With what to do; as something to know where it is allowed; and nothing where the place is out of use."""
    page.begin(camera=OBS)

    def found(**changed):
        return list(virtual_findings(hall.store, dataclasses.replace(hall.settings, **changed), clock))

    (finding,) = found()
    assert ("camera.program", True) == (finding.id, finding.id in FINDINGS)
    assert finding.detail.startswith("Hall: the pictures come from 'OBS Virtual Camera', a program")
    assert "virtual_cameras allow" in finding.repair
    assert [None] == [each.id for each in found(virtual_cameras="allow")]
    hall.places.retire(CLERK, "Hall")
    assert [] == found()


@pytest.mark.parametrize(
    ("changed", "reasons"),
    [({}, ("virtual_camera",)), ({"virtual_cameras": "allow"}, ()), ({"liveness": "off"}, ())],
)
def test_what_follows_is_told_by_the_settings(hall, changed, reasons):
    """Where nothing is asked of liveness, nothing is asked of this either."""
    settings = dataclasses.replace(hall.settings, **changed)
    assert (reasons, (), ()) == (reasons_of(settings, OBS), reasons_of(settings, ""), reasons_of(settings, None))


def test_a_device_that_is_a_program_is_distrusted_before_a_run(hall, monkeypatch):
    """On Linux, by `attendance check --camera 0` and the service alike: the status says so, and no mark is made."""
    monkeypatch.setattr(watching, "virtual_device", lambda _: OBS)
    asked, said, run = [], [], watching.Run
    monkeypatch.setattr(watching, "Run", lambda *all_: asked.append(all_[-1].distrust) or run(*all_))
    with pytest.raises(CameraMissing):
        run_camera(hall.desk, "97", window=False, emit=print, status=said.append, stop=lambda: False)
    assert [("virtual_camera",)] == asked
    why = (
        "the pictures come from 'OBS Virtual Camera', a program that poses as a camera: a person must look at each mark"
    )
    assert f"97: {why}" == said[0]


def test_the_service_notes_a_device_that_is_a_program(hall, monkeypatch):
    """When a run of a place begins; and that it is none any more, when another does."""
    hall.places.add(CLERK, "Gate", "0")
    place, _ = hall.places.camera("Gate")
    found = iter([OBS, OBS, None, None])
    monkeypatch.setattr(cameras_module, "virtual_device", lambda _: next(found))
    wanted = cameras_module.Wanted(place, None, None)
    monkeypatch.setattr(cameras_module, "camera_run", lambda *_, **__: None)
    monkeypatch.setattr(type(hall.cameras), "_desk_for", lambda *_: None)
    wanted = dataclasses.replace(wanted, watch=type("W", (), {"session": None})())
    for _ in range(4):
        hall.cameras._run(wanted)
    assert [("camera Gate", OBS), ("camera Gate", "")] == told(hall)


def test_what_was_noted_is_not_noted_again(hall, clock):
    """Nothing is written where nothing has changed."""
    hall.places.add(CLERK, "Gate", "0")
    place, _ = hall.places.camera("Gate")
    for program in (None, "", OBS, OBS, None):
        note_program(hall.gallery, CLERK, clock, place, program)
    assert [("clerk", OBS), ("clerk", "")] == told(hall)
