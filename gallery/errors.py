"""Everything the gallery can refuse, as one tree; docs/errors.md draws it.

The id is stable, `help` says what to do; `str(error)` is one line, "where: detail".
"""
# ruff: noqa: N818  the ids and the tree say "error"; the names say which one

from typing import Final

from refusal import Refusal

HELP: Final = {
    "gallery.missing": "Name the right folder with --home or ATTENDANCE_HOME, or enrol somebody to begin a new one.",
    "gallery.not_a_database": (
        "The file was left as it is: move it away; 'attendance restore' brings back the last backup."
    ),
    "gallery.damaged": (
        "The file was left as it is: keep a copy, move it away, then use 'attendance restore' with the last backup."
    ),
    "gallery.newer": "Update this program with `pip install --upgrade attendance`; nothing was changed.",
    "gallery.locked": "Another program is writing to this home: wait for it or close it, then try again.",
    "gallery.read_only": "Give this account the right to write there; reading commands work as it is.",
    "gallery.older": (
        "The first command that writes upgrades it, and leaves the file as it was beside it: 'attendance serve', or "
        "'attendance audit anchor', which changes nothing else. Then try again."
    ),
    "gallery.full": "Nothing was half written: free some space, then try again.",
    "gallery.address": (
        "Write it as postgresql://USER@HOST/NAME; a password belongs in PGPASSFILE or the folder's private file."
    ),
    "gallery.engine_missing": "Install it with `pip install 'attendance[postgres]'`.",
    "gallery.no_pgvector": (
        "Install pgvector 0.8.4 or newer on the server and have its owner run CREATE EXTENSION vector, or set "
        "search_plan to auto."
    ),
    "gallery.unreachable": (
        "Look whether the database server runs, has a database of this name, and lets this account in; a site with "
        "a slice of the gallery goes on marking meanwhile."
    ),
    "gallery.server_unfit": (
        "Use PostgreSQL 15 or newer, and a database in UTF8: CREATE DATABASE attendance ENCODING 'UTF8' "
        "TEMPLATE template0."
    ),
    "gallery.lease_lost": "Another computer watches this camera now; nothing was written twice.",
    "gallery.site_unknown": "`attendance site list` shows the sites.",
    "gallery.offline_over": "Bring the link to the database back; nothing is lost, and what waits is delivered then.",
    "gallery.failed": "Run `attendance doctor`; look after the disk if this happens again.",
    "gallery.key_missing": (
        "Put the key file of this home back, or a copy; no new one is made, as it could not open what is stored. "
        "Without it the commands for names, marks, reports and erasing work (on a server, those that only read), "
        "recognising and the service do not, and a backup needs the key of its day; "
        "`attendance key abandon` gives up what is sealed, and begins anew."
    ),
    "gallery.key_passphrase": "Try the passphrase again; nothing was changed.",
    "gallery.key_source": (
        "Set the variable that is named for this program and the service, or start the command at a terminal; "
        "`attendance key show` tells what the key of this home needs."
    ),
    "gallery.key_works": "Nothing is lost: `attendance key rotate` makes a new key, and keeps everything.",
    "gallery.passphrase_short": "Choose a longer one, such as five words that do not belong together.",
    "gallery.key_wrong": "Put the key file of this very home back, for a backup that of its day; it was not changed.",
    "gallery.key_mode": "Close it with `chmod 600` on that file, and ask who may have copied it.",
    "gallery.template_altered": (
        "It was not used: run `attendance gallery verify`, which names whose it is and the command that repairs it."
    ),
    "gallery.wrong_encoder": "Use the encoder that made these templates, or embed the people again with the new one.",
    "gallery.person_unknown": "`attendance gallery list` shows who is enrolled.",
    "gallery.person_ambiguous": "Give the id instead of the name.",
    "gallery.person_inactive": (
        "`attendance gallery activate PERSON` takes somebody in again; a namesake needs an id of their own (--id)."
    ),
    "gallery.person_invalid": "Use 1 to 200 visible characters on one line.",
    "gallery.lookalike_unknown": "`attendance gallery lookalikes list` shows the pairs.",
    "gallery.duplicate_id": "Give another id, or rename the person who has it with `attendance gallery rename`.",
    "gallery.template_invalid": "This points to a broken encoder: run `attendance doctor`.",
    "gallery.conflict": "Look at what is there with `attendance gallery list`, then try again.",
    "gallery.text": "Take that character out, as no text needs it, or write less; nothing was changed.",
    "gallery.import_invalid": "Check the file and the passphrase; nothing was imported.",
    "gallery.backup_invalid": "Check the file, or take an older backup; nothing was restored.",
    "gallery.erasure_list": (
        "Nothing was restored: find the list of this very home, with its backups or in its folder; ask who changed it."
    ),
    "gallery.recovery_key": "Give the key as 'attendance key recovery FILE' wrote it, whole and of this very pair.",
    "gallery.not_empty": "Choose a name that does not exist yet, or move the old file away.",
}


class GalleryError(Refusal, helps=HELP, exit_code=3):
    """Base of everything the gallery refuses; never raised itself."""


class GalleryUnusable(GalleryError):
    """The home, its database or its key cannot be used."""


class GalleryMissing(GalleryUnusable, id="gallery.missing"):
    """There is no home, or it cannot be made."""


