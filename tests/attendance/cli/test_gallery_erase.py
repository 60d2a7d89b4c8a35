"""`attendance hold`, `purge`, `gallery erase` and `privacy` from the command line."""

import json
from datetime import timedelta

import pytest


@pytest.fixture
def ada(command, draw, clock, monkeypatch):
    """Ada is enrolled."""
    monkeypatch.setattr("attendance.app.SystemClock", lambda: clock)
    assert 0 == command("enroll", draw("ada.png", (1,)), "--name", "Ada Unmistakable", "--id", "E-4711")[0]
    assert 0 == command("mark", "E-4711")[0]
    return command


def test_a_hold_from_beginning_to_end(ada, tmp_path):
    """A hold is begun with a reason, listed, refuses an erasure with exit code and id, and is lifted."""
    assert 2 == ada("hold", "add", "--reason", "x")[0]
    assert 2 == ada("hold", "add", "E-4711", "--all", "--reason", "x")[0]
    assert (0, True) == _said(ada("hold", "add", "E-4711", "--reason", "case 12"), "hold 1 begins")
    (told,) = [json.loads(each) for each in ada("hold", "list", "--json")[1].splitlines()]
    assert (1, "Ada Unmistakable (E-4711)", "case 12") == (told["hold"], told["of"], told["reason"])
    for words in (("gallery", "remove", "E-4711"), ("gallery", "erase", "E-4711", "--proof", tmp_path / "proof")):
        code, _, err = ada(*words, "--yes")
        assert (1, True) == (code, "error[hold.active]" in err and "case 12" in err)
    assert (0, True) == _said(ada("hold", "lift", "1"), "lifted")
    assert (1, True) == _said(ada("hold", "lift", "1"), "error[hold.unknown]")
    assert (0, True) == _said(ada("hold", "list"), "nothing is under a hold")
    assert 1 == len(ada("hold", "list", "--all", "--json")[1].splitlines())


def _said(answer, text: str) -> tuple[int, bool]:
    code, _, err = answer
    return code, text in err


def test_a_purge_is_tried_and_done(ada, clock):
    """--dry-run counts what the run then takes; a clock far ahead is refused unless it is said to be right."""
    ada("config", "set", "keep_marks_days", "31")
    clock.now += timedelta(days=100)
    assert (1, True) == _said(ada("purge"), "error[purge.clock]")
    tried = json.loads(ada("purge", "--dry-run", "--clock-is-right", "--json")[1])
    done = json.loads(ada("purge", "--clock-is-right", "--json")[1])
    assert (True, False, 1) == (tried["dry_run"], done["dry_run"], done["counts"]["marks"])
    assert (tried["counts"], tried["kept_from"]) == (done["counts"], done["kept_from"])
    assert (0, True) == _said(ada("purge"), "nothing was to go")


def test_an_erasure_with_proof(ada, home, tmp_path):
    """The receipt is written and verifies; a changed one, and what is none, are refused; a search finds nothing."""
    proof = tmp_path / "proof.json"
    assert 2 == ada("gallery", "erase", "E-4711", "--proof", proof)[0]
    assert (0, True) == _said(ada("gallery", "erase", "E-4711", "--proof", proof, "--yes"), "no trace was found")
    assert 0o600 == proof.stat().st_mode & 0o777
    assert (0, True) == _said(ada("privacy", "verify", proof), "unchanged since it was signed by this home")
    key = ada("privacy", "verify", "--key")[1].strip()
    assert key == json.loads(ada("privacy", "verify", proof, "--by", key, "--json")[1])["receipt"]["public_key"]
    assert (1, True) == _said(ada("privacy", "verify", proof, "--by", "00" * 32), "error[receipt.invalid]")
    proof.chmod(0o600)
    proof.write_text(proof.read_text(encoding="utf-8").replace('"hits": []', '"hits": [ ]').replace("1", "2", 1))
    assert (1, True) == _said(ada("privacy", "verify", proof), "error[receipt.invalid]")
    assert (0, True) == _said(ada("privacy", "scan", "--person", "Ada Unmistakable", "--id", "E-4711"), "no trace")
    (home / "late.txt").write_text("E-4711", encoding="utf-8")
    assert (1, True) == _said(ada("privacy", "scan", "--id", "E-4711"), "late.txt")
    assert 2 == ada("privacy", "scan")[0]
    assert 2 == ada("privacy", "verify")[0]


def test_a_trace_is_told_by_the_exit_code(ada, home, tmp_path):
    """Where a file of the home names the person the receipt is written, and the command fails."""
    (home / "notes.txt").write_text("E-4711", encoding="utf-8")
    code, _, err = ada("gallery", "erase", "E-4711", "--proof", tmp_path / "proof", "--yes")
    assert (1, True, True) == (code, "notes.txt" in err, "error[erase.traces]" in err)
    assert (tmp_path / "proof").exists()
