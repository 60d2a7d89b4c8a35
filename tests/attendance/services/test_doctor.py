"""Doctor: every planted defect is found, with the command that repairs it, and nothing is changed by looking."""

import json
import os
import re
import shutil
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from servers import raw
from similarity_world import exported

from attendance import Attendance
from attendance.cli import run
from attendance.services import doctor as module
from attendance.services import (
    doctor_aside,
    doctor_backup,
    doctor_index,
    doctor_packages,
    doctor_server,
    doctor_slice,
    doctor_threshold,
    doctor_timetable,
    doctor_vectors,
    doctor_virtual,
    doctor_workers,
)
from attendance.services.doctor import FINDINGS, Doctor
from attendance.services.doctor_finding import Finding


@pytest.fixture
def sound(home, clock, fake, draw) -> Path:
    """A home with one person and one mark, made as if by the encoder that ships."""
    from enroll import load_card
    from enroll.registry import MODELS

    shipped = load_card(MODELS / "default")
    pipeline = fake.FakePipeline(fake.FakeEncoder(fake.card(shipped.id)), shipped.finder)
    with Attendance.open(home, clock=clock, pipeline=pipeline) as app:
        app.enroll(draw("a.png", (1,)), name="Ada", external_id="E-1")
        list(app.check(draw("b.png", (1, 90))))
    return home


@pytest.fixture
def look(home, clock):
    """The problems found, by id, after proof that looking has changed no file; a server's clock is not the test's."""

    def problems_by_id(**more) -> dict[str, Finding]:
        before = snapshot(home)
        found = Doctor(home, clock).examine(**more)
        problems = [each for each in found if not each.ok and each.id != "clock.server"]
        assert before == snapshot(home)
        assert all(each.repair and each.detail and each.exit_code for each in problems)
        return {each.id: each for each in problems}

    return problems_by_id


def snapshot(home: Path) -> dict[str, bytes]:
    """Every file of the home but SQLite's own scratch files, which hold nothing that lasts."""
    files = (path for path in home.rglob("*") if path.is_file() and path.suffix != ".db-shm")
    return {str(path): data for path in files if (data := path.read_bytes()) or path.suffix != ".db-wal"}


def change(home: Path, statement: str) -> None:
    with raw(home) as run:
        run(statement)


@pytest.mark.usefixtures("sound")
def test_sound_home_is_clean(look):
    """A sound home has no problem, at either depth."""
    assert {} == look()
    assert {} == look(full=True)


def test_no_home(look):
    """No home yet is told as such, with the command that begins one."""
    assert ("attendance enroll PHOTO --name NAME", 3) == (
        look()["gallery.missing"].repair,
        look()["gallery.missing"].exit_code,
    )


@pytest.mark.sqlite_only("the file of its database is something else")
def test_no_database(look, sound):
    """A file that is no database makes the home unusable."""
    for path in sound.glob("attendance.db*"):
        path.unlink()
    (sound / "attendance.db").write_bytes(b"nonsense" * 600)
    assert look()["gallery.not_a_database"].exit_code == 3


@pytest.mark.sqlite_only("a server has files of its own, and finds their damage itself")
def test_damaged_page(look, sound):
    """A page overwritten with noise is found."""
    path = sound / "attendance.db"
    data = bytearray(path.read_bytes())
    for begin in range(8192, len(data), 4096):
        data[begin : begin + 200] = os.urandom(200)
    path.write_bytes(data)
    assert any(id_ in {"gallery.damaged", "gallery.failed", "internal.failed"} for id_ in look())


def test_newer_schema(look, sound):
    """A database of a newer version that lets no older one go on is refused."""
    change(sound, "UPDATE alembic_version SET version_num = '9999'")
    change(sound, "UPDATE meta SET value = '9999' WHERE key = 'compatible'")
    assert look()["gallery.newer"].exit_code == 3


def test_key_missing(look, sound):
    """A key that is gone is missed, and no new one is made."""
    (sound / "key").unlink()
    assert "gallery.key_missing" in look()
    assert not (sound / "key").exists()


def test_key_of_another_home(look, sound):
    """A key of another home is told from the right one."""
    (sound / "key").write_text("0" * 64)
    assert "gallery.key_wrong" in look()


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_key_that_others_may_read(look, sound):
    """A key that others may read is told, with the command that closes it; after it all is well."""
    (sound / "key").chmod(0o644)
    assert f"chmod 600 {sound / 'key'}" == look()["gallery.key_mode"].repair
    (sound / "key").chmod(0o600)
    assert {} == look()


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_home_that_others_may_write(look, sound):
    """A home that others may write to is told."""
    sound.chmod(0o777)
    assert f"chmod 700 {sound}" == look()["home.mode"].repair


