"""Many people at once: a zip, a list with its photos, or photos named after who is on them, enrolled as a job.

What was sent lies in a private folder until the job has ended. A zip is unpacked by this module alone: no member
leads out of the folder, and neither their number nor what they unpack to is without bounds.
"""

import errno
import secrets
import shutil
import zipfile
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any, Final

from attendance.access import needs
from attendance.errors import OutputFailed, PersonDuplicate
from attendance.register.report import csv_text
from attendance.service_errors import RequestInvalid, UploadLarge
from attendance.services.enrolment import Enrolled, Rules
from enroll.photolimits import DEFAULT_LIMITS
from gallery.errors import PersonAmbiguous, PersonInvalid
from refusal.zips import BROKEN_ZIP

if TYPE_CHECKING:
    from attendance.access import Actor
    from attendance.services.admission import Admission
    from attendance.services.consents import Agreed
    from attendance.services.enrolment import Enroller, Outcome
    from attendance.services.jobs import Jobs, Progress
    from enroll.roster import Entry, Roster
    from gallery import Gallery
    from gallery.servicevalues import Job

KIND: Final = "enrol"
RESULT: Final = "enrolment.csv"
COLUMNS: Final = ("photo", "name", "id", "outcome", "why")
MOST_BYTES: Final = 500_000_000
MOST_UNPACKED: Final = 2_000_000_000
MOST_MEMBERS: Final = 10_000
FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS})
"""What the disk says, and not the zip."""
_STALE: Final = timedelta(days=1)
_ENCRYPTED: Final = 0x1
_CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file that was sent: what it is called, and its content."""

    name: str
    content: IO[bytes]


@dataclass(frozen=True, slots=True)
class _Asked:
    """Who enrols into which groups, the people of which groups they may change (None: all), what all have agreed to."""

    actor: "Actor"
    groups: tuple[str, ...]
    scope: frozenset[str] | None
    agreed: "Agreed | None" = None


class BulkEnrolment:
    """Enrols what was sent, for one who sees the people of some groups alone (None: of all)."""

    def __init__(
        self, home: Path, gallery: "Gallery", admission: "Admission", enroller: "Enroller", jobs: "Jobs"
    ) -> None:
        self._folder = home / "jobs" / "incoming"
        self._gallery, self._admission, self._enroller, self._jobs = gallery, admission, enroller, jobs

    @needs("photos.change")
    def begin(
        self,
        actor: "Actor",
        files: Sequence[SentFile],
        groups: Collection[str],
        scope: Collection[str] | None,
        *,
        agreed: "Agreed | None" = None,
    ) -> "Job":
        """Keep the files and begin the job; ``agreed`` holds for everybody in them.

        Raises RequestInvalid, UploadLarge, GroupsRefused, ServiceBusy.
        """
        if not files:
            raise RequestInvalid("files", "choose a zip, a list with its photos, or photos")
        self._admission.refuse_groups(groups, scope)
        self._clean()
        folder = self._folder / secrets.token_hex(12)
        asked = _Asked(actor, tuple(groups), None if scope is None else frozenset(scope), agreed)
        try:
            _keep(folder, files)
            return self._jobs.begin(actor, KIND, lambda progress: self._work(progress, folder, asked))
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    def _work(self, progress: "Progress", folder: Path, asked: _Asked) -> dict[str, Any]:
        try:
            roster = _read(folder)
            rows = [_problem_row(each.detail, each.where) for each in roster.problems]
            sent, others = _sent(roster.entries, folder)
            entries, refused = self._allowed(sent, asked)
            rows += others + refused
            progress.step(0, len(entries))
            for outcome in self._enroller.many(asked.actor, entries, Rules(agreed=asked.agreed), workers=1):
                rows.append(_row(outcome, folder, hiding=asked.scope is not None))
                progress.advance()
            progress.file(RESULT).write_text("\N{BYTE ORDER MARK}" + csv_text(COLUMNS, rows), encoding="utf-8")
            return dict(Counter(row["outcome"] for row in rows))
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _allowed(self, entries: "Sequence[Entry]", asked: _Asked) -> "tuple[list[Entry], list[dict[str, Any]]]":
        """The entries with their groups; those of people beyond the scope are refused."""
        if asked.scope is None:
            return [replace(each, groups=tuple(dict.fromkeys([*each.groups, *asked.groups]))) for each in entries], []
        allowed, refused = [], []
        for each in entries:
            if self._is_beyond(each, asked.scope):
                why = "somebody beyond your groups has this name or id"
                refused.append(_problem_row(why, each.photo.name, each.name, each.external_id))
            else:
                allowed.append(replace(each, groups=asked.groups))
        return allowed, refused

    def _is_beyond(self, entry: "Entry", scope: frozenset[str]) -> bool:
        try:
            found = self._gallery.of_photo(entry.name, entry.external_id)
        except PersonAmbiguous:
            return True
        except PersonInvalid:
            return False
        return found is not None and scope.isdisjoint(found.groups)

    def _clean(self) -> None:
        """Delete what a process that was killed has left."""
        if not self._folder.is_dir():
            return
        for each in self._folder.iterdir():
            if datetime.fromtimestamp(each.stat().st_mtime, UTC) < datetime.now(UTC) - _STALE:
                shutil.rmtree(each, ignore_errors=True)


def _keep(folder: Path, files: Sequence[SentFile]) -> None:
    left = MOST_BYTES
    try:
        folder.parent.parent.mkdir(mode=0o700, exist_ok=True)
        folder.parent.mkdir(mode=0o700, exist_ok=True)
        folder.mkdir(mode=0o700)
        for file in files:
            left -= _copied(file.content, folder / _plain(PurePosixPath(file.name.replace("\\", "/")).name), left)
    except OSError as error:
        raise OutputFailed("what was sent", error.strerror or str(error)) from error


def _copied(content: IO[bytes], target: Path, most: int) -> int:
    """Write a new private file of at most so many bytes; how many there were. Raises UploadLarge."""
    size = 0
    with target.open("xb" if not target.exists() else "wb") as file:
        target.chmod(0o600)
        while part := content.read(_CHUNK):
            size += len(part)
            if size > most:
                raise UploadLarge(target.name, f"at most {MOST_BYTES // 1_000_000} MB are taken in at once")
            file.write(part)
    return size


def _plain(name: str) -> str:
    """A part of a path that leads nowhere else."""
    kept = "".join(each if each.isprintable() and each not in '<>:"|?*\0' else "_" for each in name).strip(". ")
    return (kept or "file")[:150] if len(kept) <= 150 else kept[:100] + kept[-50:]  # noqa: PLR2004 - with its ending


def _read(folder: Path) -> "Roster":
    """Who is on which photo, of what lies there: zips are unpacked first, a list tells the names if there is one."""
    from enroll.roster import read_roster, walk_folder

    for each in sorted(folder.iterdir()):
        if zipfile.is_zipfile(each) and each.suffix.lower() == ".zip":
            _unpack(each, folder)
            each.unlink()
        elif each.suffix.lower() == ".zip":
            raise RequestInvalid(each.name, "this is no zip file, or its end is missing")
    lists = [each for each in folder.rglob("*") if each.suffix.lower() in {".csv", ".tsv"} and each.is_file()]
    if len(lists) > 1:
        raise RequestInvalid("files", f"{len(lists)} lists: send one at a time")
    return read_roster(lists[0]) if lists else walk_folder(folder)


def _sent(entries: "Sequence[Entry]", folder: Path) -> "tuple[list[Entry], list[dict[str, Any]]]":
    """The entries whose photo was sent; those of which a list names another file of this computer are refused."""
    there = folder.resolve()
    kept = [each for each in entries if each.photo.resolve().is_relative_to(there)]
    why = "the list names a photo that is not among what was sent"
    out = [each for each in entries if not each.photo.resolve().is_relative_to(there)]
    return kept, [_problem_row(why, each.photo.name, each.name, each.external_id) for each in out]


def _unpack(archive: Path, folder: Path) -> None:
    try:
        with zipfile.ZipFile(archive) as opened:
            members = [each for each in opened.infolist() if not each.is_dir() and _is_ours(each.filename)]
            _refuse(members, archive.name)
            skipped = _common(members, archive.stem)
            left = MOST_UNPACKED
            for each in members:
                parts = [_plain(part) for part in PurePosixPath(each.filename.replace("\\", "/")).parts[skipped:]]
                left -= _write_member(opened, each, folder.joinpath(*parts), left)
    except BROKEN_ZIP as error:
        raise RequestInvalid(archive.name, f"the zip cannot be unpacked: {error}") from error
    except OSError as error:
        if error.errno in FULL:
            raise OutputFailed("what was sent", error.strerror or str(error)) from error
        why = error.strerror or str(error)  # names that do not go together or are too long, and damage, too
        raise RequestInvalid(archive.name, f"the zip cannot be unpacked: {why}") from error


def _is_ours(name: str) -> bool:
    parts = PurePosixPath(name.replace("\\", "/")).parts
    return bool(parts) and ".." not in parts and "__MACOSX" not in parts and not parts[-1].startswith(".")


def _refuse(members: Sequence[zipfile.ZipInfo], name: str) -> None:
    if len(members) > MOST_MEMBERS:
        raise RequestInvalid(name, f"{len(members)} files: at most {MOST_MEMBERS} are taken in at once")
    if any(each.flag_bits & _ENCRYPTED for each in members):
        raise RequestInvalid(name, "the zip has a password: pack it without one")
    if sum(each.file_size for each in members) > MOST_UNPACKED:
        raise RequestInvalid(name, f"it unpacks to more than {MOST_UNPACKED // 1_000_000_000} GB")


def _common(members: Sequence[zipfile.ZipInfo], stem: str) -> int:
    """How many leading folders to leave out: the one that all is in, unless it is itself a person's."""
    paths = [PurePosixPath(each.filename.replace("\\", "/")).parts for each in members]
    tops = {parts[0] for parts in paths if parts}
    if len(tops) != 1 or any(len(parts) < 2 for parts in paths):  # noqa: PLR2004 - a folder and a file
        return 0
    deeper = any(len(parts) > 2 for parts in paths)  # noqa: PLR2004 - two folders and a file
    listed = any(parts[-1].lower().endswith((".csv", ".tsv")) for parts in paths)
    return int(deeper or listed or tops == {stem})


