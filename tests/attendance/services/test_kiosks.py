"""Kiosks: marks by face, PIN, code and badge, what comes twice, late or forged, what is taken back, and who looks."""

import dataclasses
import io
import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import segno
from kiosk_world import CLERK, Page, before, code_before, frame, hall_of, live, page_of, png

from attendance import Attendance
from attendance.errors import PlaceRetired
from attendance.service_errors import KioskFrame, KioskUndo, RequestInvalid, TokenInvalid, UploadLarge
from attendance.services.credentials import qr_picture
from attendance.services.kioskwatch import LARGEST_FRAME, codes_in
from enroll.errors import PhotoError
from gallery.repositories import coverage
from gallery.repositories.events import history


@pytest.fixture
def pipeline(fake):
    return live(fake)


@pytest.fixture
def hall(app, draw):
    """A home with Ada and Bob of 7b and a kiosk in the hall, by which people come in."""
    return hall_of(app, draw, "Ada", "Bob", groups=["7b"])


@pytest.fixture
def page(hall, clock):
    """The page of that kiosk, paired."""
    yield from page_of(hall, clock)


@pytest.fixture
def pin(hall) -> str:
    """What Ada types."""
    given = hall.credentials.give_pin(CLERK, "A")
    return given.number + given.pin


@pytest.fixture
def marks(hall):
    """The marks of Ada on the present day, void ones too."""

    def found(person: str = "A"):
        session = hall.sessions.known(hall.clock.utc().date().isoformat())
        key = hall.gallery.find(person).id
        return [] if session is None else [each for each in hall.marks.of_session(session.id) if each.person == key]

    return found


# By face


def test_a_face_is_marked_by_the_vote_of_a_track(page, marks):
    """The first frame decides nothing; when enough looks agree the name is told, with the time and five seconds."""
    page.begin()
    first = page.see(frame(1))
    assert ([], "looking", 1, 3) == (
        first["results"],
        *(first["faces"][0][key] for key in ("state", "votes", "needed")),
    )
    told = page.watch(frame(1))
    assert ("present", "face", "Ada", "07:58", "in") == tuple(
        told[k] for k in ("state", "method", "name", "at", "direction")
    )
    (mark,) = marks()
    assert (mark.id, "camera", "kiosk Hall", "in", "Hall") == (
        told["mark"], mark.how, mark.by, mark.direction, mark.evidence["place"],
    )  # fmt: skip
    assert 4 < told["undo_s"] <= 5


def test_who_is_marked_already_is_told_so_with_the_time_of_the_mark(page, clock):
    """Every time somebody chooses their face there is an answer, as each time it is looked anew."""
    page.begin()
    page.watch(frame(1))
    clock.forward(minutes=3)
    page.begin()
    told = page.watch(frame(1))
    assert ("already", "Ada", "07:58", None, 0.0) == tuple(told[k] for k in ("state", "name", "at", "mark", "undo_s"))


def test_a_stranger_is_told_kindly_and_nobody_is_named(page, marks):
    """After some looks the answer says unknown, without a name anywhere; nobody is marked."""
    page.begin()
    answers = [page.see(frame(9)) for _ in range(14)]
    assert "unknown" == answers[-1]["faces"][0]["state"]
    assert [] == [each for each in ("Ada", "Bob") if each in json.dumps(answers)]
    assert ([], []) == (marks("A"), marks("B"))


def test_boxes_are_shares_of_the_frame_the_largest_first(page):
    """The page draws them on a picture of whatever size."""
    page.begin()
    (face,) = page.see(frame(1))["faces"]
    assert [20 / 320, 60 / 240, 80 / 320, 80 / 240] == pytest.approx(face["box"], abs=1e-4)
    assert [] == [page.see(frame()) for _ in range(3)][-1]["faces"]


def test_the_later_page_of_a_kiosk_takes_over(page, hall, clock):
    """Frames of the page before are refused from then on, and so are those of no run, or of another kiosk's."""
    other = Page(hall, page.token, clock, key=page.key)
    page.begin()
    page.see(frame(1))
    other.begin()
    with pytest.raises(KioskFrame):
        page.see(frame(1))
    assert 1 == len(other.see(frame(1))["faces"])
    hall.places.add(CLERK, "Yard", kind="kiosk")
    yard = Page(hall, hall.tokens.add_kiosk(CLERK, "Yard").token, clock)
    yard.ask()
    yard.run, yard.nonce, yard.number = other.run, other.nonce, 50
    with pytest.raises(KioskFrame):
        yard.see(frame(1))


