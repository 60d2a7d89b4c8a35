"""What is installed, and does it fit together? Looks at everything, changes nothing, names each repair."""

import os
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from attendance.clock import Clock
from attendance.home import in_force_at
from attendance.services.doctor_finding import DOCTOR, Finding
from attendance.services.doctor_packages import package_findings
from attendance.services.doctor_similarity import similarity_findings
from attendance.services.doctor_slice import slice_findings
from attendance.settings import ENV_PREFIX, OTHER_VARIABLES, SETTINGS, Resolved, Settings, load
from gallery.errors import GalleryUnreachable
from refusal import Refusal, counted

if TYPE_CHECKING:
    from enroll.card import EncoderCard
    from gallery import Database, Gallery

ENOUGH_BYTES = 200_000_000
LONG_LOG = 200_000
"""Entries of a log that are verified while somebody waits."""
OLDEST_NOW = datetime(2026, 1, 1, tzinfo=UTC)
DAYS_LATE = timedelta(days=2)
CLOCK_SLACK = timedelta(minutes=2)

FINDINGS: Mapping[str, str] = MappingProxyType(
    {
        "arrival.aside": "Something that this site did while it was cut off could not be taken, and was set aside.",
        "backup.old": "Backups are to be written every day, and the newest is older than three days.",
        "backup.untested": "Backups are written, but none was ever tried.",
        "calendar.holidays": "Rules follow the calendar, but no public holidays are stored for this year.",
        "calendar.terms": "Every term has ended, so that rules which follow the calendar take place no more.",
        "camera.program": "The pictures of a place come from a program that poses as a camera.",
        "clock.behind": "The newest record lies in the future: the clock was or is wrong.",
        "clock.implausible": "The clock shows a day before this program was made.",
        "clock.server": "The clocks of the database server and of this computer differ by more than 30 seconds.",
        "clock.zone": "The time zone of the site cannot be told, or is not the one that the computer's clock runs in.",
        "coverage.gap": "A camera has not looked for more than five minutes between two spans of a day.",
        "daily.failed": "A task that the service does once a day could not be done.",
        "disk.low": "Little space is left where the home lies.",
        "encoder.other": "Somebody enrolled has templates of another encoder or detector only.",
        "encoder.uncalibrated": "The encoder's thresholds were measured with another detector.",
        "home.leftover": "A file of an interrupted write lies in the home; it is never used.",
        "home.mode": "Other accounts may write to the home.",
        "liveness.outdated": "What liveness is worth at a place was measured with other settings, or long ago.",
        "liveness.unmeasured": "Liveness is asked at a place, and what it is worth there was never measured.",
        "month.differs": "The statuses of a closed month are not any more what they were when it was closed.",
        "package.missing": "A library is not installed.",
        "server.logs": "The database server writes values, names too, to its text log.",
        "server.plain": "What goes to the database server over the network is not encrypted.",
        "settings.environment": "An ATTENDANCE_ variable names no setting.",
        "slice.missing": "A computer of a site has nothing to go on with while the database is out of reach.",
        "slice.undelivered": "A site's slice holds what was done while it was cut off, and nothing delivers it.",
        "timetable.hours": "Hours are to be counted, but nothing tells who comes from who goes.",
        "timetable.unseen": "People were expected in the last week, but no source has looked for them.",
        "vectors.left": "Vectors lie on the server unsealed, and nothing searches them there.",
        "worker.differs": "Services that share a database judge by different settings.",
        "worker.silent": "A service that shares the database has not been heard of, and has not ended in order.",
    }
)
"""What doctor finds besides the errors of docs/errors.md, by id."""


