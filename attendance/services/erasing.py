"""Somebody erased with proof: removed, the files of the home looked through for what was known of them, and a receipt.

What is known of them is collected in the very step that removes them, and forgotten with the process. A receipt is
written when all of it is done: it never tells of what did not happen.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from attendance.access.rights import needs
from attendance.records import instant
from attendance.services import receipts as papers
from attendance.services.holds import refuse_held
from gallery import known, traces
from gallery.errors import GalleryError, GalleryUnusable
from gallery.files import new_output
from gallery.locations import DATABASE
from gallery.repositories import people, sites, workers
from gallery.repositories.events import page, record
from gallery.slices.slice import FOLDER

if TYPE_CHECKING:
    from datetime import datetime

    from attendance.access import Actor
    from attendance.clock import Clock
    from attendance.services.backups import ShownBackup
    from attendance.services.receipts import Receipts
    from gallery import Gallery
    from gallery.known import Told
    from gallery.traces import Needle, Scanned
    from gallery.values import Event, PersonInfo

PROVED: Final = "erasure.proof"
PASSING: Final = ("jobs/", "uploads/")
"""Where files lie for a day at most, which can be made again: what names the person there is deleted."""


@dataclass(frozen=True, slots=True)
class Search:
    """What a search through the files of a home came to, as receipts tell it."""

    files: list[dict[str, Any]]
    hits: list[dict[str, Any]]
    explained: list[dict[str, Any]]
    unsearched: list[dict[str, str]]
    searched: dict[str, int]

    @property
    def clean(self) -> bool:
        """Whether nothing was found."""
        return not self.hits

    def lines(self) -> Iterator[str]:
        """In words."""
        return papers.search_lines(self.to_dict())

    def to_dict(self) -> dict[str, Any]:
        """As receipts hold it."""
        return {
            "files": self.files,
            "hits": self.hits,
            "explained": self.explained,
            "unsearched": self.unsearched,
            "searched": self.searched,
        }


@dataclass(slots=True)
class _Wanted:
    """What is searched for, what is explained without a search, and what is too short for one."""

    needles: "list[Needle]"
    explained: list[dict[str, Any]]
    short: list[dict[str, str]]


@dataclass(frozen=True, slots=True)
class Erased:
    """Who was erased, and the receipt; ``unwritten`` is why it could not be written to its file."""

    person: "PersonInfo"
    receipt: Mapping[str, Any]
    unwritten: GalleryError | None = None

    @property
    def clean(self) -> bool:
        """Whether nothing of them was found, and nothing is left to be overwritten."""
        return not self.receipt["hits"] and bool(self.receipt["erased"])

    def lines(self) -> Iterator[str]:
        """In words."""
        return papers.found_lines(self.receipt)


class Erasing:
    """Erases with proof, and searches afterwards."""

    def __init__(
        self,
        gallery: "Gallery",
        receipts: "Receipts",
        clock: "Clock",
        shown: "Callable[[], list[ShownBackup]]",
        tell: "Callable[[], object]" = bool,
    ) -> None:
        self._gallery, self._receipts, self._clock = gallery, receipts, clock
        self._shown, self._tell = shown, tell

    @needs("people.erase")
    def erase(self, actor: "Actor", person: str | int, target: Path) -> Erased:
        """Remove a person, search for what was known of them, and write the receipt to a new file.

        Needs the key of the home, to know the templates. Raises PersonUnknown, HoldActive, KeyMissing, NotEmpty where
        the file is there already: nothing is removed then. Where it cannot be written afterwards, as the disk is full,
        the receipt comes back all the same, with the reason.
        """
        done: Erased | None = None
        try:
            with new_output(target, "receipt") as temporary:
                done = self.proved(actor, person)
                temporary.write_text(papers.written(done.receipt), encoding="utf-8")
        except GalleryError as error:
            if done is None:
                raise
            done = replace(done, unwritten=error)
        return done

    @needs("people.erase")
    def proved(self, actor: "Actor", person: str | int) -> Erased:
        """As `erase`, with the receipt in memory alone."""
        who = self._gallery.find(person)
        self.refuse_held(who.id)
        self._receipts.prepare()
        dated = self._backups()
        now = self._clock.utc()
        texts, faces, removed = self._remove(actor, who, now)
        store = self._gallery.store
        self._tell()
        erased = self._overwritten()
        compacted = erased and store.compact()
        wanted = self._wanted(texts, faces)
        deleted = self._delete_passing(wanted.needles)
        found = self._search(wanted)
        told = {
            "program": _program(),
            "person": who.id,
            "id": papers.salted(who.external_id),
            "at": instant(now),
            "by": actor.name,
            "removed": removed,
            "erased": erased,
            "compacted": compacted,
            "deleted": deleted,
            **found.to_dict(),
            "backups": dated,
            "engine": store.engine,
            "beyond": [*store.beyond_reach(), *self._slices()],
        }
        receipt = self._receipts.sign(told)
        self._note(actor, who, receipt)
        return Erased(who, receipt)

    def _remove(
        self, actor: "Actor", who: "PersonInfo", now: "datetime"
    ) -> "tuple[list[Told], list[Needle], dict[str, int]]":
        """Remove them; what was known of them, texts and faces, and how many rows went, by table."""
        with self._gallery.store.atomic() as transaction:
            row = people.find_row(transaction, who.id)
            texts = known.texts(transaction, row)
            faces = list(dict.fromkeys(known.faces(transaction, self._gallery.sealer, row.id)))
            before = known.counts(transaction)
            self._gallery.remove(who.id, at=now, by=actor.name)
            after = known.counts(transaction)
        return texts, faces, {name: count - after[name] for name, count in before.items() if count > after[name]}

    def _overwritten(self) -> bool:
        """Whether the log could be emptied; what stands in the way is for the receipt to tell, as they are removed."""
        try:
            return self._gallery.store.finish_erasure()
        except GalleryUnusable:
            return False

    def _note(self, actor: "Actor", who: "PersonInfo", receipt: Mapping[str, Any]) -> None:
        details = {
            "signature": receipt[papers.SIGNED][:16],
            "files": len(receipt["files"]),
            "hits": len(receipt["hits"]),
            "erased": receipt["erased"],
        }
        with self._gallery.store.atomic() as transaction:
            now = self._clock.utc()
            record(transaction, at=now, by=actor.name, action=PROVED, subject=who.id, details=details)

    def _delete_passing(self, needles: "Iterable[Needle]") -> list[str]:
        """Delete results of jobs and files sent in which something of the person stands; which they were."""
        home, search, gone = self._gallery.store.home, traces.Search(needles), list[str]()
        for folder in PASSING:
            for path in sorted((home / folder).rglob("*")):
                called = path.relative_to(home).as_posix()
                if path.is_file() and not path.is_symlink() and traces.scan_file(path, called, search).hits:
                    path.unlink(missing_ok=True)
                    gone.append(called)
        return gone

    def _backups(self) -> list[dict[str, str]]:
        """The backups that hold the person until they are deleted. Raises BackupKeep."""
        return [
            {"path": each.backup.path, "at": instant(each.backup.at), "expires": _expires(each)}
            for each in self._shown()
            if each.there
        ]

    def proofs(self, most: int = 10) -> "list[Event]":
        """The last erasures that were proved, the newest first."""
        with self._gallery.store.reading() as transaction:
            return page(transaction, action=PROVED, limit=most)

    def refuse_held(self, person: int) -> None:
        """Raise HoldActive where what is of a person (internal id) must be kept."""
        with self._gallery.store.reading() as transaction:
            refuse_held(transaction, person)

    def _slices(self) -> Iterator[str]:
        """What computers of sites hold until the database is next within their reach."""
        with self._gallery.store.reading() as transaction:
            told = {each.site for each in workers.all_workers(transaction) if each.site is not None}
            found = sorted({*told, *sites.names(transaction, active=True)})
        if found:
            yield (
                f"computers of {', '.join(found)} that keep a slice of the gallery remove the same when they are next "
                "in contact, before anybody is judged with it"
            )

    # The search

    def typed(self, name: str | None, external_id: str | None) -> Search:
        """Search for what somebody was called who was erased earlier."""
        return self._search(self._wanted(list(known.called(name, external_id)), []))

    def _wanted(self, texts: "Iterable[Told]", faces: "Iterable[Needle]") -> _Wanted:
        """What is to be searched for: all but texts that stand in rows of others, and of nobody else."""
        wanted = _Wanted(list(faces), [], [])
        with self._gallery.store.reading() as transaction:
            for kind, text in texts:
                others, elsewhere = known.standing(transaction, text)
                wanted.explained += [
                    _explained(kind, column, count, _written_in) for column, count in elsewhere.items()
                ]
                if others and not elsewhere:
                    wanted.explained += [
                        _explained(kind, column, count, _of_others) for column, count in others.items()
                    ]
                    continue
                found = traces.of_text(kind, text)
                if not any(each.form == "utf-8" for each in found):
                    wanted.short.append({"what": f"the {kind} by itself", "why": "it is too short to mean somebody"})
                wanted.needles += found
        return wanted

    def _search(self, wanted: _Wanted) -> Search:
        """Look through every file of the home, and every table that lies in none."""
        store = self._gallery.store
        files = [*traces.scan(store.home, wanted.needles), *store.scan(wanted.needles)]
        return Search(
            files=[{"path": each.path, "bytes": each.bytes, "sha256": each.sha256} for each in files],
            hits=[hit for each in files for hit in _hits(each)],
            explained=wanted.explained,
            unsearched=[*wanted.short, *_unsearched(files)],
            searched=dict(Counter(each.kind for each in wanted.needles)),
        )


def _explained(kind: str, column: str, rows: int, why: "Callable[[str, int], str]") -> dict[str, Any]:
    return {"kind": kind, "where": column, "rows": rows, "why": why(column, rows)}


def _hits(each: "Scanned") -> Iterator[dict[str, Any]]:
    for (kind, form), count in sorted(each.hits.items()):
        hit = {"path": each.path, "kind": kind, "form": form, "count": count}
        yield hit | ({"advice": _advice(each.path)})


_ADVICE: Final = (
    (DATABASE, "the database: start the search again when no other program uses the home"),
    (f"{FOLDER}/{DATABASE}", "the slice of this site: search again once it was in contact with the database"),
    (papers.TABLE, "a table of the database: see which row names them, and who has written it"),
    ("core", "a dump of a program that failed: delete it"),
)
"""What is to be done about files by how their paths begin."""


def _advice(path: str) -> str:
    """What is to be done about a file."""
    if path.endswith(".bak"):
        return "a copy from before an upgrade: delete it when the home works as it should"
    name = path.rpartition("/")[2]
    if name.startswith(".") and ".new" in name:
        return "left from an interrupted write: 'attendance gallery verify --repair' deletes it"
    found = (advice for begin, advice in _ADVICE if path.startswith(begin))
    return next(found, "a file that is not the program's: see what it is, and delete it")


def _of_others(column: str, count: int) -> str:
    rows = "1 row" if count == 1 else f"{count} rows"
    return f"the same text stands in {rows} of {column}: others are called so, and it was not searched for"


def _written_in(column: str, count: int) -> str:
    rows = "1 row" if count == 1 else f"{count} rows"
    return f"somebody has written it in {rows} of {column}"


def _unsearched(files: "list[Scanned]") -> Iterator[dict[str, str]]:
    for each in files:
        if each.problem is not None and each.problem != "gone":
            yield {"what": each.path, "why": each.problem}
        elif Path(each.path).suffix.lower() in traces.UNSEARCHABLE and each.path.startswith(PASSING):
            yield {"what": each.path, "why": "a name may be drawn in it; results go after a day"}


def _expires(each: "ShownBackup") -> str:
    return "kept until somebody deletes it" if each.until is None else f"kept until {each.until}"


def _program() -> str:
    try:
        return f"attendance {version('attendance')}"
    except PackageNotFoundError:
        return "attendance"
