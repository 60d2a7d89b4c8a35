"""Backups by schedule: written, listed, kept by rules, tried; and nothing deleted that is not this home's own."""

import json
import os
import shutil
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from attendance import Attendance
from attendance.cli import run
from attendance.errors import SettingValue
from attendance.privacy_errors import BackupFolder, BackupKeep, BackupUnknown
from attendance.services.backupfiles import name_at
from attendance.services.doctor_backup import backup_findings
from gallery import BackupInvalid, GalleryError, GalleryReadOnly, KeyWrong, Store, history
from gallery.backup import restore
from gallery.backup import saving as backup_saving
from gallery.vault.recovery import new_pair


@pytest.fixture
def folder(tmp_path) -> Path:
    """Where backups are written to."""
    (tmp_path / "nas").mkdir()
    return tmp_path / "nas"


@pytest.fixture
def backups(app, draw, folder):
    """Those of a home with somebody enrolled, with a folder set and one day of rules."""
    app.enroll(draw("ada.png", (7,)), name="Ada Lovelace", groups=["7b"])
    made = app.backups
    made._settings = replace(app.settings, backup_folder=str(folder), backup_keep="3d,2w")
    return made


def _events(app: Attendance, action: str) -> list:
    with app.store.reading() as view:
        return history(view, action=action)


def _files(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.glob("*.backup"))


def _beside(app: Attendance) -> list[str]:
    return sorted(each.name for each in app.home.parent.iterdir())


# Written


def test_one_is_written_under_its_own_name(app, backups, folder, clock):
    """The file says when it was made, is private, stands in the list and in the log; so does the list of erasures."""
    done = backups.run(app.actor)
    path = folder / "attendance-20260302T075811Z.backup"
    (shown,) = backups.all()

    assert ([path.name], (), ()) == (_files(folder), done.dropped, done.left)
    assert (0o600, str(path), path.stat().st_size) == (path.stat().st_mode & 0o777, done.backup.path, done.backup.bytes)
    assert (done.backup, True, done.saved.digest) == (shown.backup, True, shown.backup.digest)
    assert (True, clock.utc().replace(microsecond=0)) == (shown.backup.scheduled, shown.backup.verified)
    assert [(str(done.backup.id), {"bytes": done.backup.bytes})] == [
        (each.subject, each.details) for each in _events(app, "backup.run")
    ]
    assert (folder / f"erased-{app.store.meta('home_id')}").exists()


def test_it_opens_with_a_recovery_key_where_one_is_set(app, backups, tmp_path):
    """The public key of the settings goes into every backup."""
    public, private = new_pair()
    backups._settings = replace(backups._settings, recovery_key=public)
    done = backups.run(app.actor)
    (tmp_path / "private").write_text(private)

    made = restore(
        Store, Path(done.backup.path), tmp_path / "new", recovery=tmp_path / "private", along=("config.toml",)
    )
    assert 1 == made.rows["person"]


def test_a_recovery_key_that_is_none_cannot_be_set(app, tmp_path, capsys):
    """A mistyped public key is refused when it is set; a backup by hand says whether it opens it, else why not."""
    public, _ = new_pair()
    for wrong in ("junk", public[:-1], new_pair()[1]):
        with pytest.raises(SettingValue, match="public recovery key"):
            app.configuration.set(app.actor, "recovery_key", wrong)
    app.configuration.set(app.actor, "recovery_key", public)
    code, _, told = _command(app.home, capsys, "backup", tmp_path / "mine")

    assert (0, True) == (code, "the private recovery key opens it, too" in told)
    (app.home / "config.toml").write_text(f'recovery_key = "{public[:-1]}"')
    code, _, told = _command(app.home, capsys, "backup", tmp_path / "second")
    assert (0, True) == (code, "no recovery key opens it, as the settings cannot be read: " in told)