class Doctor:
    """Looks at a home, which need not open, and at what is installed."""

    def __init__(self, home: Path, clock: Clock) -> None:
        self._home = home
        self._clock = clock

    def examine(self, *, full: bool = False, camera: str | None = None) -> Iterator[Finding]:
        """Look at everything, one finding a look; ``full`` opens every template, ``camera`` tries one."""
        home, clock = self._home, self._clock
        yield from package_findings()
        yield from _guarded("settings", lambda: _settings(home))
        settings = in_force_at(home, _settings_or_default(home))
        yield from _guarded("detector", lambda: _detector(settings))
        yield from _guarded("encoder", lambda: _encoder(settings))
        yield from similarity_findings(settings.values)
        yield from _guarded("clock", lambda: _clock(settings.values, clock))
        yield from _guarded("home", lambda: _home(home))
        yield from _guarded("site", lambda: _set_aside(home))
        away = False
        for found in _guarded("database", lambda: _database(home, settings.values, clock, full=full)):
            away = away or found.id == GalleryUnreachable.id
            yield found
        yield from _guarded("slice", lambda: slice_findings(home, settings.values, clock, away=away))
        if camera is not None:
            from attendance.services.doctor_camera import camera_findings

            trusted = settings.values.camera_ca_file
            yield from _guarded("camera", lambda: camera_findings(home, camera, clock, trusted))


