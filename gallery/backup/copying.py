"""Another home with all that a home holds, on whichever engine: read in one view, filled whole, and compared.

Nothing of it is written to a file on the way. The key goes along; whoever signs in does so anew.
"""

from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from gallery.backup import erased
from gallery.backup.content import Saved, written
from gallery.backup.filling import as_before, filled, placed, refuse_other, refuse_used
from gallery.backup.saving import files_of
from gallery.errors import GalleryDamaged
from gallery.repositories import resealing
from gallery.vault.key import KEY
from refusal import counted

if TYPE_CHECKING:
    from gallery.ports import Database, Transaction, Vault


@dataclass(frozen=True, slots=True)
class Copied:
    """What a copy holds; ``went_on``: whether the home was changed meanwhile, which is not in the copy."""

    saved: Saved
    went_on: bool


def copy(
    source: "Database",
    vault: "Vault",
    database: "type[Database]",
    home: Path,
    *,
    at: datetime,
    along: Sequence[str] = (),
) -> Copied:
    """Make the folder `home`, or the server that it names, a home that holds the same as `source`, at one moment.

    There must be no home yet; all of it is there at the end, or nothing. The new tables are read back before that, and
    have the digest of the old ones. `along` names the files of the home that go with it, besides its key. Raises
    NotEmpty, GalleryDamaged where rows of `source` have lost their owner, BackupInvalid, KeyMissing, KeyWrong, and what
    makes either database unusable.
    """
    home = Path(home).expanduser().resolve()
    refuse_used(database, home)
    _refuse_orphans(source)
    erased.prepare(source, vault)
    with source.reading() as view:
        files = files_of(source.home, along) | key_of(source, view, vault)
        _refuse_others(home, files)
        before = _counts(source, view)
        with as_before(home), ExitStack() as kept, database.building(home, source.schema_version) as transaction:
            told = {name: data for name, data in files.items() if name != KEY}
            with closing(written(source, view, told)) as lines:
                tally, *_ = filled(database, transaction, lambda: lines, source.where, home, along)
            kept.enter_context(placed(home, files))
        saved = Saved(source.meta("home_id") or "", source.schema_version, at, tally.digest, tally.rows)
    with source.reading() as view:
        return Copied(saved, went_on=_counts(source, view) != before)


def _refuse_orphans(source: "Database") -> None:
    found = len(source.check(quick=True).orphans)
    if found:
        told = f"{counted(found, 'row has', 'rows have')} lost the owner: 'attendance gallery verify --repair' deletes"
        raise GalleryDamaged(source.where, f"{told} {'it' if found == 1 else 'them'}")


def key_of(source: "Database", view: "Transaction", vault: "Vault") -> dict[str, bytes]:
    """What the key file holds; nothing where nothing was ever sealed. Raises KeyMissing, KeyWrong."""
    if (source.home / KEY).exists() or resealing.anything(view):
        return {KEY: vault.file()}
    return {}


def _refuse_others(home: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        refuse_other(home / name, data)


def _counts(source: "Database", view: "Transaction") -> tuple[object, ...]:
    """What is another when anything was changed that a copy must hold."""
    return source.generation(), source.counters(view)