def test_a_run_ends_when_no_frame_comes_and_the_next_frame_begins_another(page, clock):
    """After fifteen quiet seconds whoever was in view is reported; the page may go on all the same."""
    page.begin()
    page.see(frame(9))
    watch = page.app.kiosks._here[page.token.id].watch
    run = watch._run
    clock.forward(seconds=16)
    assert (True, "ended") == (run.wait(5), run.state)
    assert 1 == len(page.see(frame(1))["faces"])


@pytest.mark.parametrize(
    ("data", "refused"),
    [
        (b"", RequestInvalid),
        (b"GIF89a" + bytes(50), RequestInvalid),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", RequestInvalid),
        (b"\xff\xd8\xff\xe0" + bytes(200), PhotoError),
        (bytes(LARGEST_FRAME + 1), UploadLarge),
    ],
)
def test_what_is_no_picture_is_refused_and_the_next_run_looks(page, data, refused):
    """Neither nothing, nor another format, nor a broken one, nor one that is too large."""
    page.begin()
    with pytest.raises(refused):
        page.see(data)
    page.begin()
    assert 1 == len(page.see(frame(1))["faces"])


def test_a_picture_of_too_many_pixels_is_refused_by_its_header(page):
    """It is never decoded."""
    page.begin()
    huge = bytearray(png(np.zeros((32, 32, 3), np.uint8)))
    huge[16:24] = (50_000).to_bytes(4) * 2
    import zlib

    huge[29:33] = zlib.crc32(bytes(huge[12:29])).to_bytes(4)
    with pytest.raises(PhotoError):
        page.see(bytes(huge))


def test_a_run_that_fails_says_why_and_the_next_one_tries_again(page, hall, monkeypatch):
    """The gallery cannot be asked: no mark, the error goes to whoever asked; when it can again, all is well."""
    page.begin()
    judge = type(hall.judging).judge
    monkeypatch.setattr(type(hall.judging), "judge", lambda *_a, **_k: (_ for _ in ()).throw(RuntimeError("gone")))
    with pytest.raises(RuntimeError, match="gone"):
        page.see(frame(1))
    monkeypatch.setattr(type(hall.judging), "judge", judge)
    page.begin()
    assert "present" == page.watch(frame(1))["state"]


# By a code before the camera


def test_a_code_held_before_the_camera_marks_without_a_look_at_any_face(page, hall, marks, monkeypatch):
    """Who chose the code is not looked at: the models are not asked."""
    shown = png(code_before(hall, hall.credentials.give_qr(CLERK, "A")))
    monkeypatch.setattr(type(hall.pipeline), "detect", lambda *_: pytest.fail("a face was looked for"))
    page.begin()
    told = page.see(shown, faces=False)
    assert ([], "present", "qr", "Ada") == (
        told["faces"],
        *(told["results"][0][k] for k in ("state", "method", "name")),
    )
    (mark,) = marks()
    assert ("qr", "in", "Hall") == (mark.how, mark.direction, mark.evidence["place"])
    assert [] == page.see(shown, faces=False)["results"]


def test_a_code_of_something_else_is_told_and_counts_as_no_guess(page, monkeypatch):
    """A menu, a web address: said once a run, and nobody has to wait for it."""
    from attendance.services import kiosks

    monkeypatch.setattr(kiosks, "codes_in", lambda _: ["https://example.org"])
    for _ in range(20):
        page.begin()
        (told,) = page.see(frame(), faces=False)["results"]
        assert ("refused", "this is a code of something else") == (told["state"], told["detail"])
    page.begin()
    assert [] == page.see(frame())["results"]


@pytest.mark.parametrize("said", [b"\xff\xfe\x00\x9f", b"\x00", "Grüße, 你好".encode()])
def test_a_code_with_whatever_bytes_stops_nothing(said, page):
    """It is a code of something else."""
    page.begin()
    made = io.BytesIO()
    segno.make(said, micro=False).save(made, kind="png", scale=5)
    (told,) = page.see(png(before(made.getvalue())), faces=False)["results"]
    assert "refused" == told["state"]