def _guarded(check: str, look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """What the look finds; an error it meets is a finding, too."""
    try:
        yield from look()
    except Exception as error:  # noqa: BLE001 - doctor reports whatever is broken
        yield _from_error(check, error)


def _from_error(check: str, error: Exception) -> Finding:
    if isinstance(error, Refusal):
        return Finding(check, str(error), error.id, _REPAIRS.get(error.id, error.help), error.exit_code)
    return Finding(check, f"{type(error).__name__}: {error}", "internal.failed", f"{DOCTOR} --debug", 1)


_REPAIRS = {
    "encoder.altered": "pip install --force-reinstall attendance",
    "encoder.missing": "pip install --force-reinstall attendance",
    "detector.missing": "pip install --force-reinstall attendance",
    "detector.altered": "pip install --force-reinstall attendance",
    "gallery.missing": "attendance enroll PHOTO --name NAME",
    "gallery.key_mode": "chmod 600 KEYFILE",
}


def _settings(home: Path) -> Iterator[Finding]:
    resolved = load(home)
    changed = [f"{name} from the {origin}" for name, origin in resolved.origins.items() if origin != "default"]
    yield Finding("settings", ", ".join(changed) or "all at their defaults")
    known = {row.env for row in SETTINGS.values()} | OTHER_VARIABLES.keys()
    for name in sorted(os.environ):
        if name.startswith(ENV_PREFIX) and name not in known:
            yield Finding("settings", f"{name} names no setting", "settings.environment", f"unset {name}", 1)


def _settings_or_default(home: Path) -> Resolved:
    try:
        return load(home)
    except Exception:  # noqa: BLE001 - reported by the look at the settings
        return Resolved(Settings(), dict.fromkeys(SETTINGS, "default"))


def _detector(settings: Resolved) -> Iterator[Finding]:
    import numpy as np

    from enroll.detectors.landmarks import LandmarkNet
    from enroll.registry import Options, open_detector, open_screen

    options = Options(threads=1, detector_min_score=settings.values.detector_min_score)
    detector, refiner = open_detector(settings.values.detector, options), LandmarkNet(1)
    grey = np.full((64, 64, 3), 127, np.uint8)
    refiner.offsets(grey[None])
    detector.detect(grey)
    for part in (detector, refiner):
        yield Finding("detector", _part(part, getattr(part, "card", None)))
    for name in settings.values.screen_names:
        yield Finding("screen", _part(open_screen(name, options), None))


def _part(part: Any, seal: Any) -> str:
    """A part's id with the file that it is and the sha256 on its `seal`; or that a program has registered it."""
    file = getattr(part, "file", None)
    if file is None:
        return f"{part.id}, registered by this program"
    return f"{part.id}, {file}, sha256 {seal.sha256[:12]}… as on its card"


def _encoder(settings: Resolved) -> Iterator[Finding]:
    import numpy as np

    from attendance.home import encoder_folder
    from enroll.registry import Options, open_encoder

    encoder_folder(settings.values.encoder)
    encoder = open_encoder(settings.values.encoder, Options(threads=1))
    crop = np.full((1, encoder.crop_size, encoder.crop_size, 3), 127, np.uint8)
    encoder.cohort_means(encoder.embed(crop))
    yield Finding("encoder", _part(encoder, encoder.card.encoder))
    yield from _calibration(encoder.card, settings.values.detector)


def _calibration(card: "EncoderCard", detector: str) -> Iterator[Finding]:
    """Whether the thresholds were measured with the detector that is installed."""
    from enroll.pipeline import finder_id

    here = finder_id(detector)
    if card.finder != here:
        found = f"{card.id} was calibrated with {card.finder or 'another detector'}, installed is {here}"
        repair = "attendance train calibrate FOLDER --id NEW"
        yield Finding("calibration", f"{found}: its thresholds may not hold", "encoder.uncalibrated", repair, 1)


def _clock(settings: Settings, clock: Clock) -> Iterator[Finding]:
    from attendance.records import instant

    now = clock.utc()
    if now < OLDEST_NOW:
        yield Finding("clock", f"it shows {instant(now)}", "clock.implausible", "sudo timedatectl set-ntp true", 1)
    elif settings.time_zone is not None:
        yield Finding("clock", f"{instant(now)}, days in {settings.time_zone}, as set")
    else:
        yield _zone(now)


def _zone(now: datetime) -> Finding:
    """Whether the zone that the computer tells is the one that its clock runs in."""
    from attendance.records import instant
    from attendance.zones.computer import computer_zone

    found = computer_zone(now)
    if found.warning is None:
        return Finding("clock", f"{instant(now)}, days in {found.name}, told by {found.origin}")
    return Finding("clock", found.warning, "clock.zone", found.repair, 1)


def _home(home: Path) -> Iterator[Finding]:
    from gallery.files import leftovers

    if not home.is_dir():
        return
    free = shutil.disk_usage(home).free
    if free < ENOUGH_BYTES:
        yield Finding("home", f"{free // 1_000_000} MB are free", "disk.low", f"df -h {home}", 1)
    else:
        yield Finding("home", f"{home}, {free // 1_000_000} MB free")
    if os.name == "posix" and stat.S_IMODE(home.stat().st_mode) & 0o022:
        yield Finding("home", f"others may write to {home}", "home.mode", f"chmod 700 {home}", 1)
    for path in sorted({*leftovers(home), *home.glob(".config-*.toml")}):
        yield Finding("home", f"{path} is left from an interrupted write", "home.leftover", f"rm {path}", 1)


def _set_aside(home: Path) -> Iterator[Finding]:
    from attendance.services.doctor_aside import aside_findings

    return aside_findings(home)


def _database(home: Path, settings: Settings, clock: Clock, *, full: bool) -> Iterator[Finding]:
    from attendance.home import encoder_card
    from attendance.services.consentrule import ConsentRule
    from attendance.services.doctor_index import index_findings
    from attendance.services.doctor_liveness import liveness_findings
    from attendance.services.doctor_server import server_findings
    from attendance.services.doctor_threshold import threshold_findings
    from attendance.services.doctor_vectors import vector_findings
    from attendance.services.doctor_virtual import virtual_findings
    from attendance.services.doctor_workers import worker_findings
    from gallery import Gallery, open_database

    names = _names(settings)
    with open_database(home, create=False, read_only=True) as store:
        yield Finding("database", f"{store.where}, schema {store.schema_version}")
        yield from _guarded("server", lambda: server_findings(store, clock))
        gallery = Gallery(store, "none") if names is None else Gallery(store, names[0], formerly=names[1])
        gallery.admits = ConsentRule(lambda: settings.asks_consent, clock).admits
        yield from _guarded("newest record", lambda: _newest(store, clock))
        if names is not None:
            yield from _guarded("people", lambda: _people(gallery))
            yield from _guarded("liveness", lambda: liveness_findings(gallery, settings, clock.utc()))
            yield from _guarded("index", lambda: index_findings(gallery, settings.search_plan, clock, full=full))
            model = encoder_card(settings.encoder).score_model
            yield from _guarded("threshold", lambda: threshold_findings(gallery, model, settings))
        yield from _guarded("backup", lambda: _backups(store, settings, clock))
        yield from _guarded("vectors", lambda: vector_findings(store, settings))
        yield from _guarded("reviews", lambda: _reviews(store))
        yield from _guarded("services", lambda: worker_findings(store, settings, clock))
        yield from _guarded("camera", lambda: virtual_findings(store, settings, clock))
        yield from _guarded("daily", lambda: _daily(store, clock))
        yield from _guarded("coverage", lambda: _coverage(store, settings, clock))
        yield from _guarded("timetable", lambda: _timetable(gallery, settings, clock))
        yield from _guarded("integrity", lambda: _full(gallery) if full else _light(store))
        yield from _guarded("key", lambda: _key(gallery))
        yield from _guarded("log", lambda: _log(gallery, settings, clock, full=full))


def _backups(store: "Database", settings: Settings, clock: Clock) -> Iterator[Finding]:
    from attendance.services.doctor_backup import backup_findings
    from gallery.repositories import backups

    with store.reading() as transaction:
        found = backups.all_backups(transaction)
    yield from backup_findings(found, settings.backup_folder, clock.utc())


def _names(settings: Settings) -> tuple[str, str | None] | None:
    """What templates are filed under, and were formerly; None when a card cannot be read: another look tells why."""
    from attendance.home import encoder_card, former_name, pipeline_id

    try:
        name = pipeline_id(settings)
        return name, former_name(name, encoder_card(settings.encoder))
    except Exception:  # noqa: BLE001 - reported by the looks at detector and encoder
        return None


def _light(store: "Database") -> Iterator[Finding]:
    found = store.check(quick=True)
    if found.damage:
        repair = "attendance restore FILE --key KEYFILE --home NEW_HOME"
        yield Finding("integrity", f"{store.where}: {found.damage[0]}", "gallery.damaged", repair, 3)
    elif found.orphans:
        repair = "attendance gallery verify --repair"
        yield Finding(
            "integrity", f"{counted(len(found.orphans), 'row')} without an owner", "gallery.orphan", repair, 1
        )
    else:
        yield Finding("integrity", f"quick check passed; '{DOCTOR} --full' opens every template")


def _full(gallery: "Gallery") -> Iterator[Finding]:
    problems = gallery.verify()
    for problem in problems:
        yield Finding("integrity", problem.where, problem.id, problem.repair, 1)
    if not problems:
        yield Finding("integrity", "every page, row and sealed template is sound")


def _key(gallery: "Gallery") -> Iterator[Finding]:
    from gallery.errors import GalleryError
    from gallery.vault.key import KEY

    path = gallery.store.home / KEY
    try:
        gallery.sealer  # noqa: B018 - opening it is the look
    except GalleryError as error:
        if _anything_sealed(gallery) or path.exists():
            repair = f"chmod 600 {path}" if error.id == "gallery.key_mode" else error.help
            yield Finding("key", str(error), error.id, repair, error.exit_code)
        else:
            yield Finding("key", "none yet; the first enrolment makes it")
    else:
        yield Finding("key", f"{path} opens what is stored, {_way(gallery)}")


def _anything_sealed(gallery: "Gallery") -> bool:
    from gallery.repositories import resealing

    with gallery.store.reading() as transaction:
        return resealing.anything(transaction)


def _way(gallery: "Gallery") -> str:
    from attendance.services.keys import words
    from gallery.vault.key import wrapper_of

    return words(wrapper_of(gallery.store.home) or "file")


def _log(gallery: "Gallery", settings: Settings, clock: Clock, *, full: bool) -> Iterator[Finding]:
    """Whether the log is as it was written; a long one is verified with ``full`` alone."""
    from attendance.services.auditchain import AuditChain, sentence
    from gallery.errors import GalleryUnusable

    head = AuditChain(gallery, clock, settings).head()
    if head is not None and head.seq > LONG_LOG and not full:
        yield Finding("log", f"it ends with entry {head.seq}; 'attendance audit verify' proves it")
        return
    try:
        found = AuditChain(gallery, clock, settings).verify().check
    except GalleryUnusable:
        yield Finding("log", "it cannot be proved without the key of the home")
        return
    if found.sound:
        yield Finding(
            "log", f"{counted(found.entries, 'entry', 'entries')}, proved by the key of the home: {found.proved}"
        )
    else:
        yield Finding("log", sentence(found.findings[0]), "audit.broken", "attendance audit verify", 1)


def _people(gallery: "Gallery") -> Iterator[Finding]:
    found = gallery.stats()
    kept, marks = counted(found.templates, "template"), counted(found.marks, "mark")
    counts = f"{counted(found.active, 'person', 'people')}, {kept} of {found.pipeline_id}, {marks}"
    if found.without_template and found.other_encoders:
        others = ", ".join(found.other_encoders)
        whoever = counted(found.without_template, "person has", "people have")
        detail = f"{whoever} templates of {others} only"
        yield Finding("people", detail, "encoder.other", "attendance gallery reembed", 1)
    else:
        yield Finding("people", counts)


def _reviews(store: "Database") -> Iterator[Finding]:
    from gallery.repositories import sightings

    with store.reading() as transaction:
        waiting = sightings.count_waiting(transaction)
    waits = counted(waiting, "waits", "wait")
    yield Finding("reviews", f"{waits} for somebody to look" + (": attendance review list" if waiting else ""))


def _daily(store: "Database", clock: Clock) -> Iterator[Finding]:
    """When the tasks of the day were last done, where a service has ever run."""
    from attendance.services.daily import last_done

    done = [each for each in last_done(store.meta) if each.at is not None]
    failed = [each for each in done if each.failed is not None]
    for each in failed:
        detail = f"{each.task} failed at {each.state}"
        yield Finding("daily", detail, "daily.failed", "attendance serve tries again every hour; see the id", 1)
    late = [each.task for each in done if each.at is not None and clock.utc() - each.at > DAYS_LATE]
    if done and not failed:
        told = f"not for more than {DAYS_LATE.days} days: {', '.join(late)}" if late else "all done"
        yield Finding("daily", f"tasks of the day: {told}, the last at {max(each.state for each in done)}")


def _coverage(store: "Database", settings: Settings, clock: Clock) -> Iterator[Finding]:
    """Whether cameras have paused today or yesterday: whoever came then was not seen. A night is no pause."""
    from attendance.register.coverage import WATCHING, gaps_of
    from attendance.zones import day_bounds, local_day, zone
    from attendance.zones.computer import system_zone
    from gallery.repositories import coverage

    name = settings.time_zone or system_zone()
    today = local_day(clock.utc(), name)
    with store.reading() as transaction:
        begin, end = day_bounds(today - timedelta(days=1), name)[0], day_bounds(today, name)[1]
        found = [each for each in coverage.within(transaction, begin, end) if each.kind in WATCHING]
    gaps = gaps_of(found, name)
    for gap in gaps:
        begins, ends = (each.astimezone(zone(name)) for each in (gap.begins, gap.ends))
        when = f"from {begins:%Y-%m-%d %H:%M} to {ends:%H:%M}"
        detail = f"{gap.source} has not looked {when}: nobody counts as absent by it then"
        yield Finding("coverage", detail, "coverage.gap", "attendance coverage add --from TIME --to TIME --reason WHY")
    if found and not gaps:
        yield Finding("coverage", "no camera has paused for more than five minutes, yesterday or today")


def _timetable(gallery: "Gallery", settings: Settings, clock: Clock) -> Iterator[Finding]:
    """Which sources decide days off, whether statuses can be told, and whether closed months are as they were."""
    from attendance.register.sessions import Sessions
    from attendance.services.doctor_timetable import calendar_findings, month_findings, timetable_findings
    from attendance.services.months import Months
    from attendance.services.statuses import Statuses
    from attendance.zones import local_day
    from attendance.zones.computer import system_zone

    sessions = Sessions(gallery.store, settings.time_zone or system_zone(), "doctor")
    statuses, today = Statuses(gallery, sessions, clock), local_day(clock.utc(), sessions.zone)
    with gallery.store.reading() as transaction:
        plan = statuses.plan()
        yield from timetable_findings(transaction, plan, settings, today, anybody=bool(gallery.people(active=True)))
        yield from calendar_findings(plan, today)
        yield from month_findings(transaction, Months(gallery, sessions, clock, statuses))


def _newest(store: "Database", clock: Clock) -> Iterator[Finding]:
    from attendance.records import instant
    from gallery.repositories import events

    with store.reading() as transaction:
        newest = events.newest(transaction)
    if newest is None:
        return
    if newest > clock.utc() + CLOCK_SLACK:
        detail = f"the newest record is of {instant(newest)}, the clock shows {instant(clock.utc())}"
        yield Finding("clock", detail, "clock.behind", "sudo timedatectl set-ntp true", 1)
    else:
        yield Finding("newest record", instant(newest))