def _write_member(opened: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, left: int) -> int:
    """Unpack one file, whatever size its header promises."""
    most = min(left, DEFAULT_LIMITS.max_bytes + 1)
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with opened.open(member) as content, target.open("wb") as file:
        target.chmod(0o600)
        size = 0
        while part := content.read(min(_CHUNK, most - size)):
            size += len(part)
            file.write(part)
            if size >= most:
                break  # one that is too large is refused by its size when it is read
    return size


def _row(outcome: "Outcome", folder: Path, *, hiding: bool) -> dict[str, Any]:
    """What became of a photo; with ``hiding`` it names nobody whom it looks like."""
    photo = Path(outcome.source)
    name = str(photo.relative_to(folder)) if photo.is_relative_to(folder) else photo.name
    if isinstance(outcome, Enrolled):
        return {
            "photo": name,
            "name": outcome.person.name,
            "id": outcome.person.id,
            "outcome": outcome.outcome,
            "why": "; ".join(outcome.warnings),
        }
    hidden = hiding and outcome.problem.id == PersonDuplicate.id
    why = "the face looks like somebody who is enrolled already" if hidden else outcome.problem.detail
    return _problem_row(why, name, outcome.name)


def _problem_row(why: str, photo: str, name: str = "", external_id: str | None = None) -> dict[str, Any]:
    return {"photo": photo, "name": name, "id": external_id, "outcome": "refused", "why": why}
