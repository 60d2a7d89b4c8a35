"""All settings in one table: name, type, default, range, help; and where each value comes from.

``config.toml`` in the home is overruled by ``ATTENDANCE_<NAME>`` in the environment, that by a flag.
"""

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal

from attendance.errors import SettingsFile, SettingUnknown, SettingValue

Value = float | int | bool | str | None
Origin = Literal["default", "file", "environment", "flag", "home"]
# The least lead over a remembered look-alike that adds next to no wrong mark. Of 85,720 photos of look-alikes among 30
# people, 26 become a mark of the wrong one where no pair is remembered, 11 with this lead or any greater, as their
# right person is no candidate; 85 in 100 of the right marks pass that it asks for (benchmarks/look_alikes.py).
LOOKALIKE_MARGIN: Final = 0.15
CONFIG_FILE = "config.toml"
ENV_PREFIX = "ATTENDANCE_"
OTHER_VARIABLES: Mapping[str, str] = MappingProxyType(
    {
        "ATTENDANCE_HOME": "The folder or the address of the gallery, where --home is not given.",
        "ATTENDANCE_FOLDER": "This computer's folder of a home whose database is on a server.",
        "ATTENDANCE_KEY": "64 hexadecimal digits that wrap the key of the home ('attendance key protect').",
        "ATTENDANCE_KEY_COMMAND": "A command that prints such 64 digits, for a KMS or TPM; it is run without a shell.",
        "ATTENDANCE_KEY_PASSPHRASE": "The passphrase that wraps the key of the home; else it is asked for.",
        "ATTENDANCE_PASSPHRASE": "The passphrase of 'gallery export' and 'import' --templates; else it is asked for.",
        "ATTENDANCE_TRAIN_DATA": "The folder of data sets for 'attendance train', where --data is not given.",
        "ATTENDANCE_TRAIN_CACHE": "Where training keeps what it computed; else ~/.cache/attendance-train.",
        "ATTENDANCE_TEST_DATA": "Where this project's own tests find research data.",
        "ATTENDANCE_TEST_ENGINE": "On which engine this project's own tests run that are for one alone.",
        "ATTENDANCE_TEST_POSTGRES": "The address of a server on which this project's own tests may make databases.",
    }
)
"""Variables that are no settings, and what each is for."""
_KEEP = re.compile(r"[1-9]\d{0,3}[dwmy](, *[1-9]\d{0,3}[dwmy])*", re.IGNORECASE)
_NONE_WORDS = ("", "none")
_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def _setting(
    default: Value,
    help_: str,
    *,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] = (),
    share: bool = False,
) -> Any:
    facts = {"help": help_, "low": low, "high": high, "choices": choices, "share": share}
    return field(default=default, metadata=facts)


