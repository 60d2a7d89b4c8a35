"""Frames of a kiosk: signed by its key, in the order of their nonces, each once; all else marks nobody."""

import base64
import dataclasses
import threading

import pytest
from kiosk_world import CLERK, Page, frame, hall_of, live, page_of

from attendance import Attendance
from attendance.service_errors import KioskFrame
from attendance.services.kioskframes import Nonces, SentFrame


@pytest.fixture
def pipeline(fake):
    return live(fake)


@pytest.fixture
def hall(app, draw):
    """A home with Ada and Bob, and a kiosk in the hall."""
    return hall_of(app, draw, "Ada", "Bob")


@pytest.fixture
def page(hall, clock):
    """The page of that kiosk, which has begun to look."""
    for made in page_of(hall, clock):
        made.begin()
        yield made


def marked(app) -> list[str]:
    """The names of those who are marked."""
    return sorted(row.person.name for row in app.report() if row.status == "present")


def refused(page, sent: SentFrame) -> str:
    """What the frame is refused with."""
    with pytest.raises(KioskFrame) as raised:
        page.app.kiosks.see(page.actor, page.token, sent)
    return raised.value.detail


NOT_IN_TURN = "it does not answer the frame before it"
NOT_SIGNED = "it is not signed by the key of this kiosk"


def test_what_is_signed_is_one_line_for_each_thing():
    """The page makes the same text: run, number, nonce, the SHA-256 of the picture, what is wanted, the light."""
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    sent = SentFrame("run", 7, "nonce", "", b"", faces=True, light="2")
    assert f"attendance kiosk frame\nrun\n7\nnonce\n{empty}\nfaces\n2" == sent.text
    assert (
        f"attendance kiosk frame\nrun\n7\nnonce\n{empty}\ncodes\n"
        == dataclasses.replace(sent, faces=False, light="").text
    )


def test_each_answer_carries_the_nonce_of_the_next_frame(page):
    """No two are alike."""
    nonces = [page.nonce]
    for _ in range(5):
        page.see(frame())
        nonces.append(page.nonce)
    assert 6 == len(set(nonces))


def test_a_frame_that_was_recorded_and_comes_again_is_refused(page, hall):
    """As it was, by number and nonce, and in a later run of the same page; nobody is marked by it."""
    recorded = [page.shot(frame(1))]
    for _ in range(8):
        page.clock.forward(seconds=0.2)
        page.post(recorded[-1])
        recorded.append(page.shot(frame(2)))
    assert [NOT_IN_TURN] * 8 == [refused(page, each) for each in recorded[:-1]]
    page.begin()
    assert {"it does not look, or was opened in another window or page"} == {refused(page, each) for each in recorded}
    renamed = [dataclasses.replace(each, run=page.run) for each in recorded]
    assert {NOT_IN_TURN} == {refused(page, each) for each in renamed}
    answering = [dataclasses.replace(each, run=page.run, nonce=page.nonce, number=99) for each in recorded]
    assert {NOT_SIGNED} == {refused(page, each) for each in answering}
    assert "Bob" not in marked(hall)


@pytest.mark.parametrize("nonce", ["", "x", "ä" * 20])
def test_a_nonce_that_is_missing_or_foreign_is_refused(page, nonce):
    """However well it is signed."""
    assert NOT_IN_TURN == refused(page, page.shot(frame(1), nonce=nonce))


def test_frames_in_another_order_are_refused(page):
    """The second before the first: it answers nothing that was given out; nor may a number come again or fall."""
    page.see(frame())
    page.see(frame())
    assert "it came after frame 2" == refused(page, page.shot(frame(), number=2))