class NotADatabase(GalleryUnusable, id="gallery.not_a_database"):
    """The file where the database should be is something else."""


class GalleryDamaged(GalleryUnusable, id="gallery.damaged"):
    """SQLite finds the file malformed, or it was cut short."""


class GalleryNewer(GalleryUnusable, id="gallery.newer"):
    """A newer version of this program has written the database."""


class GalleryLocked(GalleryUnusable, id="gallery.locked"):
    """Another process held the database longer than the wait allowed."""


class GalleryReadOnly(GalleryUnusable, id="gallery.read_only"):
    """The database may be read but not written."""


class GalleryOlder(GalleryReadOnly, id="gallery.older"):
    """An older version of this program has written the database, and what only reads does not upgrade it."""


class GalleryFull(GalleryUnusable, id="gallery.full"):
    """No space is left for the database."""


class AddressInvalid(GalleryUnusable, id="gallery.address"):
    """What should be the address of a database on a server is none."""


class EngineMissing(GalleryUnusable, id="gallery.engine_missing"):
    """The database is on a server, and the library that speaks with it is not installed."""


class PgvectorMissing(GalleryUnusable, id="gallery.no_pgvector"):
    """The server is to search the vectors itself, and cannot."""


class GalleryUnreachable(GalleryUnusable, id="gallery.unreachable"):
    """The database server does not answer, has gone away, or lets nobody in."""


class ServerUnfit(GalleryUnusable, id="gallery.server_unfit"):
    """The server is too old for this program, or the database cannot keep every text."""


class OfflineOver(GalleryUnusable, id="gallery.offline_over"):
    """The database has been out of reach for longer than a slice of the gallery may be used."""


class GalleryFailed(GalleryUnusable, id="gallery.failed"):
    """The database answered with something that has no id of its own, such as a failing disk."""


class KeyMissing(GalleryUnusable, id="gallery.key_missing"):
    """Templates are there, but the key that opens them is not."""


class KeyWrong(GalleryUnusable, id="gallery.key_wrong"):
    """The key file is malformed or belongs to another home."""


class KeyExposed(GalleryUnusable, id="gallery.key_mode"):
    """Others than the owner may read or change the key file."""


class KeySource(GalleryUnusable, id="gallery.key_source"):
    """What is to give the key that wraps the home's key does not: environment, command, or nobody to ask."""


class KeyPassphrase(GalleryUnusable, id="gallery.key_passphrase"):
    """The passphrase does not open the key file."""


class TemplateAltered(GalleryUnusable, id="gallery.template_altered"):
    """Something sealed was changed, or moved to another person, pipeline or home."""


class WrongEncoder(GalleryUnusable, id="gallery.wrong_encoder"):
    """A template does not fit the pipeline it is filed under."""


class GalleryRefused(GalleryError, exit_code=1):
    """The request is refused and the gallery is as it was before."""


class PersonUnknown(GalleryRefused, id="gallery.person_unknown"):
    """Nobody has this id or name."""


class PersonAmbiguous(GalleryRefused, id="gallery.person_ambiguous"):
    """Several people have this name."""


class PersonInactive(GalleryRefused, id="gallery.person_inactive"):
    """The person was set inactive and does not belong at the time in question."""


class PersonInvalid(GalleryRefused, id="gallery.person_invalid"):
    """A name, id or group is empty, too long, or holds control characters."""


class LeaseLost(GalleryRefused, id="gallery.lease_lost"):
    """What another process was to do alone is another's by now."""


class SiteUnknown(GalleryRefused, id="gallery.site_unknown"):
    """There is no site of this name."""


class LookalikeUnknown(GalleryRefused, id="gallery.lookalike_unknown"):
    """Two people are not remembered as look-alikes, or not any more."""


class DuplicateId(GalleryRefused, id="gallery.duplicate_id"):
    """The id belongs to somebody with another name."""


class TemplateInvalid(GalleryRefused, id="gallery.template_invalid"):
    """A vector is not finite, not of unit length, or of the wrong shape."""


class Conflict(GalleryRefused, id="gallery.conflict"):
    """A rule of the database, such as a unique pair, refused the write."""


class TextInvalid(GalleryRefused, id="gallery.text"):
    """A text holds NUL or half of a character, which not every engine keeps, or it is too long for its column."""


class ImportInvalid(GalleryRefused, id="gallery.import_invalid"):
    """An archive is not one of ours, damaged, or its passphrase is wrong."""


class BackupInvalid(GalleryRefused, id="gallery.backup_invalid"):
    """A file is no backup of a home, or it was cut short or changed."""


class ErasureListInvalid(GalleryRefused, id="gallery.erasure_list"):
    """A list of what was erased is of another home, or was changed."""


class PassphraseShort(GalleryRefused, id="gallery.passphrase_short"):
    """A new passphrase is too short."""


class KeyWorks(GalleryRefused, id="gallery.key_works"):
    """The key of the home is to be given up, but it opens what is stored."""


class RecoveryKeyWrong(GalleryRefused, id="gallery.recovery_key"):
    """A recovery key was mistyped, or belongs to another pair."""


class NotEmpty(GalleryRefused, id="gallery.not_empty"):
    """The place to write to is taken."""