@dataclass(frozen=True)
class Settings:
    """The values in force; every field is a setting and its row of the table."""

    target_fpir: float = _setting(
        0.003,
        "Share of strangers that may be taken for somebody enrolled; sets the threshold.",
        low=1e-6,
        high=0.5,
        share=True,
    )
    review_factor: float = _setting(
        10.0, "Faces within the threshold of this many times target_fpir are shown for review.", low=1, high=1000
    )
    guard_people: int = _setting(
        30,
        "People added to the gallery's size when the threshold is computed; guards small galleries.",
        low=0,
        high=1_000_000,
    )
    track_factor: float = _setting(
        4.0,
        "What target_fpir is divided by for a track of a camera or video, whose looks are joined.",
        low=1,
        high=1000,
    )
    margin: float = _setting(0.05, "Lead in score over the second person that a mark needs.", low=0, high=2)
    lookalike_margin: float = _setting(
        LOOKALIKE_MARGIN,
        "Lead in score over a remembered look-alike that a mark needs; at least the score they have with each other.",
        low=0,
        high=2,
    )
    match_threshold: float | None = _setting(
        None, "Score a mark needs; none: computed from target_fpir and the gallery's size.", low=-2, high=2
    )
    detector: str = _setting("default", "Name of the detector: the shipped one, or one that a program has registered.")
    detector_min_score: float | None = _setting(
        None,
        "Confidence from which the detector calls something a face (no similarity); none: its card's, 0.83.",
        low=0.05,
        high=0.99,
        share=True,
    )
    min_face_px: int | None = _setting(
        None, "Smallest face, in pixels, that a check judges; none: the encoder's card's, 24.", low=8, high=1000
    )
    enroll_min_face_px: int | None = _setting(
        None, "Smallest face, in pixels, that may be enrolled; none: the encoder's card's, 48.", low=8, high=1000
    )
    enroll_min_quality: int | None = _setting(
        None, "Lowest quality score (0-100) that may be enrolled; none: the encoder's card's, 30.", low=0, high=100
    )
    screens: str | None = _setting(
        None, "Names of screens that a program has registered, after quality, with commas between; none: quality alone."
    )
    multi: str = _setting(
        "portrait",
        "Several faces in an enrolment photo: take the one that is clearly meant, refuse it, or take the largest.",
        choices=("portrait", "error", "largest"),
    )
    keep_crops: bool = _setting(True, "Keep the sealed, aligned face so that a new encoder needs no new photo.")
    keep_review_days: int = _setting(
        30, "Days that the sealed face of a review is kept for somebody to look at; then, or when they have, it goes.",
        low=1, high=30,
    )  # fmt: skip
    keep_unknown_days: int = _setting(
        0, "Days that the sealed faces of strangers are kept; 0: they are not kept at all.", low=0, high=365
    )
    time_zone: str | None = _setting(None, "IANA zone of the site's days, e.g. Europe/Berlin; none: the system's.")
    site_name: str | None = _setting(
        None, "What the school or firm is called, as the title of printed reports; none: no title."
    )
    vote_frames: int = _setting(3, "Frames of a video track that must agree before a mark.", low=1, high=100)
    detect_side: int = _setting(1280, "Longer side, in pixels, of the copy that the detector sees.", low=160, high=4096)
    camera_stall_s: float = _setting(5.0, "Seconds without a frame until a camera counts as hung.", low=0.5, high=600)
    camera_retry_max_s: float = _setting(30.0, "Longest pause between two tries to reach a camera.", low=0.1, high=3600)
    duplicate_window_s: float = _setting(
        60.0, "Seconds in which the same person before a camera is not reported again.", low=0, high=86400
    )
    liveness: str = _setting(
        "review",
        "Whether a living face is before a camera or kiosk: off, not asked; review, somebody looks at what moves as a"
        " picture does, and what cannot be told is marked with a note; require, only a face that is seen to live is"
        " marked.",
        choices=("off", "review", "require"),
    )
    liveness_files: str = _setting(
        "off",
        "The same as liveness, for the faces of video files. Photos are never asked: they do not move.",
        choices=("off", "review", "require"),
    )
    liveness_wait_s: float = _setting(
        1.5,
        "How long, in seconds in view, a mark may wait for what tells a living face from a picture.",
        low=0,
        high=10,
    )
    kiosk_turns: str = _setting(
        "needed",
        "When a kiosk asks for a turn of the head: never; needed, where a mark by face would be kept back; always,"
        " before every one. Nobody has to turn: PIN, QR code and badge count the same.",
        choices=("never", "needed", "always"),
    )
    kiosk_light: bool = _setting(
        False, "Whether the kiosk's screen changes its colours while it looks, to see their light on the face."
    )
    camera_ca_file: str | None = _setting(
        None,
        "A file of certificates (PEM) by which alone rtsps and https cameras are trusted; none: https by the system's,"
        " rtsps without a look.",
    )
    virtual_cameras: str = _setting(
        "review",
        "Programs that pose as a camera: review, somebody looks at each face that would be marked before one; allow, as"
        " where a telephone is the camera.",
        choices=("review", "allow"),
    )
    mark_again_minutes: int = _setting(
        0,
        "Minutes after which somebody is marked again in the same session and direction; 0: once.",
        low=0,
        high=1440,
    )
    second_approval: bool = _setting(
        False, "Marks by hand, corrections and excuses count only once a second person has approved them."
    )
    max_upload_mb: int = _setting(
        20, "Megabytes that may be sent to the service at once: a photo, or a file of people.", low=1, high=1000
    )
    site_kind: str | None = _setting(
        None,
        "What the home is for: a school or a firm asks people before their faces are kept; none: neither.",
        choices=("school", "firm"),
    )
    require_consent: bool | None = _setting(
        None, "No template is made of a face before its person has agreed; none: so for a school and a firm."
    )
    keep_sightings_days: int | None = _setting(
        None, "Days that sightings are kept which led to no mark; none: as long as their people.", low=1, high=36500
    )
    keep_marks_days: int | None = _setting(
        None, "Days that marks are kept, with what belongs to them, by whole months; none: as long as their people.",
        low=31, high=36500,
    )  # fmt: skip
    keep_audit_days: int | None = _setting(
        None, "Days that entries of the log are kept; none: for ever.", low=365, high=36500
    )
    backup_folder: str | None = _setting(
        None, "The folder into which the service writes a backup every night; none: it writes none."
    )
    backup_keep: str = _setting("7d,4w,12m", "How many of these backups are kept: of days, weeks, months, years.")
    recovery_key: str | None = _setting(
        None, "The public key that backups can be opened with, too; 'attendance key recovery' makes one; none: without."
    )
    anchor_to: str | None = _setting(
        None, "Where the service writes the head of the log every day: a file, or syslog; none: nowhere."
    )
    totp_for_admins: bool = _setting(False, "Admins sign in with a code of their telephone besides the password.")
    idle_minutes: int = _setting(120, "Minutes without a request after which somebody is signed out.", low=5, high=720)
    admin_idle_minutes: int = _setting(
        120, "Minutes without a request after which an admin is signed out.", low=5, high=720
    )
    site: str | None = _setting(
        None, "The site that this computer works for, of a home with several; none: all of the home."
    )
    offline_days: int = _setting(
        7, "Days that a site goes on marking by its slice of the gallery while the database is out of reach.",
        low=0, high=90,
    )  # fmt: skip
    search_plan: str = _setting(
        "auto", "How the gallery is searched; auto: by its size, the memory there is, and what was measured.",
        choices=("auto", "exact", "exact8", "pgvector"),
    )  # fmt: skip
    log_format: str = _setting("text", "What the service writes into its log: text, or JSON.", choices=("text", "json"))
    log_names: bool = _setting(False, "The log of the service may name people.")
    encoder: str = _setting("default", "Name of a shipped encoder, or a folder with encoder.onnx and card.json.")
    similarity: str | None = _setting(
        None, "Folders of exported runs of the workbench by which pictures are compared, commas between; none: no page."
    )
    threads: int = _setting(
        0, "Threads of the detector and the encoder; 0: as many as there are cores.", low=0, high=256
    )

    @property
    def screen_names(self) -> tuple[str, ...]:
        """The names in `screens`."""
        return tuple(name.strip() for name in (self.screens or "").split(",") if name.strip())

    @property
    def similarity_folders(self) -> tuple[Path, ...]:
        """The folders in `similarity`."""
        return tuple(_at_home(name.strip()) for name in (self.similarity or "").split(",") if name.strip())

    @property
    def asks_consent(self) -> bool:
        """Whether a face is kept only of who has agreed: as `require_consent` says, else for a school and a firm."""
        return self.site_kind is not None if self.require_consent is None else self.require_consent


