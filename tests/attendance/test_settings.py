"""Settings: one table, three layers, and a file that is never half written."""

import dataclasses
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.errors import SettingsFile, SettingUnknown, SettingValue
from attendance.settings import SETTINGS, Settings, check, load, save


def test_table_matches_fields():
    """Every field of Settings is a row of the table, with help and a default that its own check accepts."""
    assert [row.name for row in dataclasses.fields(Settings)] == list(SETTINGS)
    for name, row in SETTINGS.items():
        assert row.help.endswith(".")
        assert row.default == check(name, "none" if row.default is None else row.default, "test")


def test_layers(tmp_path):
    """The file beats the default, the environment the file, a flag all; each origin is told."""
    (tmp_path / "config.toml").write_text("margin = 0.1\nvote_frames = 5\nthreads = 1\n")
    env = {"ATTENDANCE_VOTE_FRAMES": "7", "ATTENDANCE_THREADS": "2", "ATTENDANCE_HOME": "elsewhere"}
    found = load(tmp_path, env, {"threads": 3, "target_fpir": None})
    assert (0.1, 7, 3, 0.003) == (
        found.values.margin,
        found.values.vote_frames,
        found.values.threads,
        found.values.target_fpir,
    )
    assert {"margin": "file", "vote_frames": "environment", "threads": "flag", "target_fpir": "default"} == {
        name: found.origins[name] for name in ("margin", "vote_frames", "threads", "target_fpir")
    }


def test_no_home_means_defaults(tmp_path):
    """Without a file every setting has its default."""
    assert Settings() == load(tmp_path / "nowhere", {}).values


def test_unknown_key_suggests(tmp_path):
    """A misspelt key is refused on one line that names the file and the nearest setting."""
    (tmp_path / "config.toml").write_text("treshold = 1\nmargn = 0.1\n")
    with pytest.raises(SettingUnknown) as caught:
        load(tmp_path, {})
    assert "config.toml: there is no setting 'treshold'" in str(caught.value)
    with pytest.raises(SettingUnknown, match="did you mean margin"):
        check("margn", 1, "flag")


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("margin", "wide"),
        ("margin", float("nan")),
        ("target_fpir", 0),
        ("target_fpir", True),
        ("vote_frames", 2.5),
        ("vote_frames", 0),
        ("keep_crops", "perhaps"),
        ("multi", "all"),
        ("time_zone", "Mars/Olympus"),
        ("time_zone", "../../etc/passwd"),
        ("encoder", ""),
        ("margin", "none"),
        ("threads", [1]),
    ],
)
def test_bad_value_is_refused(name, raw):
    """A value of the wrong type or range is refused, saying what is expected."""
    with pytest.raises(SettingValue, match=f"{name} must be "):
        check(name, raw, "somewhere")


@pytest.mark.parametrize(
    ("name", "raw", "meant"),
    [
        ("time_zone", "Berlin", "Europe/Berlin"),
        ("time_zone", "europe/berlin", "Europe/Berlin"),
        ("time_zone", "germany", "Europe/Berlin or Europe/Busingen"),
        ("time_zone", "UTC+1", "Etc/GMT-1"),
        ("multi", "larges", "largest"),
    ],
)
def test_near_values_are_offered(name, raw, meant):
    """A zone or word that is none is refused with what may be meant."""
    with pytest.raises(SettingValue, match=rf"did you mean {meant}\?"):
        check(name, raw, "config set")


def test_optional_settings_accept_none():
    """A setting that may be none can be set back to it with a word."""
    assert check("match_threshold", "none", "flag") is None
    assert check("time_zone", "Europe/Berlin", "flag") == "Europe/Berlin"


def test_damaged_file(tmp_path):
    """A file that is no TOML is refused by name and left as it is."""
    path = tmp_path / "config.toml"
    path.write_text("margin = = 1")
    for action in (lambda: load(tmp_path, {}), lambda: save(tmp_path, "threads", "1")):
        with pytest.raises(SettingsFile, match=r"config\.toml"):
            action()
    assert path.read_text() == "margin = = 1"


def test_save_keeps_the_rest(tmp_path):
    """Setting one key keeps all other lines, comments among them, and leaves no temporary file."""
    path = tmp_path / "config.toml"
    path.write_text("# ours\nmargin = 0.1  # wide\nthreads=2\n")
    save(tmp_path, "threads", "4")
    save(tmp_path, "time_zone", "Europe/Berlin")
    assert path.read_text() == '# ours\nmargin = 0.1  # wide\nthreads = 4\ntime_zone = "Europe/Berlin"\n'
    save(tmp_path, "time_zone", "none")
    assert tomllib.loads(path.read_text()) == {"margin": 0.1, "threads": 4}
    assert [path] == list(tmp_path.iterdir())


def test_bad_save_changes_nothing(tmp_path):
    """A refused value leaves the file untouched."""
    save(tmp_path, "threads", "4")
    with pytest.raises(SettingValue):
        save(tmp_path, "threads", "many")
    assert (tmp_path / "config.toml").read_text() == "threads = 4\n"


@given(st.text(min_size=1, max_size=20))
def test_any_text_is_read_back_or_refused(tmp_path_factory, text):
    """Whatever text is set is read back the same, or refused with the file unchanged."""
    home = tmp_path_factory.mktemp("home")
    try:
        value = save(home, "encoder", text)
    except SettingValue:
        assert not (home / "config.toml").exists()
    else:
        assert value == load(home, {}).values.encoder


def test_unwritable_place(tmp_path):
    """A home that cannot be written says so with its own error."""
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsFile):
        save(tmp_path / "file", "threads", "1")
