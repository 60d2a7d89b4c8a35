"""Where things lie: the home by flag, variable or platform; an encoder by name or folder."""

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import pytest

from attendance import Attendance
from attendance.errors import HomeUnknown, SettingUnknown, SettingValue
from attendance.home import encoder_folder, home_folder, load_ahead, load_pipeline
from attendance.settings import Settings
from enroll import CHECK_LIMITS, ENROLL_LIMITS, EncoderMissing, PartUnknown, registry
from enroll.registry import MODELS

ROOT = Path(__file__).resolve().parents[2]


def test_home_given_beats_the_variable(monkeypatch, tmp_path):
    """A home given wins, then ATTENDANCE_HOME, then the platform's folder; ~ is the user's own."""
    platform = home_folder()
    assert platform.name == "attendance"
    monkeypatch.setenv("ATTENDANCE_HOME", str(tmp_path / "a"))
    assert tmp_path / "a" == home_folder()
    assert tmp_path / "b" == home_folder(tmp_path / "b")
    assert Path.home() / "x" == home_folder("~/x")


@pytest.mark.parametrize("given", [None, "~/here", "~nobody-of-this-name/here"])
def test_an_account_without_a_home(monkeypatch, given):
    """A service's account has no home folder: what to give is told, with exit code 3, and a folder given is used."""

    def unknown(*_, **__):
        raise RuntimeError("could not determine the home directory")

    monkeypatch.setattr("platformdirs.user_data_path", unknown)
    monkeypatch.setattr(Path, "expanduser", unknown)
    with pytest.raises(HomeUnknown, match="known") as caught:
        home_folder(given)
    assert 3 == caught.value.exit_code
    assert {"--home", "ATTENDANCE_HOME"} <= set(caught.value.help.rstrip(".").split())