@dataclass(frozen=True, slots=True)
class Setting:
    """A row of the table."""

    name: str
    type: type
    optional: bool
    default: Value
    help: str
    low: float | None
    high: float | None
    choices: tuple[str, ...]
    share: bool = False

    @property
    def env(self) -> str:
        """The environment variable that sets it."""
        return ENV_PREFIX + self.name.upper()

    @property
    def expected(self) -> str:
        """What a value must be, in words."""
        if self.name == "time_zone":
            text = "a zone of the IANA database"
        elif self.name == "recovery_key":
            text = "a public recovery key, whole"
        elif self.name == "backup_keep":
            text = "numbers with d, w, m or y, such as 7d,4w,12m"
        elif self.choices:
            text = " or ".join(self.choices)
        elif self.low is not None:
            text = f"{_TYPE_WORDS[self.type]} from {self.low:g} to {self.high:g}"
        else:
            text = _TYPE_WORDS[self.type]
        if self.share and self.low is not None and self.high is not None:
            text += f", or {100 * self.low:g}% to {100 * self.high:g}%"
        return text + (" or none" if self.optional else "")


def _at_home(text: str) -> Path:
    """A path in which ``~`` is understood, where there is such a home."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        return Path(text)


_TYPE_WORDS: dict[type, str] = {float: "a number", int: "a whole number", bool: "true or false", str: "a text"}


def _table() -> dict[str, Setting]:
    kinds = {"float": float, "int": int, "bool": bool, "str": str}
    rows: dict[str, Setting] = {}
    for row in fields(Settings):
        kind, *rest = str(getattr(row.type, "__name__", row.type)).split(" | ")
        default: Any = row.default
        rows[row.name] = Setting(row.name, kinds[kind], bool(rest), default, **_parts(row.metadata))
    return rows


def _parts(metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {key: metadata[key] for key in ("help", "low", "high", "choices", "share")}


SETTINGS: Mapping[str, Setting] = MappingProxyType(_table())


@dataclass(frozen=True)
class Resolved:
    """The settings in force and where each came from."""

    values: Settings
    origins: Mapping[str, Origin]


def load(home: Path, env: Mapping[str, str] | None = None, flags: Mapping[str, Value] | None = None) -> Resolved:
    """Defaults < file < environment < flags. A flag that is None was not given."""
    given: dict[str, Value] = {}
    origins: dict[str, Origin] = dict.fromkeys(SETTINGS, "default")
    layers: tuple[tuple[Origin, str, Mapping[str, Any]], ...] = (
        ("file", str(home / CONFIG_FILE), read_file(home)),
        ("environment", "environment", _from_env(os.environ if env is None else env)),
        ("flag", "flag", {name: value for name, value in (flags or {}).items() if value is not None}),
    )
    for origin, where, values in layers:
        for name, raw in values.items():
            given[name] = check(name, raw, where)
            origins[name] = origin
    return Resolved(Settings(**given), origins)  # type: ignore[arg-type]


def read_file(home: Path) -> dict[str, Any]:
    """The raw keys of ``config.toml``; none when there is no file."""
    path = home / CONFIG_FILE
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise SettingsFile(str(path), str(error)) from error


def _from_env(env: Mapping[str, str]) -> dict[str, str]:
    return {name: env[row.env] for name, row in SETTINGS.items() if row.env in env}


def check(name: str, raw: Any, where: str) -> Value:
    """The value in the setting's type; text is parsed, a value out of range refused."""
    row = SETTINGS.get(name)
    if row is None:
        raise SettingUnknown(where, f"there is no setting {name!r}{_nearest(name)}")
    if row.optional and isinstance(raw, str) and raw.strip().lower() in _NONE_WORDS:
        return None
    value = _typed(row, raw)
    if value is None or not _allowed(row, value):
        raise SettingValue(where, f"{name} must be {row.expected}, not {raw!r}{_nearest_value(row, raw)}")
    return value