def test_a_poster_behind_somebody_hides_no_code(hall, page):
    """Whichever is found first, the code of this home counts; the poster is passed over."""
    page.begin()
    pixels = code_before(hall, hall.credentials.give_qr(CLERK, "A"))
    poster = before(qr_picture("https://school.example/menu", "png", scale=4)[0], top=20, left=450)
    pixels[:, 420:] = poster[:, 420:]
    assert 2 == len(codes_in(pixels))
    (told,) = page.see(png(pixels), faces=False)["results"]
    assert ("present", "qr", "Ada") == (told["state"], told["method"], told["name"])


def test_two_people_may_hold_their_codes_up_at_once(hall, page):
    """Each is marked."""
    page.begin()
    pixels = code_before(hall, hall.credentials.give_qr(CLERK, "A"))
    other = code_before(hall, hall.credentials.give_qr(CLERK, "B"))
    pixels[:, 390:] = other[:, 120:370]
    assert {"Ada", "Bob"} == {each["name"] for each in page.see(png(pixels), faces=False)["results"]}
    assert [] == page.see(frame(), faces=False)["results"]


# By PIN, badge and code as entries


def test_a_pin_marks_as_the_face_does(page, pin, marks):
    """The same mark, by another method."""
    told = page.show("pin", pin)
    assert ("present", "pin", "Ada", "07:58", False) == tuple(
        told[k] for k in ("state", "method", "name", "at", "late")
    )
    (mark,) = marks()
    assert (told["mark"], "pin", "in", True, {"place": "Hall", "direction": "in"}) == (
        mark.id, mark.how, mark.direction, mark.valid, mark.evidence,
    )  # fmt: skip
    assert "already" == page.show("pin", pin)["state"]


def test_a_wrong_pin_is_refused_and_makes_no_mark(page, pin, marks):
    """The answer names nobody."""
    told = page.show("pin", f"{pin[:4]}0000")
    assert ("refused", None, None, []) == (told["state"], told["name"], told["mark"], marks())


def test_after_too_many_wrong_ones_an_entry_waits_and_is_taken_later(page, pin, clock, marks):
    """It is not lost: what must wait is not answered, and the same entry is taken when the pause is over."""
    for _ in range(5):
        page.show("pin", f"{pin[:4]}0000")
    kept = page.entry("pin", pin)
    (told,) = page.send(kept)
    assert ("wait", 30.0, []) == (told["state"], told["retry_after_s"], marks())
    clock.forward(seconds=31)
    assert "present" == page.send(kept)[0]["state"]


def test_after_one_that_waits_no_later_entry_is_looked_at(page, pin, hall):
    """The order stays: the kiosk sends the rest again."""
    hall.credentials.give_badge(CLERK, "B", "badge of Bob")
    for _ in range(5):
        page.show("pin", f"{pin[:4]}0000")
    answers = page.send(page.entry("pin", pin), page.entry("badge", "badge of Bob"))
    assert ["wait"] == [each["state"] for each in answers]


def test_kept_entries_do_not_wait_for_each_other_but_wrong_ones_count(page, pin, hall, clock, marks):
    """Somebody's wrong PINs hold nobody up who came after them; after fifty the PIN is out of use all the same."""
    hall.credentials.give_badge(CLERK, "B", "badge of Bob")
    kept = [page.entry("pin", f"{pin[:4]}0000") for _ in range(20)]
    kept += [page.entry("badge", "badge of Bob"), page.entry("pin", pin)]
    kept += [page.entry("pin", f"{pin[:4]}0000") for _ in range(50)]
    clock.forward(minutes=5)
    states = [each["state"] for each in page.send(*kept)]
    assert ["refused"] * 20 + ["present"] * 2 + ["refused"] * 50 == states
    assert (1, 1, 0) == (len(marks("A")), len(marks("B")), len(hall.credentials.of("A")))


