"""Webhooks: each piece of news once per id, in order, however the other side behaves."""

import json
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

import pytest

from attendance.outward.post import Answered
from attendance.services.newsfacts import NewsFacts
from attendance.services.posting import PAUSES, Posting
from gallery.repositories import deliveries


@dataclass
class Other:
    """The other side: what it answers in turn (the last one for ever), and what it got."""

    answers: list = field(default_factory=lambda: [204])
    got: list = field(default_factory=list)
    refused: list = field(default_factory=list)

    def __call__(self, _target, body, headers, **_how):
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            self.refused.append(headers["webhook-id"])
            raise answer
        found = answer if isinstance(answer, Answered) else Answered(answer)
        (self.got if found.taken else self.refused).append((headers["webhook-id"], json.loads(body)))
        return found


@pytest.fixture
def other():
    return Other()


@pytest.fixture
def posting(app, other):
    """What sends the news of a home with Ada in it and one webhook, to `other`."""
    app.gallery.add_person("Ada", at=app.clock.utc(), by="test", external_id="A")
    app.receivers.add(app.actor, "Front", "https://93.184.216.34/in", kinds=["mark.made", "mark.voided"])
    return Posting(app.gallery, app.receivers, NewsFacts(app.gallery, app.newsroom), app.clock, send=other)


