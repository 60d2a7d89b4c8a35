"""The log is proved whole, or what was done to it is told in words; anchors outside tell what links cannot."""

import json
import socket
import stat
from dataclasses import replace
from typing import get_args

import pytest
from servers import raw

from attendance import Attendance
from attendance.access import Actor
from attendance.errors import OutputFailed
from attendance.privacy_errors import AnchorInvalid, AuditBroken
from attendance.service_errors import AccessRefused
from attendance.services import auditchain
from gallery import history
from gallery.chainvalues import LogFinding, Verdict
from gallery.errors import KeyMissing

HEAD = Actor("head", frozenset({"admin"}), "web")


@pytest.fixture
def log(app):
    """A home with a few entries in its log."""
    for name in ("Ada", "Bob", "Cid"):
        app.edits.add(app.actor, name)
    return app


def _sql(app, statement: str) -> None:
    with raw(app.home) as run:
        run(statement)


def _verdicts(app, *files, lines: str = "") -> list[str]:
    return [each.verdict for each in app.audit_chain.verify(files, lines=lines).check.findings]


def test_a_whole_log_is_proved(log):
    """What the program wrote is proved by the key, and what cannot be told without an anchor is said."""
    found = log.audit_chain.verify()
    found.refuse_broken()

    assert (True, 3, 3) == (found.sound, found.check.entries, found.check.proved)
    assert auditchain.CANNOT in auditchain.notes(found)
    assert auditchain.CANNOT not in auditchain.notes(log.audit_chain.verify(lines=log.audit_chain.anchor(log.actor)))


def test_what_was_done_is_refused_in_words(log):
    """A log that is not as it was is an error with its id, which names the entry and what was done to it."""
    _sql(log, "UPDATE event SET by = 'nobody' WHERE seq = 2")
    found = log.audit_chain.verify()

    with pytest.raises(AuditBroken, match="entry 2 was changed after it was written"):
        found.refuse_broken()
    assert [{"verdict": "edited", "first": 2, "last": 2, "anchor": None}] == found.to_dict()["findings"]


@pytest.mark.parametrize("verdict", get_args(Verdict))
def test_every_verdict_has_words(verdict):
    """Each verdict is a sentence of one entry and of several, and no two say the same."""
    one, many = (auditchain.sentence(LogFinding(verdict, 3, last)) for last in (3, 5))

    assert (True, True) == (one.startswith("entry 3 "), many.startswith("entries 3 to 5 "))
    assert " is " not in f" {many.partition(':')[0]} "
    assert len(get_args(Verdict)) == len(set(auditchain.SAYS.values()))


def test_anchors_in_a_file(log, tmp_path):
    """Anchors are appended, each on a line of its own, to a file that nobody else may read; all of them fit the log."""
    file = tmp_path / "anchors"
    lines = [log.audit_chain.anchor(log.actor, str(file)) for _ in range(2)]
    with file.open("ab") as torn:
        torn.truncate(file.stat().st_size - 1)
    lines.append(log.audit_chain.anchor(log.actor, str(file)))
    found = log.audit_chain.verify([file])

    assert lines == file.read_text().splitlines()
    assert 0o600 == stat.S_IMODE(file.stat().st_mode)
    assert (True, 3, 3, 0) == (found.sound, found.given, found.check.compared, found.unproved)


def test_making_an_anchor_is_recorded(log):
    """Each anchor is an entry of the log, of whoever made it; it can be had again, to the letter."""
    line = log.audit_chain.anchor(HEAD)
    (made,) = log.audit_chain.all()

    assert (4, "head", "shown") == (made.number, made.by, made.to)
    log.edits.add(log.actor, "Dot")
    assert line == log.audit_chain.again(4)
    with pytest.raises(AnchorInvalid):
        log.audit_chain.again(3)


def test_a_cut_tail_is_told_by_an_anchor(log, tmp_path):
    """A log whose end was cut off with care is sound without the anchor, and is not with it."""
    file = tmp_path / "anchors"
    log.audit_chain.anchor(log.actor, str(file))
    _sql(log, "DELETE FROM event WHERE seq > 2")
    _sql(log, "UPDATE sqlite_sequence SET seq = 2 WHERE name = 'event'")

    assert ([], ["cut"]) == (_verdicts(log), _verdicts(log, file))
    log.edits.add(log.actor, "Dot")
    log.edits.add(log.actor, "Eve")
    log.clock.forward(hours=1)
    log.edits.add(log.actor, "Fay")
    assert ([], ["cut-and-appended"]) == (_verdicts(log), _verdicts(log, file))


@pytest.mark.parametrize(
    "change",
    [
        {"seq": 9},
        {"link": "k:00"},
        {"first": "k:00"},
        {"at": "2020-01-01T00:00:00+00:00"},
        {"mac": "00"},
        {"mac": None},
        {"home": "another"},
        {"version": 2},
        {"format": "x"},
        {"seq": "4"},
        {"seq": True},
        {"at": "2026-01-01T00:00:00"},
        {"at": 5},
        {"link": None},
        {"mac": 5},
    ],
)
def test_a_forged_anchor_is_refused(log, change):
    """An anchor that was changed, or that this home has not made, proves nothing: it is refused by name."""
    line = json.dumps({**json.loads(log.audit_chain.anchor(log.actor)), **change})

    with pytest.raises(AnchorInvalid):
        log.audit_chain.verify(lines=line)