def test_what_belongs_to_others_marks_nobody_at_a_kiosk_of_a_group(hall, clock, marks, draw):
    """As with faces: here people of one group are looked for."""
    hall.enroll(draw("c.png", (3,)), name="Cy", external_id="C", groups=["8a"])
    hall.places.add(CLERK, "Room 8a", kind="kiosk", group="8a")
    room = Page(hall, hall.tokens.add_kiosk(CLERK, "Room 8a").token, clock)
    room.ask()
    hall.credentials.give_badge(CLERK, "A", "badge of Ada")
    hall.credentials.give_badge(CLERK, "C", "badge of Cy")
    assert ("refused", "this kiosk is for 8a alone") == tuple(
        room.show("badge", "badge of Ada")[k] for k in ("state", "detail")
    )
    assert "present" == room.show("badge", "badge of Cy")["state"]
    assert [] == marks()


def test_the_same_entry_twice_is_one_mark_and_one_answer(page, pin, marks):
    """A kiosk that did not hear the answer asks again."""
    kept = page.entry("pin", pin)
    first, second = page.send(kept)[0], page.send(kept)[0]
    assert (first, 1) == (second, len(marks()))


def test_another_entry_of_a_number_that_was_taken_is_refused(page, pin, marks, hall):
    """Counters rise; what somebody recorded, changed or held back opens nothing."""
    hall.credentials.give_badge(CLERK, "B", "badge of Bob")
    early = page.entry("badge", "badge of Bob")
    page.show("pin", pin)
    assert ("refused", "kiosk.frame", []) == (*(page.send(early)[0][k] for k in ("state", "id")), marks("B"))
    page.counter -= 1
    (told,) = page.send(page.entry("badge", "badge of Bob"))
    assert ("refused", "kiosk.frame", []) == (told["state"], told["id"], marks("B"))


def test_what_is_not_signed_by_this_kiosk_is_refused(page, pin, marks, hall, clock):
    """Another key, a changed text, no signature, and another kiosk's entry."""
    kept = page.entry("pin", pin)
    changed = dataclasses.replace(kept, body=kept.body.replace('"pin"', '"qr"'))
    hall.places.add(CLERK, "Yard", kind="kiosk")
    yard = Page(hall, hall.tokens.add_kiosk(CLERK, "Yard").token, clock)
    yard.ask()
    foreign = yard.entry("pin", pin)
    for bad in (changed, dataclasses.replace(kept, signature=""), dataclasses.replace(kept, signature="@"), foreign):
        assert ("refused", "kiosk.frame") == tuple(page.send(bad)[0][k] for k in ("state", "id"))
    assert "kiosk.frame" == page.send(page.signed(foreign.body))[0]["id"]  # its ticket is the yard's
    assert [] == marks()
    assert "present" == page.send(kept)[0]["state"]


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{}",
        "[]",
        "null",
        "9" * 3000,
        '{"counter": 1}',
        "{" * 3000,
        '{"counter": true, "kind": "pin", "seconds": NaN}',
    ],
)
def test_a_signed_text_that_is_no_entry_is_refused(page, body):
    """Whatever it is, with an answer."""
    assert ("refused", "request.invalid") == tuple(page.send(page.signed(body))[0][k] for k in ("state", "id"))


def test_what_was_sealed_for_another_entry_or_service_is_refused(page, pin, marks):
    """A sealed PIN cannot be put into another entry."""
    stolen = json.loads(page.entry("pin", pin).body)["sealed"]
    for sealed in (stolen, {**stolen, "data": "AAAA"}, {**stolen, "key": "AAAA"}):
        told = page.send(page.entry("pin", "x", sealed=sealed))[0]
        assert ("refused", "kiosk.frame") == (told["state"], told["id"])
    assert [] == marks()


def test_nobody_can_read_a_kept_pin(page, pin):
    """Nothing of it is in the text that a browser keeps."""
    kept = page.entry("pin", pin)
    assert (False, False) == (pin in kept.body, pin in kept.signature)


# Late ones


def test_what_was_kept_by_a_page_that_lived_on_is_marked_at_its_own_time(page, pin, marks, clock):
    """Its monotonic clock tells the age, whatever its wall clock says; what that said is kept as a claim."""
    page.wrong = timedelta(days=1)
    kept = page.entry("pin", pin)
    came = clock.utc()
    clock.forward(hours=2)
    (told,) = page.send(kept)
    assert ("present", True, "07:58", 0.0) == tuple(told[k] for k in ("state", "late", "at", "undo_s"))
    (mark,) = marks()
    assert (came, True) == (mark.at, mark.time_is_known)
    assert (True, "2026-03-03T07:58:11.204Z") == (mark.evidence["late_sync"], mark.evidence["claimed_at"])
    assert came + timedelta(hours=2) == mark.made