def test_altered_template(look, sound):
    """A template with a changed byte is found by the full look, and named."""
    change(sound, "UPDATE template SET vector = x'00'")
    assert {} == look()
    assert "E-1" in look(full=True)["gallery.template_altered"].repair


def test_row_without_owner(look, sound):
    """A row whose owner is gone is found by the light look."""
    change(sound, "INSERT INTO membership (person_id, group_id) VALUES (77, 88)")
    assert "attendance gallery verify --repair" == look()["gallery.orphan"].repair


def test_mark_without_event(look, sound):
    """A mark that no event tells of is found by the full look."""
    change(sound, "DELETE FROM event WHERE action = 'mark.add'")
    assert "gallery.mark_unrecorded" in look(full=True)


def test_log_that_was_changed(look, sound, monkeypatch):
    """A log that is not as it was written is a problem; of a long one that is looked at with --full alone."""
    with raw(sound) as run:
        run("UPDATE event SET by = 'nobody' WHERE seq = 2")
    assert "entry 2 was changed" in look()["audit.broken"].detail
    monkeypatch.setattr(module, "LONG_LOG", 1)
    assert {} == look()
    assert {"audit.broken"} <= look(full=True).keys()


def test_templates_of_another_encoder(look, sound):
    """People with templates of another encoder only are told, with the command that helps."""
    change(sound, "UPDATE template SET pipeline_id = 'older'")
    assert "attendance gallery reembed" == look()["encoder.other"].repair


@pytest.mark.usefixtures("sound")
def test_altered_encoder(look, home, tmp_path):
    """An encoder file with one byte changed is found."""
    from enroll.registry import MODELS

    copy = shutil.copytree(MODELS / "default", tmp_path / "encoder")
    with (copy / "encoder.onnx").open("r+b") as file:
        file.seek(1000)
        byte = file.read(1)
        file.seek(1000)
        file.write(bytes([byte[0] ^ 1]))
    (home / "config.toml").write_text(f'encoder = "{copy.as_posix()}"\n')
    assert look()["encoder.altered"].exit_code == 3


@pytest.mark.usefixtures("sound")
def test_encoder_gone(look, home):
    """An encoder that is not where the settings say is found."""
    (home / "config.toml").write_text('encoder = "/nowhere"\n')
    assert "encoder.missing" in look()


@pytest.mark.usefixtures("sound")
def test_detector_gone(look, monkeypatch):
    """A missing detector is found, with the package to install again."""
    import enroll.detectors.finder

    monkeypatch.setattr(enroll.detectors.finder, "MODEL_FILE", "no_such_file.onnx")
    assert "pip install --force-reinstall attendance" == look()["detector.missing"].repair


@pytest.mark.usefixtures("sound")
def test_parts_that_a_program_registered(monkeypatch, fake, home, clock):
    """Detector, screen and encoder that this program has registered are looked at and told as such."""
    from enroll import registry

    monkeypatch.setattr(registry, "_REGISTERED", {})
    encoder = fake.FakeEncoder(fake.card("own-1"))
    encoder.detect = lambda _: []
    for kind in ("detector", "screen", "encoder"):
        registry.register(kind, "own", lambda _: encoder)
    (home / "config.toml").write_text('detector = "own"\nscreens = "own"\nencoder = "own"\n')
    found = list(Doctor(home, clock).examine())
    told = [each.check for each in found if each.detail == "own-1, registered by this program"]
    assert ["detector", "screen", "encoder"] == told
    calibrated = next(each.detail for each in found if each.id == "encoder.uncalibrated")
    assert "installed is own-1+landmarks-" in calibrated


def test_a_screen_that_nobody_registered(look, sound):
    """A setting that names an unknown screen is found, with the names that there are."""
    (sound / "config.toml").write_text('screens = "blink"\n')
    assert "blink: there is no screen of this name" in look()["part.unknown"].detail


def test_a_model_that_compares_is_looked_at(look, sound, clock, tmp_path):
    """A folder that is whole is told of, and one that was altered is found with what to type."""
    whole = exported(tmp_path / "whole")
    (exported(tmp_path / "altered", name="other") / "model.onnx").write_bytes(b"x")
    (sound / "config.toml").write_text(f'similarity = "{whole.as_posix()}, {(tmp_path / "altered").as_posix()}"\n')
    found = look()
    assert ["similarity.unusable"] == list(found)
    assert "sha256 is not the one on its card" in found["similarity.unusable"].detail
    told = [each.detail for each in Doctor(sound, clock).examine() if each.ok and each.check == "similarity"]
    assert [True] == [each.startswith("colours, contrastive on folder, sha256 ") for each in told]


