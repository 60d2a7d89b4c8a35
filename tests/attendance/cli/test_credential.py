"""`attendance credential`: what each command says, prints and writes."""

import json
import re

import pytest


@pytest.fixture
def ada(command, draw):
    """Ada is enrolled."""
    assert 0 == command("enroll", draw("ada.png", (1,)), "--name", "Ada", "--id", "A")[0]
    return command


def test_a_pin_is_printed_once(ada):
    """The output holds the number and the PIN, the message whose they are; the list tells the number alone."""
    code, out, err = ada("credential", "pin", "Ada")
    assert (0, "Ada types the number 1001, then the PIN; it is not shown again\n") == (code, err)
    number, pin = re.fullmatch(r"(1001) (\d{4})\n", out).groups()
    row = json.loads(ada("credential", "list", "--json")[1])
    assert ("pin", "A", number, False) == (row["kind"], row["id"], row["pin_number"], pin in row.values())


def test_a_code_is_written_as_a_picture(ada, tmp_path):
    """PNG or SVG by the name; another kind of file is wrong usage, a file that is there stays."""
    code, _, err = ada("credential", "qr", "A", tmp_path / "a.svg")
    assert (0, f"written: the QR code of Ada, number 1, to {tmp_path / 'a.svg'}\n") == (code, err)
    assert (tmp_path / "a.svg").read_bytes().startswith(b"<svg")
    assert 2 == ada("credential", "qr", "A", tmp_path / "a.jpg")[0]
    assert "output.failed" in ada("credential", "qr", "A", tmp_path / "a.svg")[2]


def test_a_badge_is_added_and_taken_away(ada):
    """By what its reader types; nobody else gets it afterwards by mistake."""
    assert (0, "", "added: badge number 1 of Ada\n") == ada("credential", "badge", "Ada", "04A1B2C3")
    assert (0, "", "taken away: the badge of Ada\n") == ada("credential", "remove", "1", "--yes")
    code, _, err = ada("credential", "remove", "1", "--yes")
    assert (1, True) == (code, "credential.unknown" in err)
    assert (0, "nobody has a PIN, a QR code or a badge\n") == ada("credential", "list")[::2]