def sent_over(posting, clock, hours, minutes):
    """Let so many hours pass, and send what is due every so many minutes."""
    for _ in range(hours * 60 // minutes):
        posting.send_due()
        clock.forward(minutes=minutes)


def test_a_mark_is_told_with_what_it_rests_on(app, posting, other):
    """The body tells kind, time, person, mark and decision; the id names home and news."""
    mark = app.mark("Ada")
    assert 1 == posting.send_due()
    ((number, body),) = other.got
    assert number.startswith("msg_")
    assert {"type", "timestamp", "data"} == set(body)
    assert ("mark.made", {"id": "A", "name": "Ada"}, mark.id, "manual", None) == (
        body["type"], body["data"]["person"], body["data"]["mark"]["id"], body["data"]["mark"]["method"],
        body["data"]["decision"],
    )  # fmt: skip
    assert 0 == posting.send_due()


def test_a_face_is_told_with_the_numbers_of_its_decision(app, posting, other, draw):
    """A mark by face tells score, threshold and target FPIR: how sure it is."""
    app.enroll(draw("bob.png", (2,)), name="Bob")
    (seen,) = app.check(draw("door.png", (2,)))
    posting.send_due()
    (decision,) = [body["data"]["decision"] for _, body in other.got]
    assert ("present", seen.threshold, seen.target_fpir) == (
        decision["decision"], pytest.approx(decision["threshold"]), decision["target_fpir"],
    )  # fmt: skip


def test_a_receiver_that_is_down_for_an_hour_gets_everything_in_order(app, posting, other, clock):
    """What happens meanwhile arrives afterwards, each id once, in the order in which it happened."""
    other.answers = [ConnectionRefusedError("nobody there")]
    for _ in range(5):
        mark = app.mark("Ada")
        app.void("Ada", reason="mistake", mark=mark.id)
        clock.forward(minutes=12)
        posting.send_due()
    other.answers = [200]
    sent_over(posting, clock, 1, 1)
    told = [body["type"] for _, body in other.got]
    assert ["mark.made", "mark.voided"] * 5 == told
    assert 10 == len({number for number, _ in other.got})


def test_a_failing_receiver_is_asked_with_one_at_a_time(app, posting, other, clock):
    """As long as it fails it is not asked for each of what waits, but once a pause."""
    other.answers = [500]
    for name in "BCDEFG":
        app.gallery.add_person(name, at=app.clock.utc(), by="test", external_id=name)
        app.mark(name)
    for _ in range(4):
        posting.send_due()
    assert 1 == len(other.refused)
    clock.forward(seconds=PAUSES[0].total_seconds())
    posting.send_due()
    assert 2 == len(other.refused)


def test_after_the_last_attempt_it_is_given_up(app, posting, other, clock):
    """Eleven attempts over three days and more, then no more; and the next piece is tried all the same."""
    other.answers = [500]
    app.mark("Ada")
    sent_over(posting, clock, 100, 20)
    assert len(PAUSES) + 1 == len(other.refused)
    (row,) = app.receivers.delivered("Front")
    assert (True, True) == (row.done is not None, row.outcome.startswith("given up"))


def test_gone_puts_the_receiver_out_of_use(app, posting, other):
    """After 410 nothing is sent, nothing waits, and the receiver says why."""
    other.answers = [HTTPStatus.GONE]
    app.mark("Ada")
    posting.send_due()
    found = app.receivers.find("Front")
    assert (False, "it answered 410 Gone", 0) == (found.receiver.active, found.receiver.reason, found.waiting)
    app.void("Ada", reason="mistake")
    assert 0 == posting.send_due()


def test_a_pause_that_is_asked_for_is_kept(app, posting, other, clock):
    """With Retry-After the next attempt comes no earlier."""
    other.answers = [Answered(429, 600.0), 200]
    app.mark("Ada")
    posting.send_due()
    clock.forward(minutes=9)
    assert 0 == posting.send_due()
    clock.forward(minutes=2)
    assert 1 == posting.send_due()


def test_of_somebody_removed_nothing_is_sent(app, posting, other):
    """What waits of a person goes with them."""
    app.mark("Ada")
    app.people.remove(app.actor, "Ada")
    assert (0, []) == (posting.send_due(), other.got)


def test_a_paused_receiver_gets_nothing_of_the_pause(app, posting, other):
    """What happens while it is paused is not kept for it; what waited before is sent afterwards."""
    app.mark("Ada")
    app.receivers.change(app.actor, "Front", active=False)
    app.void("Ada", reason="mistake")
    assert 0 == posting.send_due()
    app.receivers.change(app.actor, "Front", active=True)
    posting.send_due()
    assert ["mark.made"] == [body["type"] for _, body in other.got]


def test_what_a_killed_sender_had_claimed_is_sent_again_under_the_same_id(app, posting, other, clock):
    """A delivery that was claimed and never settled is taken up when the sender must be gone."""
    app.mark("Ada")
    with app.store.atomic() as step:
        (due,) = deliveries.due(step, clock.utc())
        assert deliveries.claim(step, due.id, clock.utc(), stale_before=clock.utc() - timedelta(minutes=2))
    assert 0 == posting.send_due()
    clock.forward(minutes=3)
    assert 1 == posting.send_due()
    assert 1 == len(other.got)


def test_a_kill_between_mark_and_message_loses_nothing(home, app, posting, other):
    """The mark of a program that is killed at once afterwards is on its way: it was written in the same step."""
    script = (
        "import os, sys\nfrom attendance import Attendance\n"
        "Attendance.open(sys.argv[1]).mark('Ada')\nos._exit(9)  # as a kill: nothing is closed"
    )
    done = subprocess.run([sys.executable, "-c", script, str(home)], check=False, timeout=60)
    app.clock.now = datetime.now(UTC)
    assert (9, 1) == (done.returncode, posting.send_due())
    assert ["mark.made"] == [body["type"] for _, body in other.got]


def test_ping_tells_what_came_of_it(posting, other):
    """A try says what the other side answers, or why it is not reached."""
    assert "204 No Content" == posting.ping("Front")
    other.answers = [TimeoutError("timed out")]
    assert "timed out" == posting.ping("Front")


@pytest.mark.parametrize("error", [UnicodeError("label too long"), ValueError("odd"), OSError("reset")])
def test_what_fails_before_the_wire_is_tried_again(app, posting, other, clock, error):
    """As what fails on it: later, under the same id."""
    app.mark("Ada")
    other.answers = [error, 204]
    posting.send_due()
    clock.forward(minutes=2)
    posting.send_due()
    assert other.refused == [number for number, _ in other.got]
