"""Answers kept under an Idempotency-Key."""

import pytest

from attendance.access import Actor
from attendance.service_errors import KeyReused
from attendance.services.idempotency import Told


@pytest.fixture
def token(app) -> int:
    return app.tokens.add(Actor("tests"), "HR", ["marks:write"]).token.id


def test_work_is_done_once(app, token):
    """What was answered is answered again, and the work is not done again."""
    done = []

    def work() -> Told:
        done.append(1)
        return Told(201, b"made")

    first, second = (app.answers.once(token, "k", "r", work) for _ in range(2))

    assert [1] == done
    assert (Told(201, b"made"), Told(201, b"made", again=True)) == (first, second)


def test_work_that_fails_leaves_nothing(app, token):
    """Neither what it wrote nor an answer stays where it is refused."""

    def work() -> Told:
        app.edits.add(Actor("tests"), "Ada", external_id="a")
        raise KeyReused("x", "refused")

    with pytest.raises(KeyReused):
        app.answers.once(token, "k", "r", work)
    assert [] == app.people.all()
    assert Told(200, b"later") == app.answers.once(token, "k", "r", lambda: Told(200, b"later"))


def test_another_request_is_refused(app, token):
    """A key stands for the request that it came with first."""
    app.answers.once(token, "k", "r", lambda: Told(200, b""))
    with pytest.raises(KeyReused):
        app.answers.once(token, "k", "other", lambda: Told(200, b""))


def test_answers_are_kept_for_a_day(app, token, clock):
    """After 24 hours the key is as new."""
    app.answers.once(token, "k", "r", lambda: Told(200, b"first"))
    clock.forward(hours=23, minutes=59)
    assert b"first" == app.answers.once(token, "k", "r", lambda: Told(200, b"second")).body
    clock.forward(minutes=2)
    assert b"second" == app.answers.once(token, "k", "r", lambda: Told(200, b"second")).body


def test_no_answer_lies_open_in_the_file(app, token, home):
    """What was answered names people, and is sealed."""
    app.answers.once(token, "k", "r", lambda: Told(200, b"Ada Lovelace was here"))
    found = b"".join(each.read_bytes() for each in home.iterdir() if each.is_file())

    assert b"Ada Lovelace" not in found