@pytest.mark.parametrize("place", ["nowhere", "file", "nas/relative", "home", "home/within", None])
def test_a_folder_that_cannot_be_used_is_told(app, backups, tmp_path, monkeypatch, place):
    """Not there, a file, a path that is not whole, within the home, or none set: one id, and nothing is written."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("x")
    (app.home / "within").mkdir()
    given = None if place is None else Path(place) if "relative" in place else tmp_path / place
    backups._settings = replace(backups._settings, backup_folder=None)
    with pytest.raises(BackupFolder):
        backups.run(app.actor, given)
    assert ([], []) == (backups.all(), _events(app, "backup.run"))


def test_rules_are_understood_before_anything_is_written(app, backups, folder):
    """A mistake in the rules is told, and there is no file."""
    with pytest.raises(BackupKeep):
        backups.run(app.actor, folder, "7")
    assert [] == _files(folder)


def test_one_that_does_not_read_back_is_not_counted(app, backups, folder, monkeypatch):
    """A disk that does not keep what was written: an id, no file, no row, and the older ones stay."""
    backups.run(app.actor)
    app.clock.forward(days=30)
    monkeypatch.setattr(backup_saving, "_forget_cached", lambda path: path.write_bytes(b"x"))
    with pytest.raises(GalleryError, match="does not read back"):
        backups.run(app.actor)

    assert (1, 1) == (len(_files(folder)), len(backups.all()))


def test_a_folder_that_goes_away_is_told(app, backups, folder, monkeypatch):
    """The folder is gone half-way: an id, no row, and the next try in another folder goes through."""
    written = backup_saving._written
    monkeypatch.setattr(
        backup_saving, "_written", lambda *given: (written(*given), folder.rename(folder.with_name("gone")))[0]
    )
    with pytest.raises(GalleryReadOnly):
        backups.run(app.actor)
    monkeypatch.undo()

    assert [] == backups.all()
    assert backups.run(app.actor, folder.with_name("gone")).backup.id


# Kept


def test_what_no_rule_keeps_is_deleted(app, backups, folder, clock):
    """Over forty days those of three days and the last of two weeks stay; what goes is told, and stands in the log."""
    dropped = []
    for _ in range(40):
        dropped += [each.name for each in backups.run(app.actor).dropped]
        clock.forward(days=1)
    shown = backups.all()

    assert ["20260405", "20260408", "20260409", "20260410"] == [name[11:19] for name in _files(folder)]
    assert 36 == len(dropped) == len(_events(app, "backup.drop"))
    assert _files(folder) == sorted(Path(each.backup.path).name for each in shown)
    assert [("2026-04-10", "2026-04-13"), ("2026-04-05", "2026-04-13")] == [
        (str(each.backup.at.date()), str(each.until)) for each in (shown[0], shown[-1])
    ]


def test_the_one_just_written_stays_though_the_clock_was_set_back(app, backups, folder, clock):
    """With a clock that shows last year the new file is the oldest, and is not deleted."""
    for _ in range(5):
        backups.run(app.actor)
        clock.forward(days=1)
    clock.forward(days=-400)
    done = backups.run(app.actor)

    assert Path(done.backup.path).name in _files(folder)
    assert name_at(clock.utc() + timedelta(days=399)) in _files(folder)


def _strange(app: Attendance, folder: Path, tmp_path: Path, pipeline) -> dict[str, Path]:
    """Files that are not this home's own, or not any more what it wrote; the newest of them long ago."""
    own = sorted(folder.glob("*.backup"))
    names = {
        "renamed": folder / "attendance-20200101T000000Z.backup",
        "half": own[0],
        "empty": folder / "attendance-20200102T000000Z.backup",
        "note": folder / "holidays.backup",
        "folder": folder / "attendance-20200103T000000Z.backup",
        "link": folder / "attendance-20200104T000000Z.backup",
    }
    shutil.copy(own[1], names["renamed"])
    names["half"].write_bytes(own[0].read_bytes()[:-100])
    names["empty"].write_bytes(b"")
    names["note"].write_text("mine")
    names["folder"].mkdir()
    names["link"].symlink_to(names["note"])
    with Attendance.open(tmp_path / "other", clock=app.clock, pipeline=pipeline) as other:
        names["foreign"] = Path(other.backups.run(other.actor, folder).backup.path)
    return names