def test_wrong_setting(look, sound):
    """A misspelt key in the file is found, and the other looks go on."""
    (sound / "config.toml").write_text("margn = 0.1\n")
    found = look()
    assert ["settings.unknown"] == list(found)


@pytest.mark.usefixtures("sound")
def test_wrong_variable(look, monkeypatch):
    """A misspelt variable is found."""
    monkeypatch.setenv("ATTENDANCE_MARGN", "0.1")
    assert "unset ATTENDANCE_MARGN" == look()["settings.environment"].repair


@pytest.mark.usefixtures("sound")
def test_clock_behind(look, clock):
    """A clock that lies before the newest record is found."""
    clock.now -= timedelta(days=1)
    assert "2026-03-02T07:58:11" in look()["clock.behind"].detail


def test_clock_of_another_age(look, clock):
    """A clock before this program's time is found."""
    clock.now = datetime(1970, 1, 1, tzinfo=UTC)
    assert "clock.implausible" in look()


@pytest.mark.usefixtures("sound")
@pytest.mark.parametrize(
    ("told", "zone"),
    [
        ("JST-9", "Asia/Tokyo"),
        ("CET-1CEST,M3.5.0,M10.5.0/3", "Europe/Paris"),
        ("<+0330>-3:30", "Asia/Tehran"),
        ("Asia/Tokio", "Asia/Tokyo"),
        ("europe/berlin", "Europe/Berlin"),
    ],
)
@pytest.mark.skipif(os.name != "posix", reason="rules in TZ are POSIX's")
def test_zone_that_is_not_used(look, tz, told, zone):
    """A TZ that names no zone is named, with the command that sets the likely one."""
    tz(told)
    found = look()["clock.zone"]
    assert f"attendance config set time_zone {zone}" == found.repair
    assert f"TZ={told} names no zone" in found.detail


@pytest.mark.usefixtures("sound")
@pytest.mark.parametrize("told", ["Asia/Tokyo", "/usr/share/zoneinfo/Asia/Tokyo", ":Asia/Tokyo", "", "UTC0"])
@pytest.mark.skipif(not Path("/usr/share/zoneinfo/Asia/Tokyo").exists(), reason="the system has no zones of its own")
def test_zone_that_is_used(look, tz, told):
    """A TZ that the system follows and that names a zone is no problem, whichever way it does."""
    tz(told)
    assert {} == look()


@pytest.mark.usefixtures("sound")
def test_clock_in_another_zone(look, monkeypatch):
    """A clock that runs in another zone than the one told is found, with both offsets."""
    from attendance.zones import computer

    monkeypatch.setattr(computer, "system_hours", lambda _: (3600, "X"))
    assert "now that is +00:00 and the computer's clock runs at +01:00" in look()["clock.zone"].detail


def test_zone_that_is_set(look, sound, tz):
    """Where the site's zone is set, the computer's own is no matter."""
    (sound / "config.toml").write_text('time_zone = "Asia/Tokyo"\n')
    tz("XXX-13")
    assert {} == look()


@pytest.mark.usefixtures("sound")
def test_disk_nearly_full(look, monkeypatch):
    """A disk with little space left is found."""
    usage = type("usage", (), {"free": 5_000_000})
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _: usage)
    assert "5 MB" in look()["disk.low"].detail


def test_leftover_of_an_interrupted_write(look, sound):
    """A temporary file left behind is found and named."""
    left = sound / ".config-abc.toml"
    left.write_text("")
    assert f"rm {left}" == look()["home.leftover"].repair


@pytest.mark.usefixtures("sound")
def test_missing_library(look, monkeypatch):
    """A library that is not installed is found."""
    monkeypatch.setattr(doctor_packages, "PACKAGES", ("numpy", "no-such-library"))
    assert "pip install no-such-library" == look()["package.missing"].repair


@pytest.mark.usefixtures("sound")
def test_camera_gone(look):
    """A camera that is asked for and not there is found."""
    assert look(camera="/dev/video99")["camera.missing"].exit_code == 4


def test_every_finding_is_described():
    """Each id that doctor makes up itself is in its table, with a sentence."""
    databases = (
        doctor_aside,
        doctor_backup,
        doctor_server,
        doctor_slice,
        doctor_vectors,
        doctor_virtual,
        doctor_workers,
    )
    looks = (module, *databases, doctor_packages, doctor_threshold, doctor_timetable)
    source = "".join(Path(each.__file__).read_text() for each in looks)
    assert all(source.count(f'"{id_}"') >= 2 for id_ in FINDINGS)
    assert all(text.endswith(".") for text in FINDINGS.values())


