"""Making a home from a backup: proved whole first, built beside, and there in one step.

What was erased since is erased again before that.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from gallery.backup import erased
from gallery.backup.content import Saved
from gallery.backup.erasing import erase_again
from gallery.backup.filling import as_before, filled, placed, refuse_used
from gallery.backup.head import Opened
from gallery.backup.recovering import begin_anew
from gallery.backup.source import Source
from gallery.errors import (
    ErasureListInvalid,
    GalleryNewer,
    KeyMissing,
    KeyWrong,
    NotEmpty,
    RecoveryKeyWrong,
    TemplateAltered,
)
from gallery.repositories import chain, events, secrets
from gallery.repositories.owners import ORPHAN, Unowned
from gallery.schema import REVISIONS
from gallery.transactions import CHAIN_KEY
from gallery.vault.key import KEY, copy_content, load_key, read_copy, read_private
from gallery.vault.keyring import of_process
from gallery.vault.seal import Sealer

if TYPE_CHECKING:
    from gallery.ports import Cipher, Database, Transaction

ERASED_AGAIN = "erasure.again"


def restore(
    database: "type[Database]",
    source: Path,
    home: Path,
    *,
    key: Path | None = None,
    recovery: Path | None = None,
    along: Sequence[str] = (),
    lists: Iterable[Path] = (),
    at: datetime | None = None,
    by: str = "restore",
) -> Saved:
    """Make the home that `source` is a backup of in the folder `home`, all of it or nothing.

    There must be no home yet. The key comes from the file `key`, else it lies in the folder already. With the file of
    a private `recovery` key all comes back but what the home's key seals, and a new key is made. Nothing is written
    before the whole file has proved genuine; an older schema is upgraded. `along` names the files that may go with
    the tables.

    What was erased since is erased again, as the lists of the home tell that lie beside the backup, in the folder, or
    are given as `lists`; of that no byte is in the home.

    Rows whose owner is gone come back as they are where the engine lets them be. A server does not, nor does an
    upgrade: there they are left out, or kept without it, and each is told of. Raises BackupInvalid, ErasureListInvalid,
    GalleryNewer, NotEmpty, KeyMissing, KeyWrong, KeyExposed, RecoveryKeyWrong, and what keeps the home from being
    written.
    """
    home, found = Path(home).expanduser().resolve(), Source(source)
    if found.head.revision not in REVISIONS:
        newer = f"its schema is {found.head.revision!r}, this version knows up to {REVISIONS[-1]!r}"
        raise GalleryNewer(found.where, newer)
    refuse_used(database, home)
    where = _lists(Path(source), home, found, lists)
    opened, lying = _opened(home, found, key) if recovery is None else _recovered(home, found, recovery)
    cipher = _cipher(lying, home / KEY, found)
    after = _After(database, found, where, cipher, lying, opened.proving, at or datetime.now(UTC), by)
    found.prove(opened.sealing)
    with as_before(home), ExitStack() as kept, database.building(home, found.head.revision, after) as transaction:
        lines, older = partial(found.lines, opened.sealing), found.head.revision != REVISIONS[-1]
        tally, files, after.lost = filled(database, transaction, lines, found.where, home, along, owned=older)
        kept.enter_context(placed(home, ({} if (home / KEY).exists() else {KEY: lying}) | files))
    return replace(
        tally.saved(found.head), erased=after.erased, gone=after.gone, lists=len(where), lost=tuple(after.lost)
    )


def _opened(home: Path, found: Source, copy: Path | None) -> tuple[Opened, bytes]:
    """What the home's key opens it with, and what the key file of the home holds."""
    lying = _key(home, copy, found)
    cipher = _cipher(lying, copy or home / KEY, found)
    if not found.head.is_of(cipher):
        raise KeyWrong(str(copy or home / KEY), f"it does not open this backup, which is of home {found.head.home_id}")
    return Opened(found.head.sealing_key(cipher)), lying


def _key(home: Path, copy: Path | None, found: Source) -> bytes:
    """What the key file holds that was named, else the one that lies in the home; wrapped, it stays so."""
    if copy is not None:
        if (home / KEY).exists() and load_key(home, create=False) != read_copy(Path(copy)):
            raise NotEmpty(str(home / KEY), "another key lies here")
        return copy_content(Path(copy))
    if not (home / KEY).exists():
        needed = f"{found.where} opens with the key of home {found.head.home_id} alone; name it with --key"
        raise KeyMissing(str(home / KEY), needed)
    return read_private(home / KEY)


def _cipher(lying: bytes, path: Path, found: Source) -> "Cipher":
    return Sealer(of_process().opened(lying, str(path)), found.head.home_id)


def _recovered(home: Path, found: Source, recovery: Path) -> tuple[Opened, bytes]:
    """What the recovery key opens it with, and what a new key file holds: one that lies there is left as it is."""
    try:
        text = Path(recovery).read_text(encoding="ascii")
    except (OSError, ValueError) as error:
        raise RecoveryKeyWrong(str(recovery), "it cannot be read, or is no text") from error
    opened, path = found.head.recovered(text, found.where), home / KEY
    return opened, read_private(path) if path.exists() else of_process().fresh(None, str(path))


def _lists(source: Path, home: Path, found: Source, given: Iterable[Path]) -> list[Path]:
    """Where lists of what was erased lie, those that are there; raises ErasureListInvalid where one given is not."""
    named = [Path(each) for each in given]
    for each in named:
        if not each.exists():
            raise ErasureListInvalid(str(each), "there is no such file")
    beside = source.absolute().parent
    usual = (beside / erased.NAME, beside / erased.name_of(found.head.home_id), home / erased.NAME)
    return [*named, *(each for each in usual if each.exists())]


@dataclass
class _After:
    """What is done to the rows of a backup before they become a home, within the transaction that it is called with.

    `recovered` proves lists where a recovery key opened the backup: what the home's key seals is lost then.
    """

    database: "type[Database]"
    found: Source
    lists: Sequence[Path]
    cipher: "Cipher"
    lying: bytes
    recovered: bytes | None
    at: datetime
    by: str
    erased: Mapping[str, int] = field(default_factory=dict)
    gone: Mapping[str, int] = field(default_factory=dict)
    lost: Sequence[Unowned] = ()

    def __call__(self, transaction: "Transaction") -> bool:
        """Whether anything was deleted."""
        home_id = self.found.head.home_id
        proving = [self.recovered] if self.recovered else erased.proving(transaction, self.cipher)
        told = [erased.read(each, home_id, proving) for each in self.lists]
        entries = erased.union(erased.told(transaction), *told)
        self.erased = erase_again(self.database, transaction, entries, at=self.at, by=self.by)
        transaction.info[CHAIN_KEY] = self._chain_key
        if self.recovered:
            self.gone = begin_anew(transaction, self.cipher, self.lying, at=self.at, by=self.by)
        if self.erased:
            details = dict(self.erased)
            events.record(transaction, at=self.at, by=self.by, action=ERASED_AGAIN, subject="gallery", details=details)
        for each in self.lost:
            where = {"table": each.table}
            events.record(transaction, at=self.at, by=self.by, action=ORPHAN, subject=each.row, details=where)
        return bool(self.erased or self.gone or self.lost)

    def _chain_key(self, transaction: "Transaction") -> bytes | None:
        try:
            return secrets.of(transaction, self.cipher, chain.PURPOSE)
        except TemplateAltered:
            return None