@pytest.mark.parametrize(
    "swap",
    [
        lambda sent, other: dataclasses.replace(sent, data=other),
        lambda sent, _: dataclasses.replace(sent, data=b""),
        lambda sent, _: dataclasses.replace(sent, number=sent.number + 1),
        lambda sent, _: dataclasses.replace(sent, faces=not sent.faces),
        lambda sent, _: dataclasses.replace(sent, light="3"),
        lambda sent, _: dataclasses.replace(sent, signature=""),
        lambda sent, _: dataclasses.replace(sent, signature="@"),
        lambda sent, _: dataclasses.replace(sent, signature=base64.b64encode(bytes(64)).decode()),
        lambda sent, _: dataclasses.replace(sent, signature=base64.b64encode(bytes(63)).decode()),
        lambda sent, _: dataclasses.replace(sent, signature="AA" + sent.signature[2:]),
    ],
)
def test_what_was_changed_on_its_way_is_refused_and_the_run_goes_on(page, hall, swap):
    """Another picture, another wish, another light, no signature: nobody is marked, and what was sent still counts."""
    sent = page.shot(frame(1))
    assert NOT_SIGNED == refused(page, swap(sent, frame(2)))
    page.post(sent)
    assert "present" == page.watch(frame(1))["state"]
    assert ["Ada"] == marked(hall)


def test_pictures_that_a_program_puts_in_mark_nobody(page, hall):
    """Who reads every request, and sends Bob's picture in place of each of Ada's, is refused each time."""
    for _ in range(12):
        page.clock.forward(seconds=0.2)
        sent = page.shot(frame(1))
        assert NOT_SIGNED == refused(page, dataclasses.replace(sent, data=frame(2)))
        page.post(sent)
    assert ["Ada"] == marked(hall)


def test_another_key_signs_no_frame(page, hall, clock):
    """That of another kiosk, and the one of before from the moment that another took its place."""
    stranger = Page(hall, page.token, clock)
    stranger.run, stranger.nonce, stranger.number = page.run, page.nonce, 0
    assert NOT_SIGNED == refused(page, stranger.shot(frame(1)))
    page.see(frame(1))
    stranger.ask()
    assert NOT_SIGNED == refused(page, page.shot(frame(1)))
    page.begin()
    assert NOT_SIGNED == refused(page, page.shot(frame(1)))
    page.ask()
    assert "present" == page.watch(frame(1))["state"]


def test_a_kiosk_without_a_key_sends_no_frame(hall, clock):
    """Before its page has told one."""
    hall.places.add(CLERK, "Yard", kind="kiosk")
    yard = Page(hall, hall.tokens.add_kiosk(CLERK, "Yard").token, clock)
    yard.begin()
    assert NOT_SIGNED == refused(yard, yard.shot(frame(1)))


def test_an_entry_s_signature_is_none_of_a_frame(page):
    """What the kiosk signs of one kind can be sent as no other."""
    text = page.shot(frame(1)).text
    (told,) = page.send(page.signed(text))
    assert ("refused", "request.invalid") == (told["state"], told["id"])


def test_after_a_restart_the_page_begins_anew(page, home, clock, pipeline, hall):
    """Another process knows nothing of the run: the frame is refused, and a new run marks."""
    page.see(frame(1))
    hall.close()
    with Attendance.open(home, clock=clock, pipeline=pipeline) as again:
        page.app = again
        assert refused(page, page.shot(frame(1))).startswith("it does not look")
        page.begin()
        assert "present" == page.watch(frame(1))["state"]
        again.kiosks.close()


def test_of_two_frames_at_once_that_answer_the_same_one_is_taken(page):
    """Threads that come at the same moment: one nonce is good for one frame."""
    nonces, go = Nonces(), threading.Barrier(8)
    answers: list[str] = []

    def send(number: int) -> None:
        sent = page.shot(b"", number=number, nonce=first)
        go.wait()
        try:
            answers.append(nonces.take(sent, page.public))
        except KioskFrame as error:
            answers.append(error.detail)

    first = nonces.now
    threads = [threading.Thread(target=send, args=(number,)) for number in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert (7, True) == (answers.count(NOT_IN_TURN), nonces.now in answers)