def test_nothing_is_deleted_but_what_this_home_wrote(app, backups, folder, tmp_path, clock, pipeline):
    """Renamed, half, empty, foreign, another program's, a folder, a link: each is left as it is, and told why."""
    for _ in range(3):
        backups.run(app.actor)
        clock.forward(days=1)
    strange = _strange(app, folder, tmp_path, pipeline)
    kept = {name: path.read_bytes() for name, path in strange.items() if path.is_file()}
    clock.forward(days=300)
    done = backups.run(app.actor, folder, "1d")

    assert kept == {name: path.read_bytes() for name, path in strange.items() if path.is_file()}
    assert strange["folder"].is_dir()
    assert strange["link"].is_symlink()
    assert sorted(strange.values()) == sorted(each.path for each in done.left)
    assert 2 == len(done.dropped)
    assert any("bytes" in each.why for each in done.left if each.path == strange["half"])


def test_its_own_from_before_it_was_restored_are_known_again(app, backups, folder, tmp_path, clock, pipeline):
    """A home that was restored itself knows the later backups no more: those that its key proves are its own again."""
    old = backups.run(app.actor).backup
    clock.forward(days=1)
    backups.run(app.actor)
    app.close()
    restore(Store, Path(old.path), tmp_path / "new", key=app.home / "key", along=("config.toml",))
    clock.forward(days=1)
    with Attendance.open(tmp_path / "new", clock=clock, pipeline=pipeline) as again:
        again.backups.run(again.actor, folder, "9d")
        assert 3 == len(again.backups.all())
        clock.forward(days=20)
        assert 3 == len(again.backups.run(again.actor, folder, "1d").dropped)


def test_one_that_cannot_be_deleted_is_told(app, backups, clock, monkeypatch):
    """Where the system refuses to delete a file, it is left, told, and tried again the next time."""
    backups.run(app.actor)
    clock.forward(days=60)
    unlink = Path.unlink

    def refused(path: Path, **more: object) -> None:
        if path.suffix == ".backup" and not path.name.startswith("."):
            raise PermissionError(13, "not allowed")
        unlink(path, **more)

    monkeypatch.setattr(Path, "unlink", refused)
    done = backups.run(app.actor, keep="1d")
    monkeypatch.undo()

    assert ((), 1) == (done.dropped, len(done.left))
    clock.forward(days=60)
    assert 2 == len(backups.run(app.actor, keep="1d").dropped)


def test_one_is_written_a_day(app, backups, folder, clock):
    """The daily round writes one a day of the site, none where no folder is set."""
    assert backups.daily(app.actor) is not None
    clock.forward(hours=5)
    assert backups.daily(app.actor) is None
    clock.forward(hours=24)
    assert backups.daily(app.actor) is not None
    backups._settings = replace(backups._settings, backup_folder=None)
    clock.forward(hours=24)
    assert backups.daily(app.actor) is None
    assert 2 == len(_files(folder))


def test_one_by_hand_is_listed_and_never_deleted(app, backups, tmp_path, clock, capsys):
    """`attendance backup FILE` stands in the list without a day, and no rule deletes it."""
    assert 0 == run(["backup", str(tmp_path / "mine.backup"), "--home", str(app.home)])
    capsys.readouterr()
    clock.forward(days=400)
    backups.run(app.actor)
    shown = {Path(each.backup.path).name: each for each in backups.all()}

    assert (None, False, True) == (
        shown["mine.backup"].until, shown["mine.backup"].backup.scheduled, shown["mine.backup"].there
    )  # fmt: skip
    assert (tmp_path / "mine.backup").exists()


def test_one_that_somebody_took_away_is_told(app, backups, folder):
    """A file that is not where it was written is shown as not there, with no day."""
    backups.run(app.actor)
    for each in folder.glob("*.backup"):
        each.unlink()

    assert [(False, None)] == [(each.there, each.until) for each in backups.all()]


# Tried


def test_a_trial_makes_a_home_and_deletes_it(app, backups, clock):
    """The newest backup is restored whole beside the home, looked through, and gone again; the row tells when."""
    backups.run(app.actor)
    before = _beside(app)
    clock.forward(hours=1)
    found = backups.test(app.actor)

    assert ((), 1, before) == (found.problems, found.saved.rows["person"], _beside(app))
    assert clock.utc() == backups.all()[0].backup.tested
    assert [{"problems": 0}] == [each.details for each in _events(app, "backup.test")]