@pytest.mark.parametrize("line", ["no anchor", "{}", "[]", '{"format": "attendance-anchor"}', "{" * 5000, "x" * 9000])
def test_what_is_no_anchor_is_refused(log, tmp_path, line):
    """A file of something else is refused with the line, and so is what is no text, or is not there."""
    file = tmp_path / "f"
    file.write_text(f"\n{line}\n")
    with pytest.raises(AnchorInvalid, match="line 2"):
        log.audit_chain.verify([file])
    file.write_bytes(b"\xff\xfe")
    for each in (file, tmp_path, tmp_path / "none"):
        with pytest.raises(AnchorInvalid):
            log.audit_chain.verify([each])


def test_an_anchor_under_another_key_is_compared(log):
    """An anchor of a key that is lost is not proved, but where the log is as it was it fits all the same."""
    line = json.loads(log.audit_chain.anchor(log.actor))
    found = log.audit_chain.verify(lines=json.dumps({**line, "key": "another", "mac": "00"}))

    assert (True, 1, 1) == (found.sound, found.check.compared, found.unproved)


def test_what_syslog_puts_before_an_anchor_is_passed_over(log):
    """A line as the system's log keeps it is an anchor."""
    line = f"Mar  2 07:58:11 school attendance: {log.audit_chain.anchor(log.actor)}"

    assert 1 == log.audit_chain.verify(lines=line).check.compared


def test_a_file_of_something_else_stays(log, tmp_path):
    """Anchors are not put into a file that holds something else, nor where no file can be; nothing is recorded then."""
    file = tmp_path / "letter.txt"
    file.write_text("Dear Ada\n")
    with pytest.raises(AnchorInvalid):
        log.audit_chain.anchor(log.actor, str(file))
    for target in (tmp_path, tmp_path / "no folder" / "anchors"):
        with pytest.raises(OutputFailed):
            log.audit_chain.anchor(log.actor, str(target))

    assert "Dear Ada\n" == file.read_text()
    assert [] == log.audit_chain.all()


def test_to_the_log_of_another_system(log):
    """An anchor is sent by UDP as RFC 3164 has it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as there:
        there.bind(("127.0.0.1", 0))
        there.settimeout(10)
        line = log.audit_chain.anchor(log.actor, f"syslog:127.0.0.1:{there.getsockname()[1]}")
        sent = there.recv(4096)

    assert f"<38>attendance: {line}\x00".encode() == sent
    assert "syslog" == log.audit_chain.all()[0].to


def test_to_the_log_of_this_system(log, tmp_path, monkeypatch):
    """An anchor is sent to the system's log; where there is none, that is told."""
    path = tmp_path / "log"
    monkeypatch.setattr("attendance.services.anchoring.DEVICE", str(path))
    with pytest.raises(OutputFailed):
        log.audit_chain.anchor(log.actor, "syslog")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as there:
        there.bind(str(path))
        there.settimeout(10)
        line = log.audit_chain.anchor(log.actor, "syslog")
        assert line.encode() in there.recv(4096)


@pytest.mark.parametrize("target", ["syslog:", "syslog::514", "syslog:host:0", "syslog:host:70000", "syslog:host:x"])
def test_an_address_that_is_none(log, target):
    """What names no host or no port is refused, and nothing is recorded."""
    with pytest.raises(AnchorInvalid):
        log.audit_chain.anchor(log.actor, target)
    assert [] == log.audit_chain.all()


def test_daily(home, clock, pipeline, tmp_path):
    """Once a day an anchor goes where the setting says, and nowhere where it says nothing."""
    file = tmp_path / "anchors"
    with Attendance.open(home, clock=clock, pipeline=pipeline) as app:
        assert (False, []) == (app.audit_chain.anchor_daily(app.actor), app.audit_chain.all())
    with Attendance.open(home, clock=clock, pipeline=pipeline, flags={"anchor_to": str(file)}) as app:
        assert app.audit_chain.anchor_daily(app.actor)
        assert app.audit_chain.verify([file]).sound


def test_an_auditor_verifies_and_makes_no_anchor(log):
    """Making an anchor writes to the log, so that it is not an auditor's."""
    with pytest.raises(AccessRefused):
        log.audit_chain.anchor(replace(HEAD, roles=frozenset({"auditor"})))
    assert log.audit_chain.verify().sound


def test_without_the_key_nothing_is_called_sound(log, home, clock, pipeline):
    """Where the key of the home is not there, verifying is refused: nobody takes silence for proof."""
    log.close()
    (home / "key").unlink()
    with Attendance.open(home, clock=clock, pipeline=pipeline, read_only=True) as app, pytest.raises(KeyMissing):
        app.audit_chain.verify()


def test_what_is_changed_without_the_key_is_told(log, home, clock, pipeline):
    """What is done while the key is not there stands in the log, and is told to be without it."""
    log.close()
    key = (home / "key").read_bytes()
    (home / "key").unlink()
    with Attendance.open(home, clock=clock, pipeline=pipeline) as app:
        app.sessions.open("Maths", at=clock.now)
    (home / "key").write_bytes(key)
    (home / "key").chmod(0o600)
    with Attendance.open(home, clock=clock, pipeline=pipeline) as app:
        with app.store.reading() as view:
            assert "session.open" == history(view)[-1].action
        assert ["unkeyed"] == _verdicts(app)