def test_exit_codes(sound, capsys, clock, monkeypatch):
    """Clean is 0, a problem 1, a home that cannot be used 3; stdout tells each look, as JSON if wanted."""
    from attendance import clock as clocks

    clock.now = datetime.now(UTC)  # as a server's is
    monkeypatch.setattr(clocks, "SystemClock", lambda: clock)
    assert run(["doctor", "--home", str(sound)]) == 0
    out = capsys.readouterr().out
    assert all(line.startswith("ok ") for line in out.splitlines())
    sound.chmod(0o777)
    assert run(["doctor", "--home", str(sound)]) == 1
    assert f"repair: chmod 700 {sound}" in capsys.readouterr().out
    sound.chmod(0o700)
    assert run(["doctor", "--json", "--home", str(sound / "none")]) == 3
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert ["gallery.missing"] == [row["id"] for row in rows if not row["ok"]]


def test_every_library_is_looked_at():
    """Each library that the package declares for every system is one that doctor looks for."""
    project = tomllib.loads((Path(__file__).resolve().parents[3] / "pyproject.toml").read_text(encoding="utf-8"))
    declared = [text for text in project["project"]["dependencies"] if ";" not in text]
    assert sorted(re.split(r"[>=<]", text)[0] for text in declared) == sorted(doctor_packages.PACKAGES)


def test_what_reaches_a_server_is_told_where_it_is_there(monkeypatch):
    """The versions name psycopg and pgvector where they are installed, and miss neither: a file needs none of them."""
    there = {"psycopg": "3.2.9", "psycopg-binary": "3.2.8", "pgvector": "0.4.1"}
    others = doctor_packages._version
    monkeypatch.setattr(doctor_packages, "_version", lambda name: there.get(name) or others(name))
    [found] = doctor_packages.package_findings()
    assert ", psycopg 3.2.9, psycopg-binary 3.2.8, pgvector 0.4.1" in found.detail
    here = {*doctor_packages.SERVER_PACKAGES}
    monkeypatch.setattr(doctor_packages, "_version", lambda name: None if name in here else others(name))
    [found] = doctor_packages.package_findings()
    assert (None, False) == (found.id, any(each in found.detail for each in here))


@pytest.mark.usefixtures("sound")
def test_one_of_anything_is_told_as_one(home, clock):
    """Where there is one person, template or mark, no word of doctor's is told as of several."""
    told = {each.check: each.detail for each in Doctor(home, clock).examine()}
    assert told["people"].startswith("1 person, 1 template of ")
    assert told["people"].endswith(", 1 mark")


def test_one_problem_is_told_as_one(sound, capsys, clock, monkeypatch):
    """The last line counts problems as people do."""
    from attendance import clock as clocks

    clock.now = datetime.now(UTC)  # as a server's is
    monkeypatch.setattr(clocks, "SystemClock", lambda: clock)
    sound.chmod(0o777)
    assert run(["doctor", "--home", str(sound)]) == 1
    assert "1 problem" == capsys.readouterr().err.splitlines()[-1]
    sound.joinpath(".config-1.toml").touch()
    run(["doctor", "--home", str(sound)])
    assert "2 problems" == capsys.readouterr().err.splitlines()[-1]


def _told_of_index(home, clock, **more) -> list[str]:
    return [each.detail for each in Doctor(home, clock).examine(**more) if each.check == "index"]


def test_how_the_gallery_is_searched_is_measured(sound, clock, monkeypatch):
    """Doctor tells the plan and what it loses; a gallery that takes long is measured when everything is asked for."""
    found = _told_of_index(sound, clock)
    monkeypatch.setattr(doctor_index, "MANY_TEMPLATES", 0)
    many, all_of_them = _told_of_index(sound, clock), _told_of_index(sound, clock, full=True)
    (sound / "key").unlink()

    said = "plan exact: 1 of the gallery's own templates looked for, index loss 0.00%"
    assert found[0].startswith(said)
    assert ["1 template, plan auto; 'attendance doctor --full' measures how they are searched"] == many
    assert all_of_them[0].startswith(said)
    assert [] == _told_of_index(sound, clock, full=True)  # the look at the key tells why


def test_the_plan_of_the_settings_is_measured(sound, clock, monkeypatch):
    """Whoever set a plan is told of that plan."""
    monkeypatch.setenv("ATTENDANCE_SEARCH_PLAN", "exact8")

    assert _told_of_index(sound, clock)[0].startswith("plan exact8: 1 of")


def test_nobody_enrolled_is_no_index(home, clock):
    """Before anybody has a template there is nothing to search."""
    Attendance.open(home, clock=clock).close()

    assert [] == _told_of_index(home, clock)