def test_a_trial_is_private_and_goes_whatever_happens(app, backups, monkeypatch):
    """Its folder is for the owner alone, also while it is looked through, and goes when that fails."""
    backups.run(app.actor)
    before, modes = _beside(app), []

    def broken(_: object, store: Store) -> None:
        modes.extend(each.stat().st_mode & 0o777 for each in (store.home, store.home.parent))
        raise GalleryReadOnly("x", "broken")

    monkeypatch.setattr(type(backups), "_defects", broken)
    with pytest.raises(GalleryReadOnly):
        backups.test(app.actor)

    assert ([0o700, 0o700], before) == (modes, _beside(app))
    assert [{"error": "gallery.read_only"}] == [each.details for each in _events(app, "backup.test")]
    assert backups.all()[0].backup.tested is None


@pytest.mark.parametrize("part", range(0, 16, 3))
def test_a_damaged_backup_fails_its_trial(app, backups, part):
    """A bit anywhere in the file: the trial says so by id, and the row is not marked as tried."""
    path = Path(backups.run(app.actor).backup.path)
    data = bytearray(path.read_bytes())
    data[len(data) * part // 16] ^= 1
    path.write_bytes(data)
    before = _beside(app)
    with pytest.raises(GalleryError) as refused:
        backups.test(app.actor)

    assert refused.value.id in (BackupInvalid.id, KeyWrong.id, "gallery.newer")
    assert (None, before) == (backups.all()[0].backup.tested, _beside(app))


def test_another_backup_under_the_name_is_found(app, backups, clock):
    """A genuine backup of this home in the place of another does not hold what was written there."""
    first = Path(backups.run(app.actor).backup.path)
    clock.forward(days=1)
    second = Path(backups.run(app.actor).backup.path)
    shutil.copy(first, second)

    assert ["backup.other"] == [each.id for each in backups.test(app.actor).problems]


def test_a_backup_of_before_a_new_key_is_told_as_such(app, backups):
    """A trial of it names its file, not the folder that is gone, and the command that writes one that opens."""
    path = backups.run(app.actor).backup.path
    app.keys.rotate(app.actor)
    with pytest.raises(KeyWrong, match="before the key was changed") as refused:
        backups.test(app.actor)

    assert str(path) == refused.value.where
    assert ("'attendance backups run'" in str(refused.value), ".trial." in str(refused.value)) == (True, False)


def test_what_is_wrong_with_the_home_itself_fails_no_trial(app, backups):
    """Somebody without a template is no fault of the backup."""
    app.gallery.add_person("Bob", at=app.clock.utc(), by="t")
    backups.run(app.actor)

    assert () == backups.test(app.actor).problems


def test_without_a_backup_there_is_nothing_to_try(app, backups, tmp_path):
    """No backup yet, or a file that is none: told by id."""
    with pytest.raises(BackupUnknown):
        backups.test(app.actor)
    with pytest.raises(BackupInvalid):
        backups.test(app.actor, tmp_path / "nowhere")


def test_what_a_killed_trial_left_goes(app, backups):
    """A folder of a trial that was killed a day ago is deleted by the daily round; a young one, and others', stay."""
    places = [app.home.with_name(f".{app.home.name}.trial.{each}") for each in ("old", "young")]
    places.append(app.home.with_name(".others.trial.old"))
    for each in places:
        each.mkdir()
    for each in (places[0], places[2]):
        os.utime(each, (time.time() - 90_000,) * 2)
    backups.daily(app.actor)

    assert [False, True, True] == [each.exists() for each in places]


def test_where_only_the_home_may_be_written_it_is_tried_there(app, backups, monkeypatch):
    """A service that may write to its home alone makes the trial within it, and leaves nothing."""
    backups.run(app.actor)
    before = sorted(each.name for each in app.home.iterdir())
    monkeypatch.setattr(type(backups), "_trial_places", lambda self: [self._store.home])
    backups.test(app.actor)

    assert before == sorted(each.name for each in app.home.iterdir())


# Commands and doctor


def _command(home: Path, capsys, *arguments: object) -> tuple[int, str, str]:
    code = run([*map(str, arguments), "--home", str(home)])
    caught = capsys.readouterr()
    return code, caught.out, caught.err


@pytest.mark.usefixtures("backups")
def test_the_commands_tell_the_same(app, folder, capsys):
    """Run, list and test say what was done, as text and as JSON."""
    code, out, told = _command(app.home, capsys, "backups", "run", "--to", folder, "--json")
    facts = json.loads(out)
    assert (0, True, []) == (code, Path(facts["file"]).exists(), facts["left"])
    assert "keep a copy of that file, apart" in told
    code, out, _ = _command(app.home, capsys, "backups", "list", "--json")
    assert (0, facts["file"], facts["digest"]) == (code, json.loads(out)["file"], json.loads(out)["digest"])
    code, out, _ = _command(app.home, capsys, "backups", "test")
    assert (0, True) == (code, out.startswith(f"ok  {facts['file']}: a home was made of it, 1 person"))
    code, out, _ = _command(app.home, capsys, "backups", "test", facts["file"], "--json")
    assert (0, True, []) == (code, json.loads(out)["ok"], json.loads(out)["problems"])
    code, _, told = _command(app.home, capsys, "backups", "run")
    assert (1, True) == (code, told.startswith("error[backup.folder] "))


def test_a_restoration_tells_what_it_erased_again(app, backups, folder, tmp_path, capsys):
    """Who was removed since is named by count, in words and as JSON; both keys at once are wrong usage."""
    path = backups.run(app.actor).backup.path
    app.people.remove(app.actor, "Ada Lovelace")
    app.clock.forward(days=1)
    backups.run(app.actor, folder, "9d")
    code, out, told = _command(tmp_path / "new", capsys, "restore", path, "--key", app.home / "key", "--json")
    assert (0, {"people": 1, "templates": 1}) == (code, json.loads(out)["erased_again"])
    assert "erased again, as it was erased since: people 1, templates 1" in told
    assert (tmp_path / "new" / "erased").exists()
    assert 2 == _command(tmp_path / "x", capsys, "restore", path, "--key", "k", "--recovery", "r")[0]


def test_a_restoration_tells_that_it_was_told_of_nothing(app, backups, tmp_path, capsys):
    """Where no list of erasures is to be found, nobody takes silence for proof; where there is one, nothing is said."""
    path = Path(backups.run(app.actor).backup.path)
    alone = tmp_path / "alone" / path.name
    alone.parent.mkdir()
    alone.write_bytes(path.read_bytes())
    told = [
        _command(tmp_path / f"new {number}", capsys, "restore", each, "--key", app.home / "key")[2]
        for number, each in enumerate((alone, path))
    ]

    assert [True, False] == ["whoever was erased is there again" in each for each in told]


def test_doctor_finds_old_and_untried_backups(app, backups, clock):
    """A schedule without a backup of the last three days is a problem; one that was never tried is worth knowing."""
    folder = backups._settings.backup_folder

    def found() -> list[str | None]:
        with app.store.reading() as view:
            from gallery.repositories import backups as rows

            return [each.id for each in backup_findings(rows.all_backups(view), folder, clock.utc())]

    assert ["backup.old"] == found()
    backups.run(app.actor)
    assert [None, "backup.untested"] == found()
    backups.test(app.actor)
    assert [None] == found()
    clock.forward(days=3, seconds=1)
    assert ["backup.old"] == found()
    assert [] == list(backup_findings([], None, clock.utc()))


# The list of what was erased


def test_the_list_is_written_as_soon_as_somebody_is_erased(app, backups, folder):
    """Who is removed stands in the list of the home and beside the backups at once, not only after the next night."""
    app.settings = backups._settings
    number = app.gallery.find("Ada Lovelace").id
    app.people.remove(app.actor, "Ada Lovelace")
    beside = folder / f"erased-{app.store.meta('home_id')}"

    assert [[number, "person"]] == [each[:2] for each in json.loads(beside.read_text())["erasures"]]
    assert beside.read_bytes() == (app.home / "erased").read_bytes()


def test_a_list_that_cannot_be_written_keeps_nobody_from_being_erased(app, backups, folder, monkeypatch):
    """Where the folder of the backups is broken the person goes all the same, and the next round writes the list."""
    from gallery.backup import erased

    app.settings = backups._settings

    def broken(*_: object) -> None:
        raise GalleryReadOnly("x", "broken")

    monkeypatch.setattr(erased, "write", broken)
    app.people.remove(app.actor, "Ada Lovelace")
    assert [] == app.gallery.people()
    monkeypatch.undo()
    app.publish_erasures()
    assert (folder / f"erased-{app.store.meta('home_id')}").exists()
