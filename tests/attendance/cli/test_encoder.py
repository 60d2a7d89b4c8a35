"""attendance encoder: what each command prints, with the two encoders that ship."""

import csv
import io
import json

import pytest

from attendance.cli import run

ENCODERS = {"default": "default-", "fast": "fast-"}


@pytest.fixture
def command(home, capsys):
    """Run a command in this process with the shipped models; returns exit code, stdout and stderr."""

    def call(*arguments: object) -> tuple[int, str, str]:
        code = run([*map(str, arguments), "--home", str(home)])
        caught = capsys.readouterr()
        return code, caught.out, caught.err

    return call


@pytest.fixture
def enrolled(command, portraits):
    """The two portraits, enrolled by the default encoder."""
    code, *_ = command("enroll", portraits)
    assert code in (0, 1)  # the picture of both is refused
    return command


def standing(printed: str) -> dict[str, dict[str, str]]:
    return {row["encoder"]: row for row in csv.DictReader(io.StringIO(printed))}


def test_going_over_and_back(enrolled, portraits):
    """Prepared, compared, switched to and left again: after each step checks go by the encoder in force."""
    code, _, told = enrolled("encoder", "prepare", "fast")
    assert (0, True) == (code, "2 templates made" in told)
    code, _, told = enrolled("encoder", "compare", "fast")
    assert (0, True) == (code, "enrolled photos, each without itself: 2 same" in told)
    code, _, told = enrolled("encoder", "switch", "fast")
    assert (0, True) == (code, "in force is fast now, before it was default" in told)
    rows = standing(enrolled("encoder", "status")[1])
    assert {"fast": "True", "default": "False"} == {name: row["in_force"] for name, row in rows.items()}
    assert {"2"} == {row["people"] for row in rows.values()}
    (seen,) = map(json.loads, enrolled("check", next(portraits.glob("Eileen*")), "--dry-run", "--json")[1].splitlines())
    assert ("present", True) == (seen["decision"], seen["encoder"].startswith(ENCODERS["fast"]))
    code, _, told = enrolled("encoder", "rollback")
    assert (0, True) == (code, "in force is default now, before it was fast" in told)
    (seen,) = map(json.loads, enrolled("check", next(portraits.glob("Eileen*")), "--dry-run", "--json")[1].splitlines())
    assert ("present", True) == (seen["decision"], seen["encoder"].startswith(ENCODERS["default"]))


def test_the_settings_tell_what_is_in_force(enrolled):
    """After a switch the settings show the encoder of the home, whatever the file says."""
    enrolled("encoder", "switch", "fast")
    rows = {row["setting"]: row for row in csv.DictReader(io.StringIO(enrolled("config", "show")[1]))}
    assert ("fast", "home") == (rows["encoder"]["value"], rows["encoder"]["origin"])


def test_nothing_to_go_back_to(enrolled):
    """Without a switch before, rolling back is refused with one line."""
    code, _, told = enrolled("encoder", "rollback")
    assert (1, True) == (code, "encoder.before" in told)


def test_an_encoder_that_is_not_there_is_refused(enrolled):
    """A folder without an encoder is put in force by nobody."""
    code, _, told = enrolled("encoder", "switch", "nowhere")
    assert (True, True) == (code != 0, "encoder.missing" in told)
    assert ["default"] == list(standing(enrolled("encoder", "status")[1]))