@pytest.mark.parametrize("wrong", [timedelta(hours=3), -timedelta(hours=3), timedelta(days=400), timedelta(0)])
def test_what_was_kept_by_a_page_that_was_killed_has_no_known_time(page, pin, marks, clock, wrong):
    """It counts for the day, at a time that is not known, however wrong the kiosk's clock is."""
    page.wrong = wrong
    page.ask()
    kept = page.entry("pin", pin)
    clock.forward(hours=1)
    page.load()
    (told,) = page.send(kept)
    assert ("present", True, None) == tuple(told[k] for k in ("state", "late", "at"))
    (mark,) = marks()
    assert (False, True, "unknown") == (mark.time_is_known, mark.evidence["late_sync"], mark.evidence["time"])


def test_an_entry_of_yesterday_is_marked_yesterday_also_after_the_page_was_killed(page, pin, hall, clock, marks):
    """The kiosk's clock ran on from the ticket: nobody is present today who came yesterday."""
    kept = page.entry("pin", pin)
    clock.forward(hours=20)
    page.load()
    assert "present" == page.send(kept)[0]["state"]
    assert [] == marks()
    yesterday = hall.sessions.known("2026-03-02")
    assert [False] == [each.time_is_known for each in hall.marks.of_session(yesterday.id)]


def test_a_page_cannot_tell_of_a_time_before_its_ticket(page, pin, marks, clock):
    """A monotonic age that reaches back before the service last spoke to it is not believed."""
    clock.forward(hours=1)
    page.ask()
    kept = page.entry("pin", pin, seconds=0.0)
    clock.forward(hours=2)
    page.send(kept)
    assert [False] == [each.time_is_known for each in marks()]


def test_a_late_entry_of_a_closed_month_is_refused_and_answered(page, pin, hall, clock):
    """It changes nothing that is closed; the kiosk hears so and need not send it again."""
    clock.now = datetime(2026, 3, 31, 12, tzinfo=UTC)
    page.ask()
    kept = page.entry("pin", pin)
    clock.forward(days=2)
    hall.months.close(CLERK, "2026-03")
    (told,) = page.send(kept)
    assert ("refused", True) == (told["state"], told["late"])
    assert told == page.send(kept)[0]


def test_two_hundred_kept_entries_replayed_twice_are_two_hundred_marks(hall, clock, page):
    """Clock three hours wrong, the page killed in between, everything sent three times: one mark each, all late."""
    for number in range(200):
        hall.gallery.add_person(f"Person {number}", external_id=f"P{number}", at=clock.utc(), by="clerk")
        hall.credentials.give_badge(CLERK, f"P{number}", f"badge {number}")
    page.wrong = timedelta(hours=-3)
    kept = [page.entry("badge", f"badge {number}") for number in range(100)]
    page.load()
    kept += [page.entry("badge", f"badge {number}") for number in range(100, 200)]
    clock.forward(hours=1)
    first = [told for part in range(0, 200, 50) for told in page.send(*kept[part : part + 50])]
    assert {"present"} == {told["state"] for told in first}
    assert first == page.send(*kept) == page.send(*kept)
    session = hall.sessions.known("2026-03-02")
    found = [each for each in hall.marks.of_session(session.id) if each.how == "badge"]
    assert (200, {True}) == (len(found), {each.evidence["late_sync"] for each in found})
    assert 100 == sum(each.time_is_known for each in found)


# Taking back


def test_a_mark_is_taken_back_within_five_seconds(page, pin, marks, clock, hall):
    """It is void, by the kiosk, with the reason; by PIN it may be made anew."""
    told = page.show("pin", pin)
    clock.forward(seconds=4)
    assert "undone" == hall.kiosks.undo(page.actor, page.token, told["mark"]).state
    assert [("taken back at the kiosk", "kiosk Hall")] == [(each.void_reason, each.voided_by) for each in marks()]
    assert ("present", [False, True]) == (page.show("pin", pin)["state"], [each.valid for each in marks()])


