"""The key of a home through its service: what it says, copies, recovery, and what remains once it is lost."""

import os

import pytest
from servers import contents

from attendance import Attendance
from attendance.access import Actor
from attendance.privacy_errors import KeyPlace
from attendance.services.backup import backup, key_words, restore
from attendance.services.doctor import Doctor
from gallery import GalleryReadOnly, KeyMissing, KeySource, KeyWorks, NotEmpty, history
from gallery.repositories import chaincheck
from gallery.vault import keyring
from gallery.vault.recovery import PRIVATE, parsed_private, parsed_public, public_of

OWNER = Actor("owner")
PHRASE = "five words that nobody guesses"


@pytest.fixture(autouse=True)
def _no_key_of_this_computer(monkeypatch):
    """Nothing of its own keys reaches a test."""
    for name in ("ATTENDANCE_KEY", "ATTENDANCE_KEY_COMMAND", "ATTENDANCE_KEY_PASSPHRASE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def app(home, clock, pipeline, draw):
    """An open home in which Ada is enrolled and marked."""
    with Attendance.open(home, clock=clock, pipeline=pipeline, flags={"guard_people": 0}) as opened:
        opened.enroll(draw("ada.png", (1,)), name="Ada", external_id="A")
        opened.session_book.open(opened.actor, "Maths")
        opened.session_book.open(opened.actor, "Arts")
        opened.mark("Ada", session="Maths")
        yield opened


def verdicts(app) -> set[str]:
    """What is found of the log."""
    from gallery.repositories import secrets

    with app.store.reading() as transaction:
        key = secrets.stored(transaction, app.vault, "audit")
        return {each.verdict for each in chaincheck.verify(transaction, key).findings}


def test_the_state_tells_what_the_key_needs(app, monkeypatch):
    """Plain, then wrapped: which variable it needs, since when it is, and whether it opens; nothing of the key."""
    before = app.keys.state()
    monkeypatch.setenv("ATTENDANCE_KEY_PASSPHRASE", PHRASE)
    app.keys.protect(OWNER, "passphrase")
    app.keys.rotate(OWNER)
    after = app.keys.state()

    assert ("file", None, None, None) == (before.way, before.source, before.problem, before.since)
    assert ("passphrase", "ATTENDANCE_KEY_PASSPHRASE", None) == (after.way, after.source, after.problem)
    assert app.clock.utc() == after.since
    assert {"schema", "file", "with", "needs", "opens", "problem", "detail", "since", "recovery_key"} == set(
        after.to_dict()
    )


def test_the_log_holds_through_all_of_it(app, home, monkeypatch):
    """Wrapped, rotated, laid open, lost, given up: every link of the log still proves, and each step stands in it."""
    monkeypatch.setenv("ATTENDANCE_KEY", "5c" * 32)
    app.keys.protect(OWNER, "environment")
    app.keys.rotate(OWNER)
    app.keys.protect(OWNER, "file")
    assert set() == verdicts(app)
    (home / "key").unlink()
    app.keys.abandon(OWNER)
    app.mark("Ada", session="Arts")

    assert set() == verdicts(app)
    with app.store.reading() as transaction:
        told = [each.action for each in history(transaction) if each.action.startswith("key.")]
    assert ["key.protect", "key.rotate", "key.protect", "key.abandon"] == told


def test_a_copy_restores(app, home, clock, tmp_path, monkeypatch):
    """A copy of a wrapped key stays wrapped, opens a backup with its source, and lies so in the restored home."""
    monkeypatch.setenv("ATTENDANCE_KEY", "5c" * 32)
    app.keys.protect(OWNER, "environment")
    app.keys.copy(OWNER, tmp_path / "stick")
    backup(home, tmp_path / "backup", clock)
    restore(tmp_path / "backup", tmp_path / "new", tmp_path / "stick")

    assert (home / "key").read_bytes() == (tmp_path / "stick").read_bytes() == (tmp_path / "new" / "key").read_bytes()
    assert 0o600 == (tmp_path / "stick").stat().st_mode & 0o777
    with Attendance.open(tmp_path / "new", clock=clock, read_only=True) as there:
        assert [] == [each for each in there.upkeep.verify() if each.id != "gallery.no_template"]
    monkeypatch.delenv("ATTENDANCE_KEY")
    keyring.of_process.cache_clear()  # as another program that has just started
    with pytest.raises(KeySource, match="ATTENDANCE_KEY"):
        restore(tmp_path / "backup", tmp_path / "other", tmp_path / "stick")
    assert not (tmp_path / "other").exists()


def test_a_backup_says_what_opens_it(app, home, monkeypatch):
    """The message after a backup names the key file, and what unwraps the key in it."""
    assert str(home / "key") == key_words(home)
    monkeypatch.setenv("ATTENDANCE_KEY_PASSPHRASE", PHRASE)
    app.keys.protect(OWNER, "passphrase")

    assert f"{home / 'key'} with its passphrase" == key_words(home)


def test_a_recovery_pair_is_made(app, tmp_path):
    """The private key goes to a file of mode 0600 alone, the public one into the settings; both are one pair."""
    public = app.keys.recovery(OWNER, tmp_path / "pair")
    text = (tmp_path / "pair").read_text()

    assert 32 == len(parsed_public(public))
    assert (public, 0o600) == (public_of(parsed_private(text)), (tmp_path / "pair").stat().st_mode & 0o777)
    assert public == app.keys.state().recovery_key == app.configuration.named("recovery_key").value
    private = next(line for line in text.splitlines() if line.startswith(PRIVATE))
    assert private not in (app.home / "config.toml").read_text()
    assert private.removeprefix(PRIVATE).encode() not in b"".join(contents(app.home).values())


def test_what_opens_the_home_does_not_lie_beside_it(app, home, tmp_path):
    """Neither copy nor private key is written into the home, into the folder for backups, or over a file."""
    (tmp_path / "backups").mkdir()
    app.configuration.set(OWNER, "backup_folder", str(tmp_path / "backups"))
    (tmp_path / "taken").write_text("mine")
    before = sorted(each.name for each in home.iterdir())
    for act in (app.keys.copy, app.keys.recovery):
        for place in (home / "x", home / "jobs" / "x", tmp_path / "backups" / "x"):
            with pytest.raises(KeyPlace):
                act(OWNER, place)
        with pytest.raises(NotEmpty):
            act(OWNER, tmp_path / "taken")

    assert ("mine", None) == ((tmp_path / "taken").read_text(), app.keys.state().recovery_key)
    assert before == sorted(each.name for each in home.iterdir())


def test_a_reader_changes_no_key(app, home, clock, tmp_path):
    """In a home opened for reading alone nothing is rotated, wrapped, copied or given up without a trace."""
    app.close()
    before = (home / "key").read_bytes()
    with Attendance.open(home, clock=clock, read_only=True) as reader:
        for act in (
            lambda: reader.keys.rotate(OWNER),
            lambda: reader.keys.protect(OWNER, "file"),
            lambda: reader.keys.copy(OWNER, tmp_path / "copy"),
            lambda: reader.keys.recovery(OWNER, tmp_path / "pair"),
            lambda: reader.keys.abandon(OWNER),
        ):
            with pytest.raises(GalleryReadOnly):
                act()

    assert (before, False, False) == (
        (home / "key").read_bytes(),
        (tmp_path / "copy").exists(),
        (tmp_path / "pair").exists(),
    )


# Lost


@pytest.fixture
def lost(app, home, clock, pipeline):
    """The home without its key, opened anew."""
    app.close()
    os.unlink(home / "key")  # noqa: PTH108
    with Attendance.open(home, clock=clock, pipeline=pipeline) as opened:
        yield opened


def test_what_remains_possible_without_the_key(lost, home, clock, draw, tmp_path):
    """Names, marks, reports and erasing work; recognising, enrolling, exporting templates and backups do not."""
    lost.people.rename(OWNER, "A", "Ada L.")
    lost.people.put_in(OWNER, "A", ["7b"])
    lost.mark("A", session="Arts")
    assert {"Ada L."} == {row.person.name for row in lost.report(session="Maths")}
    lost.archives.export(tmp_path / "people.zip")
    refused = (
        lambda: list(lost.check(draw("door.png", (1, 90)))),
        lambda: lost.enroll(draw("bob.png", (2,)), name="Bob"),
        lambda: lost.archives.export(tmp_path / "all.zip", passphrase=PHRASE),
        lambda: backup(home, tmp_path / "backup", clock),
    )
    for act in refused:
        with pytest.raises(KeyMissing):
            act()
    lost.people.remove(OWNER, "A")

    assert [] == lost.gallery.people()
    assert not (home / "key").exists()


def test_doctor_says_what_remains_possible(lost, home, clock):
    """Without the key, doctor names it as the problem, what works without it, and the way on."""
    (found,) = [each for each in Doctor(home, clock).examine() if each.check == "key"]

    assert ("gallery.key_missing", 3) == (found.id, found.exit_code)
    remains = ("names, marks, reports and erasing work", "recognising and the service do not", "a backup needs the key")
    for told in (*remains, "attendance key abandon"):
        assert told in found.repair
    lost.keys.abandon(OWNER)
    (found,) = [each for each in Doctor(home, clock).examine() if each.check == "key"]
    assert (None, True) == (found.id, "plain in its file" in found.detail)


def test_after_giving_up_everything_works_again(lost, draw):
    """A photo makes a template again, somebody is recognised, and what was marked before is still there."""
    lost.keys.abandon(OWNER)
    lost.enroll(draw("ada.png", (1,)), name="Ada", external_id="A")
    (seen,) = lost.check(draw("door.png", (1, 90)), session="Arts")

    assert ("present", "A") == (seen.decision, seen.person.id)
    assert [("Ada", "present")] == [(row.person.name, row.status) for row in lost.report(session="Maths")]
    with pytest.raises(KeyWorks):
        lost.keys.abandon(OWNER)
