"""The log as JSON: one object a line, ids and codes, and names only where that is asked for."""

import io
import json
import logging

import pytest

from attendance.services import logs
from attendance.services.logs import JsonLines

FACTS = {"facts": {"ruling": "present", "person": 7}, "names": {"person_name": "Ada Lovelace"}}


@pytest.fixture
def lines():
    """A logger that writes JSON lines, and what it has written."""
    made, logger = io.StringIO(), logging.Logger("attendance.trial")  # noqa: LOG001  nobody else has it

    def make(**told) -> logging.Logger:
        handler = logging.StreamHandler(made)
        handler.setFormatter(JsonLines(**told))
        logger.addHandler(handler)
        return logger

    return make, lambda: [json.loads(each) for each in made.getvalue().splitlines()]


def test_a_line_is_one_object(lines):
    """With the instant in UTC, how grave it is, what has happened, the facts of it, and what is in every line."""
    make, written = lines
    make(names=False, always={"worker": "w1"}).info("decision", extra=FACTS)
    told = written()[0]

    assert told.pop("at").endswith("+00:00")
    assert {
        "level": "info",
        "logger": "attendance.trial",
        "event": "decision",
        "worker": "w1",
        "ruling": "present",
        "person": 7,
    } == told


@pytest.mark.parametrize("names", [False, True])
def test_names_stand_there_where_they_are_asked_for(lines, names):
    """Without that an id is all that a line tells of a person."""
    make, written = lines
    make(names=names).info("decision", extra=FACTS)
    assert names is ("Ada Lovelace" in json.dumps(written()))


@pytest.mark.parametrize("names", [False, True])
def test_an_error_is_told_by_its_kind_and_place(lines, names):
    """Its message may hold a name: it is left out, as is the text of the code."""
    make, written = lines
    logger = make(names=names)
    try:
        raise ValueError("Ada Lovelace is not a number\nat all")  # noqa: TRY301
    except ValueError:
        logger.exception("failed")
    told = written()

    assert 1 == len(told)
    assert ("ValueError", True) == (told[0]["error"], told[0]["where"].startswith("test_logs.py:"))
    assert names is ("Ada" in json.dumps(told))


def test_what_is_decided_is_logged_by_numbers(app, draw, caplog):
    """A line for each decision that is recorded: its ruling, its mark and sighting, the person's internal id."""
    app.enroll(draw("ada.png", (7,)), name="Ada")
    with caplog.at_level(logging.INFO, "attendance.decisions"):
        told = list(app.check(draw("class.png", (7,), (8, 60))))
    facts = [each.facts for each in caplog.records]

    assert sorted(each.decision for each in told) == sorted(each["ruling"] for each in facts)
    assert {each.mark for each in told} == {each["mark"] for each in facts}
    assert "Ada" not in json.dumps(facts)


def test_the_program_sets_its_log_up_as_the_settings_say(app, monkeypatch):
    """As text warnings alone, as before; as JSON also what is done."""
    given = []
    monkeypatch.setattr(logging, "basicConfig", lambda **told: given.append(told))
    before = logging.getLogger(logs.ROOT).level
    try:
        for form in ("text", "json"):
            object.__setattr__(app.settings, "log_format", form)
            logs.set_up(app.settings)
        assert logging.INFO == logging.getLogger(logs.ROOT).level
    finally:
        logging.getLogger(logs.ROOT).setLevel(before)
    forms = [type(each["handlers"][0].formatter) for each in given]
    assert [logging.Formatter, JsonLines] == forms