def _nearest(name: str) -> str:
    from gallery.near import close_names, did_you_mean

    return did_you_mean(close_names(name, SETTINGS, 1))


def _nearest_value(row: Setting, raw: Any) -> str:
    """What may be meant by a zone that is none, or a word that is no choice."""
    from attendance.zones.names import near_zones
    from gallery.near import close_names, did_you_mean

    if row.name == "time_zone":
        return did_you_mean(near_zones(str(raw)))
    return did_you_mean(close_names(str(raw), row.choices, 1))


def _typed(row: Setting, raw: Any) -> Value:
    if row.type is bool:
        return raw if isinstance(raw, bool) else _BOOLEANS.get(str(raw).strip().lower())
    if row.type is str:
        return raw.strip() or None if isinstance(raw, str) else None
    if isinstance(raw, bool) or not isinstance(raw, int | float | str):
        return None
    parse: Callable[[Any], float] = row.type
    try:
        if row.share and isinstance(raw, str) and raw.strip().endswith("%"):
            return float(raw.strip().removesuffix("%")) / 100
        value = parse(raw)
    except (ValueError, OverflowError):
        return None
    return value if not isinstance(raw, float) or value == raw else None


def _allowed(row: Setting, value: Value) -> bool:
    if row.name == "time_zone":
        from attendance.zones.names import is_zone

        return is_zone(str(value))
    if row.name == "recovery_key":
        return _is_public_key(str(value))
    if row.name == "backup_keep":
        units = re.findall("[dwmy]", str(value).lower())
        return _KEEP.fullmatch(str(value)) is not None and len(units) == len(set(units))
    if row.choices:
        return value in row.choices
    if isinstance(value, int | float) and row.low is not None and row.high is not None:
        return row.low <= value <= row.high
    return True


def _is_public_key(text: str) -> bool:
    from gallery.errors import RecoveryKeyWrong
    from gallery.vault.recovery import parsed_public

    try:
        return bool(parsed_public(text))
    except RecoveryKeyWrong:
        return False


def save(home: Path, name: str, raw: str) -> Value:
    """Set one key of ``config.toml``; everything else in the file stays as it is. Returns the value."""
    value = check(name, raw, "config set")
    path = home / CONFIG_FILE
    lines = path.read_text(encoding="utf-8-sig").splitlines() if read_file(home) or path.exists() else []
    kept = [line for line in lines if not _assigns(line, name)]
    place = next((at for at, line in enumerate(lines) if _assigns(line, name)), len(kept))
    if value is not None:
        kept.insert(place, f"{name} = {_toml(value)}")
    text = "\n".join([*kept, ""])
    _prove(text, name, value)
    _replace(path, text)
    return value


def _prove(text: str, name: str, value: Value) -> None:
    """Nothing is written that would not be read back."""
    try:
        read = tomllib.loads(text).get(name)
    except ValueError as error:
        raise SettingValue("config set", f"{name} cannot be written as {value!r}") from error
    if read != value:
        raise SettingValue("config set", f"{name} cannot be written as {value!r}")


def _assigns(line: str, name: str) -> bool:
    key, equals, _ = line.partition("=")
    return bool(equals) and key.strip().strip("\"'") == name


def _toml(value: float | bool | str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        import json

        return json.dumps(value, ensure_ascii=False)  # but for a few control characters a TOML string, too
    return repr(value)


def _replace(path: Path, text: str) -> None:
    from gallery.files import whole

    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with whole(path) as unfinished:
            unfinished.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SettingsFile(str(path), error.strerror or str(error)) from error