@pytest.mark.skipif(not Path("/proc/self/ns/user").exists(), reason="user namespaces are Linux's")
def test_a_service_without_home_or_passwd_entry(tmp_path):
    """An account that no file knows, without HOME, gets the same line from every command; --home helps it."""
    words = ["unshare", "--user", "--map-user=54321", "env", "-i", f"PATH={os.environ['PATH']}"]
    if subprocess.run([*words, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this account may make no user namespace")
    attendance = [*words, f"PYTHONPATH={ROOT}", sys.executable, "-m", "attendance"]
    for command in (["gallery", "stats"], ["config", "show"], ["doctor"], ["check", "a.jpg"]):
        done = subprocess.run([*attendance, *command], capture_output=True, text=True, check=False)
        assert (3, 1) == (done.returncode, done.stderr.count("\n")), done.stderr
        assert done.stderr.startswith("error[home.unknown] home: no home folder is known for this account.")
    done = subprocess.run([*attendance, "config", "show", "--home", tmp_path], capture_output=True, check=False)
    assert 0 == done.returncode


def test_an_encoder_below_the_users_home():
    """A variable that a shell did not expand is: ~/enc is a folder of the user's own."""
    assert Path.home() / "enc" == encoder_folder("~/enc")


def test_encoder_by_name_or_folder(tmp_path):
    """A plain name is that of a shipped encoder, anything else a folder."""
    assert MODELS / "default" == encoder_folder("default")
    assert tmp_path == encoder_folder(str(tmp_path))
    assert Path("other") == encoder_folder("other")
    assert Path("../default") == encoder_folder("../default")


def test_limits_are_the_cards_unless_set():
    """The limits of quality are those of the models' cards; a setting goes before them, and the others stay."""
    plain = load_pipeline(Settings(encoder="fast", threads=1))
    assert (CHECK_LIMITS, ENROLL_LIMITS) == (plain.limits, plain.enrol_limits)
    assert 0.83 == plain.detector.min_score
    asked = Settings(
        encoder="fast", threads=1, detector_min_score=0.6, min_face_px=40, enroll_min_face_px=60, enroll_min_quality=50
    )
    found = load_pipeline(asked)
    assert dataclasses.replace(CHECK_LIMITS, min_face_px=40) == found.limits
    assert dataclasses.replace(ENROLL_LIMITS, min_face_px=60, min_score=50) == found.enrol_limits
    assert 0.6 == found.detector.min_score


class Stages:
    """Detector, screen and encoder of a program, all in one."""

    id = "own-1"
    stages = frozenset({"check"})
    dim, crop_size = 64, 112

    def __init__(self, card) -> None:
        self.card = card


def test_parts_that_a_program_registered(home, fake, monkeypatch):
    """Settings name what a program has registered: detector, screens, encoder; the home's encoder is that one."""
    monkeypatch.setattr(registry, "_REGISTERED", {})
    own = Stages(fake.card("own-1"))
    for kind in ("detector", "screen", "encoder"):
        registry.register(kind, "own", lambda _: own)
    with Attendance.open(home, flags={"encoder": "own", "detector": "own", "screens": "own"}) as app:
        assert "own-1" == app.card.id
        assert (own, own, (own,)) == (app.pipeline.detector, app.pipeline.encoder, app.pipeline.screens)


def test_a_screen_that_nobody_registered(home):
    """A setting that names an unknown screen or detector ends the run with the names that there are."""
    for flags in ({"screens": "blink"}, {"detector": "blink"}):
        with Attendance.open(home, flags=flags) as app, pytest.raises(PartUnknown, match="blink: there is no"):
            _ = app.pipeline


def test_names_of_screens():
    """Screens are named with commas between, blanks around them or not."""
    assert [(), ("a",), ("a", "b")] == [Settings(screens=text).screen_names for text in (None, "a", " a , b,")]


def test_missing_encoder_is_told(home, tmp_path):
    """A home whose encoder is not there says so when it is needed, not before."""
    with Attendance.open(home, flags={"encoder": str(tmp_path)}) as app:
        assert [] == app.sessions.all()
        with pytest.raises(EncoderMissing):
            app.policy()


def test_whoever_loads_ahead_begins_the_decoder(monkeypatch):
    """Where detector and encoder load ahead of the photos, the process that decodes those begins meanwhile."""
    begun: list[str] = []
    monkeypatch.setattr("enroll.decoder.DECODER.start", lambda: begun.append("decoder"))
    monkeypatch.setattr("attendance.home.load_pipeline", lambda _: begun.append("pipeline"))
    load_ahead(Settings())
    assert ["decoder", "pipeline"] == begun


def test_preloading_reports_its_error_when_used(home, tmp_path):
    """An encoder that cannot be loaded beside the database is reported by the first who needs it."""
    with Attendance.open(home, flags={"encoder": str(tmp_path)}, preload=True) as app, pytest.raises(EncoderMissing):
        app.pipeline.faces(None)


def test_unknown_flag_makes_no_home(home):
    """A flag that is no setting is refused before anything is made."""
    with pytest.raises(SettingUnknown):
        Attendance.open(home, flags={"colour": "red"})
    assert not home.exists()


def test_threshold_follows_model_size_and_guard(home):
    """The threshold solves 1-(1-FMR)^N = target for the people enrolled and `guard_people` more."""
    from attendance.judge.policy import policy_for

    with Attendance.open(home) as app:
        model, settings = app.card.score_model, app.settings
        for people in (1, 30, 400):
            threshold = policy_for(model, settings, people).threshold
            assert settings.target_fpir == pytest.approx(1 - (1 - model.fmr(threshold)) ** (people + 30), rel=1e-6)


def test_threshold_of_the_shipped_encoder(home):
    """The shipped card gives a sensible policy: the more people, the higher, review below the mark."""
    from attendance.judge.policy import policy_for

    with Attendance.open(home) as app:
        policies = [policy_for(app.card.score_model, app.settings, people) for people in (0, 1, 10, 100, 1000, 10_000)]
    thresholds = [policy.threshold for policy in policies]
    assert sorted(thresholds) == thresholds
    assert all(policy.review_threshold < policy.threshold for policy in policies)


def test_a_new_home_keeps_the_zone_of_its_site(tmp_path, tz):
    """The computer's zone of the first day is the home's from then on, and that is told; an old home keeps its own."""
    tz("Europe/Berlin")
    with Attendance.open(tmp_path / "home") as app:
        assert ("Europe/Berlin", "Europe/Berlin, told by TZ=Europe/Berlin") == (app.zone, app.zone_taken)
    tz("Asia/Tokyo")
    with Attendance.open(tmp_path / "home") as app:
        assert ("Europe/Berlin", None) == (app.zone, app.zone_taken)


def test_a_zone_given_is_that_of_a_new_home(tmp_path):
    """Whoever makes a home may tell its zone; one that is none makes nothing."""
    with Attendance.open(tmp_path / "home", zone="Australia/Lord_Howe") as app:
        assert ("Australia/Lord_Howe", "Australia/Lord_Howe, as given") == (app.zone, app.zone_taken)
    with pytest.raises(SettingValue, match="Lord_Howe"):
        Attendance.open(tmp_path / "other", zone="Australia/Lord_How")
    assert not (tmp_path / "other").exists()


def test_a_zone_of_the_environment_is_kept_by_a_new_home(tmp_path, monkeypatch):
    """Days do not change when the variable is gone, as in a job that runs without it."""
    monkeypatch.setenv("ATTENDANCE_TIME_ZONE", "Europe/Dublin")
    with Attendance.open(tmp_path / "home"):
        pass
    monkeypatch.delenv("ATTENDANCE_TIME_ZONE")
    with Attendance.open(tmp_path / "home") as app:
        assert "Europe/Dublin" == app.zone


def test_a_zone_in_doubt_is_kept_by_nobody(tmp_path, tz):
    """Where the computer's zone is in doubt a new home takes none, and the doubt is said at each mark."""
    tz("JST-9")
    with Attendance.open(tmp_path / "home") as app:
        assert (None, None, True) == (app.zone_taken, app.settings.time_zone, app.zone_warning is not None)
