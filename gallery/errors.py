"""Everything the gallery can refuse, as one tree.

    GalleryError
    ├── GalleryUnusable            (exit code 3: the home or its database cannot be used)
    │   ├── GalleryMissing         gallery.missing
    │   ├── NotADatabase           gallery.not_a_database
    │   ├── GalleryDamaged         gallery.damaged
    │   ├── GalleryNewer           gallery.newer
    │   ├── GalleryLocked          gallery.locked
    │   ├── GalleryReadOnly        gallery.read_only
    │   ├── GalleryFull            gallery.full
    │   ├── GalleryFailed          gallery.failed
    │   ├── KeyMissing             gallery.key_missing
    │   ├── KeyWrong               gallery.key_wrong
    │   ├── KeyExposed             gallery.key_mode
    │   ├── TemplateAltered        gallery.template_altered
    │   └── WrongEncoder           gallery.wrong_encoder
    └── GalleryRefused             (exit code 1: this request is refused, the gallery is as before)
        ├── PersonUnknown          gallery.person_unknown
        ├── PersonAmbiguous        gallery.person_ambiguous
        ├── PersonInactive         gallery.person_inactive
        ├── PersonInvalid          gallery.person_invalid
        ├── LookalikeUnknown       gallery.lookalike_unknown
        ├── DuplicateId            gallery.duplicate_id
        ├── TemplateInvalid        gallery.template_invalid
        ├── Conflict               gallery.conflict
        ├── ImportInvalid          gallery.import_invalid
        └── NotEmpty               gallery.not_empty

The id is stable, `help` says what to do; `str(error)` is one line, "where: detail".
"""
# ruff: noqa: N818  the ids and the tree say "error"; the names say which one

from typing import ClassVar


class GalleryError(Exception):
    """Base of everything the gallery refuses; never raised itself."""

    id: ClassVar[str] = "gallery.failed"
    exit_code: ClassVar[int] = 3
    help: ClassVar[str] = "Run `attendance doctor`."

    def __init__(self, where: str, detail: str) -> None:
        self.where = " ".join(where.split())
        self.detail = " ".join(detail.split())
        super().__init__(f"{self.where}: {self.detail}")

    def __reduce__(self) -> tuple[type["GalleryError"], tuple[str, str]]:
        return (type(self), (self.where, self.detail))


class GalleryUnusable(GalleryError):
    """The home, its database or its key cannot be used."""


class GalleryMissing(GalleryUnusable):
    """There is no home, or it cannot be made."""

    id = "gallery.missing"
    help = "Name the right folder with --home or ATTENDANCE_HOME, or enrol somebody to begin a new one."


class NotADatabase(GalleryUnusable):
    """The file where the database should be is something else."""

    id = "gallery.not_a_database"
    help = "The file was left as it is: move it away, or put the last backup in its place."


class GalleryDamaged(GalleryUnusable):
    """SQLite finds the file malformed, or it was cut short."""

    id = "gallery.damaged"
    help = "The file was left as it is: keep a copy, then put the last backup in its place."


class GalleryNewer(GalleryUnusable):
    """A newer version of this program has written the database."""

    id = "gallery.newer"
    help = "Update this program with `pip install --upgrade attendance`; nothing was changed."


class GalleryLocked(GalleryUnusable):
    """Another process held the database longer than the wait allowed."""

    id = "gallery.locked"
    help = "Another program is writing to this home: wait for it or close it, then try again."


class GalleryReadOnly(GalleryUnusable):
    """The database may be read but not written."""

    id = "gallery.read_only"
    help = "Give this account the right to write to that folder; reading commands work as it is."


class GalleryFull(GalleryUnusable):
    """No space is left for the database."""

    id = "gallery.full"
    help = "Nothing was half written: free some space, then try again."


class GalleryFailed(GalleryUnusable):
    """The database answered with something that has no id of its own, such as a failing disk."""

    id = "gallery.failed"
    help = "Run `attendance doctor`; look after the disk if this happens again."


class KeyMissing(GalleryUnusable):
    """Templates are there, but the key that opens them is not."""

    id = "gallery.key_missing"
    help = "Put the key file of this home back; no new one is made, as it could not open what is stored."


class KeyWrong(GalleryUnusable):
    """The key file is malformed or belongs to another home."""

    id = "gallery.key_wrong"
    help = "Put the key file of this very home back; it was not changed."


class KeyExposed(GalleryUnusable):
    """Others than the owner may read or change the key file."""

    id = "gallery.key_mode"
    help = "Close it with `chmod 600` on that file, and ask who may have copied it."


class TemplateAltered(GalleryUnusable):
    """A sealed template or crop was changed, or moved to another person, encoder or home."""

    id = "gallery.template_altered"
    help = "It was not used: run `attendance gallery verify` to see whose it is, then enrol that person again."


class WrongEncoder(GalleryUnusable):
    """A template does not fit the encoder it is filed under."""

    id = "gallery.wrong_encoder"
    help = "Use the encoder that made these templates, or embed the people again with the new one."


class GalleryRefused(GalleryError):
    """The request is refused and the gallery is as it was before."""

    exit_code = 1


class PersonUnknown(GalleryRefused):
    """Nobody has this id or name."""

    id = "gallery.person_unknown"
    help = "`attendance gallery list` shows who is enrolled."


class PersonAmbiguous(GalleryRefused):
    """Several people have this name."""

    id = "gallery.person_ambiguous"
    help = "Give the id instead of the name."


class PersonInactive(GalleryRefused):
    """The person was set inactive and does not belong at the time in question."""

    id = "gallery.person_inactive"
    help = "`attendance gallery activate PERSON` takes somebody in again; a namesake needs an id of their own (--id)."


class PersonInvalid(GalleryRefused):
    """A name, id or group is empty, too long, or holds control characters."""

    id = "gallery.person_invalid"
    help = "Use 1 to 200 visible characters on one line."


class LookalikeUnknown(GalleryRefused):
    """Two people are not remembered as look-alikes, or not any more."""

    id = "gallery.lookalike_unknown"
    help = "`attendance gallery lookalikes list` shows the pairs."


class DuplicateId(GalleryRefused):
    """The id belongs to somebody with another name."""

    id = "gallery.duplicate_id"
    help = "Give another id, or rename the person who has it with `attendance gallery rename`."


class TemplateInvalid(GalleryRefused):
    """A vector is not finite, not of unit length, or of the wrong shape."""

    id = "gallery.template_invalid"
    help = "This points to a broken encoder: run `attendance doctor`."


class Conflict(GalleryRefused):
    """A rule of the database, such as a unique pair, refused the write."""

    id = "gallery.conflict"
    help = "Look at what is there with `attendance gallery list`, then try again."


class ImportInvalid(GalleryRefused):
    """An archive is not one of ours, damaged, or its passphrase is wrong."""

    id = "gallery.import_invalid"
    help = "Check the file and the passphrase; nothing was imported."


class NotEmpty(GalleryRefused):
    """The place to write to is taken."""

    id = "gallery.not_empty"
    help = "Choose a name that does not exist yet, or move the old file away."