def test_a_face_may_be_taken_back_too_and_no_camera_makes_it_again(page, marks, hall):
    """Another look ends as a review, as with any mark that somebody voided."""
    page.begin()
    told = page.watch(frame(1))
    hall.kiosks.undo(page.actor, page.token, told["mark"])
    page.begin()
    page.watch(frame(1), most=6)
    hall.kiosks.end(page.token, page.run)
    assert [False] == [each.valid for each in marks()]


def test_later_or_elsewhere_nothing_is_taken_back(page, pin, marks, clock, hall):
    """Neither after seven seconds, nor by another kiosk, nor somebody's mark that was made by hand, nor twice."""
    hall.places.add(CLERK, "Yard", kind="kiosk")
    yard = Page(hall, hall.tokens.add_kiosk(CLERK, "Yard").token, clock)
    told = page.show("pin", pin)
    by_hand = hall.mark("B").id
    refused = [(yard, told["mark"]), (page, by_hand), (page, "nothing"), (page, "")]
    for who, mark in refused:
        with pytest.raises(KioskUndo):
            hall.kiosks.undo(who.actor, who.token, mark)
    clock.forward(seconds=7.1)
    with pytest.raises(KioskUndo):
        hall.kiosks.undo(page.actor, page.token, told["mark"])
    assert [True] == [each.valid for each in marks()]


# The kiosk itself


def test_the_notice_tells_what_is_done_there(hall, page):
    """The target is that of the place, for a track; how long faces are kept is the setting."""
    hall.places.change(CLERK, "Hall", target_fpir="0.4%")
    told = hall.kiosks.notice(page.token)
    assert ("Hall", "in", "UTC", 2, False) == (told.place, told.direction, told.zone, told.gallery_size, told.by_hand)
    assert (30, 0) == (told.keep_review_days, told.keep_unknown_days)
    assert 0.004 / hall.settings.track_factor == pytest.approx(told.target_fpir)


def test_pairing_stands_in_the_log_and_another_key_takes_the_place_of_the_first(page, pin, hall, clock):
    """What was signed by the key of before is refused."""
    kept = page.entry("pin", pin)
    other = Page(hall, page.token, clock)
    other.ask()
    assert "kiosk.frame" == page.send(kept)[0]["id"]
    with hall.store.reading() as transaction:
        assert ["kiosk Hall"] * 2 == [each.by for each in history(transaction, action="kiosk.pair")]


@pytest.mark.parametrize("key", ["", "AAAA", "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE="])
def test_what_is_no_key_of_a_kiosk_is_refused(page, hall, key):
    """Nothing, noise, and a key of another kind."""
    with pytest.raises(RequestInvalid):
        hall.kiosks.pair(page.actor, page.token, key)


def test_a_kiosk_at_a_retired_place_does_nothing(page, pin, hall):
    """Neither looks nor takes entries."""
    kept = page.entry("pin", pin)
    hall.places.retire(CLERK, "Hall")
    for ask in (page.begin, page.ask, lambda: page.send(kept), lambda: hall.kiosks.notice(page.token)):
        with pytest.raises(PlaceRetired):
            ask()
    with pytest.raises(TokenInvalid):
        hall.kiosks.notice(dataclasses.replace(page.token, place=None))


def test_a_kiosk_that_is_ready_counts_as_one_that_looks(page, hall, clock):
    """From its first word to its last: one stretch, with a gap where it was silent for more than a minute."""

    def ready(minutes: int) -> None:
        for _ in range(minutes * 3):
            hall.kiosks.state(page.actor, page.token, ready=True)
            clock.forward(seconds=20)

    begin = clock.utc()
    ready(5)
    clock.forward(minutes=10)
    ready(2)
    hall.kiosks.close()
    with hall.store.reading() as transaction:
        found = [
            (each.ends - each.begins).total_seconds()
            for each in coverage.within(transaction, begin - timedelta(hours=1), clock.utc())
        ]
    assert [280.0, 100.0] == found


def test_marks_survive_a_restart_and_so_does_what_was_answered(page, pin, home, clock, pipeline, hall):
    """An entry that was taken before a kill is answered alike after it."""
    kept = page.entry("pin", pin)
    first = page.send(kept)[0]
    hall.close()
    with Attendance.open(home, clock=clock, pipeline=pipeline) as again:
        page.app = again
        told = page.send(kept)[0]
        assert first | {"undo_s": 0.0} == told
        assert 1 == len(again.marks.of_session(again.sessions.known("2026-03-02").id))
