"""Verifies the links of the log: tells what was done to it, entry by entry, in the order of the numbers.

It reads the log once and keeps a handful of entries at a time. Somebody who may write to the file, and has not the key
of the home, cannot make a link: what they change, delete, move or put in is told without anything else. What leaves a
whole log that is only another one (its tail cut; cut, and other entries put behind; all written anew, as if there had
never been links, or by somebody who has the key) is told by anchors, which hold where the log once ended.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gallery.chainvalues import Anchor, LogCheck, LogFinding, Verdict
from gallery.repositories import chain
from gallery.repositories.batches import in_batches
from gallery.repositories.chain import BEGUN, KEYED, PURGED, Digest, Stored
from gallery.schema import EventRow
from gallery.steps import START

MOST: Final = 100
"""So many findings are told; what is found beyond is counted."""


def verify(
    session: Session, key: bytes | None, anchors: Iterable[Anchor] = (), *, highest: int | None = None
) -> LogCheck:
    """What was done to the log, as far as its links, the home's key for them and these anchors tell.

    ``highest`` is the highest number ever given to an entry, where the database knows it.
    """
    base = _base(session, key)
    line = _Line(session, key, base)
    compared = _Compared(anchors, base)
    legacy, last, entries = _Legacy(base), None, 0
    for each in chain.stored(session):
        entries, last = entries + 1, each
        compared.meet(each)
        if base.purged is not None and each.seq <= base.through:
            line.note("inserted", each.seq)
        elif base.begun is not None and each.seq < base.begun.seq:
            legacy.add(each)
        else:
            line.step(each)
    line.finish()
    legacy.compare(line)
    compared.tell(session, line, last)
    if highest is not None:
        _see_tail(line, 0 if last is None else last.seq, highest)
    return LogCheck(
        entries=entries,
        proved=line.proved,
        earlier=legacy.entries,
        unvouched=line.unlinked,
        purged=base.through or None,
        anew=base.anew,
        compared=compared.count,
        passed=compared.passed,
        head=chain.head(session),
        findings=tuple(sorted(line.findings, key=lambda each: each.first)),
        more=line.more,
    )


def _see_tail(line: "_Line", end: int, highest: int) -> None:
    """A number was given to an entry that is not there: whoever cut the tail has forgotten the counter."""
    if highest > end and not any(each.anchor is not None for each in line.findings):
        line.note("cut", end + 1, highest)


# Where it begins


@dataclass(frozen=True, slots=True)
class _Base:
    """Where verifying begins: at the latest `audit.begin` that is right, or behind what was let go by rule."""

    begun: Stored | None
    purged: Stored | None
    anew: tuple[int, ...]

    @property
    def through(self) -> int:
        """The number of the last entry that was let go by rule, 0 where none was."""
        return 0 if self.purged is None else _whole(self.purged.details.get("through"))

    @property
    def start(self) -> str:
        """What the first entry that is linked by the present key is linked to."""
        if self.purged is None or (self.begun is not None and self.begun.seq > self.through):
            return START
        return str(self.purged.details.get("link") or START)

    @property
    def first(self) -> str | None:
        """The link of the first entry ever, where it was let go by rule."""
        return None if self.purged is None else self.purged.details.get("first")


def _base(session: Session, key: bytes | None) -> _Base:
    begun, purged = _right(session, key, BEGUN), _right(session, key, PURGED)
    linked = select(func.min(EventRow.seq)).where(EventRow.link.is_not(None))
    first = session.scalar(linked) or 0
    anew = tuple(each.seq for each in begun if each.seq > first)
    return _Base(begun[-1] if begun else None, purged[-1] if purged else None, anew)


def _right(session: Session, key: bytes | None, action: str) -> list[Stored]:
    """The entries of this action that are right under the key, without copies of one."""
    found: dict[str | None, Stored] = {}
    for each in chain.stored(session, chain.columns().where(EventRow.action == action).order_by(EventRow.seq)):
        if _is_right(each, key):
            found.setdefault(each.link, each)
    return list(found.values())


def _is_right(entry: Stored, key: bytes | None) -> bool:
    """Whether the link is the one that the key makes; without the key nobody can say that it is not."""
    keyed = entry.link is not None and entry.link.startswith(KEYED)
    return keyed and entry.at is not None and (key is None or chain.link_of(entry.data, key) == entry.link)


def _whole(number: object) -> int:
    return number if isinstance(number, int) else 0


class _Legacy:
    """The entries before `audit.begin`, which its digest holds, or that of what was let go by rule later."""

    def __init__(self, base: _Base) -> None:
        self._base, self._digest, self._first = base, Digest(), 0

    @property
    def entries(self) -> int:
        """How many there are."""
        return self._digest.entries

    def add(self, entry: Stored) -> None:
        """The next one."""
        self._first = self._first or entry.seq
        self._digest.add(entry)

    def compare(self, line: "_Line") -> None:
        """Note that they are not what they were."""
        begun, purged = self._base.begun, self._base.purged
        if begun is None or self._base.through >= begun.seq:
            return
        told, count = begun.details, "entries"
        if purged is not None and purged.seq > begun.seq:
            told, count = purged.details, "left"
        if (self.entries, self._digest.hex) != (told.get(count), told.get("sha256")):
            line.note("earlier", self._first or begun.seq, begun.seq - 1)


# Link by link


class _Line:
    """Follows the links. What is not right is set aside until what comes after it tells what it is."""

    def __init__(self, session: Session, key: bytes | None, base: _Base) -> None:
        self._session, self._key = session, key
        self._last: str | None = base.start
        self._sure: str | None = base.start  # the last that was linked with the key
        self._copied: str | None = None
        self._number: int | None = None
        self._wrong: list[Stored] = []
        self._plain: list[Stored] = []  # linked without the key since the last one with it
        self._unlinked: list[Stored] = []  # the first and the last before all links
        self._linked: list[int] = []  # the first and the last from then on
        self._keyed = self._links = 0
        self.findings: list[LogFinding] = []
        self.more = self.proved = self.unlinked = 0

    def note(self, verdict: Verdict, first: int, last: int | None = None, *, anchor: int | None = None) -> None:
        """Add a finding; one that goes on where the last ended is that one."""
        end = first if last is None else last
        latest = self.findings[-1] if self.findings else None
        if latest is not None and latest.verdict == verdict and latest.last + 1 == first:
            self.findings[-1] = LogFinding(verdict, latest.first, end, anchor)
        elif len(self.findings) < MOST:
            self.findings.append(LogFinding(verdict, first, end, anchor))
        else:
            self.more += 1

    def step(self, entry: Stored) -> None:
        """The next entry."""
        if entry.link is None and not self._linked:
            self.unlinked += 1
            self._unlinked = [*self._unlinked[:1], entry]
            return
        if not self._linked:
            self._see_unlinked(entry)
        self._linked = [*self._linked[:1], entry.seq]
        self._links += 1
        self._keyed += _keyed(entry)
        if not self._holds(entry):
            self._wrong.append(entry)
            self._bound()
        elif self._follows(entry):
            self._go_on(entry)
        self._number = entry.seq

    def finish(self) -> None:
        """There are no more."""
        for each in self._wrong:
            self.note("inserted" if each.link is None else "edited", each.seq)
        self._tell_plain()
        if self._key is not None and not self.proved and self._links > 1:
            self.findings, self.more = [LogFinding("rewritten", self._linked[0], self._linked[-1])], 0
        if self._key is None and self._keyed:
            self.note("keyless", self._linked[0], self._linked[-1])

    def _see_unlinked(self, entry: Stored) -> None:
        """Entries without links stand before the first of all links: it vouches for them, or they are none of them."""
        if not self._unlinked:
            return
        first, last = self._unlinked[0], self._unlinked[-1]
        if entry.prev == START and entry.action != BEGUN:
            self.note("inserted", first.seq, last.seq)
        elif entry.prev == chain.link_of(last.data, self._key):
            self.note("edited", first.seq, last.seq)
            self._last = entry.prev

    def _holds(self, entry: Stored) -> bool:
        if _keyed(entry):
            return _is_right(entry, self._key)
        return entry.at is not None and entry.link == chain.link_of(entry.data, None)

    def _bound(self) -> None:
        """Keep no more than a few aside: the first tell where, the last what follows it."""
        if len(self._wrong) > MOST:
            self.note("edited", self._wrong.pop(0).seq)
        if len(self._plain) > MOST:
            self.note("unkeyed", self._plain.pop(0).seq)

    def _follows(self, entry: Stored) -> bool:
        """Whether the entry goes on with the line, whatever is noted of those before it; else it was put in."""
        if self._wrong:
            return self._follows_wrong(entry)
        if entry.prev in {self._last, self._copied}:
            self._see_gap(entry)
        elif self._plain and entry.prev == self._sure:
            self._tell_plain("inserted")
        elif self._plain and _keyed(entry) and self._next_to(entry) and not self._count(entry.prev):
            self.note("edited", self._plain.pop().seq)
        else:
            return self._see_break(entry)
        return True

    def _follows_wrong(self, entry: Stored) -> bool:
        wrong, self._wrong = self._wrong, []
        passed = entry.prev == self._last or (bool(self._plain) and entry.prev == self._sure)
        if passed and entry.prev != self._last:
            self._tell_plain("inserted")
        for each in wrong:
            self.note("inserted" if passed else "edited", each.seq)
        known = passed or entry.prev in {wrong[-1].link, chain.link_of(wrong[-1].data, self._key)}
        if known or (self._next_to(entry) and not self._count(entry.prev)):
            return True
        return self._see_break(entry)

    def _see_gap(self, entry: Stored) -> None:
        """The links fit, but numbers are missing: they were given to entries that somebody has cut off since."""
        if self._number is not None and entry.seq > self._number + 1:
            self.note("cut-and-appended", entry.seq)

    def _see_break(self, entry: Stored) -> bool:
        if self._count(entry.link) > 1:
            self.note("inserted", entry.seq)
            self._copied = entry.link
            return False
        moved = entry.prev == START or self._count(entry.prev)
        self.note("reordered" if moved else "deleted", entry.seq)
        return True

    def _next_to(self, entry: Stored) -> bool:
        return self._number is not None and entry.seq == self._number + 1

    def _count(self, link: str | None) -> int:
        """How many entries have this link, up to two; the whole log is looked through, unless too much is wrong."""
        if len(self.findings) >= MOST:
            return 0
        return len(self._session.execute(select(EventRow.seq).where(EventRow.link == link).limit(2)).all())

    def _go_on(self, entry: Stored) -> None:
        self._last, self._copied = entry.link, None
        if _keyed(entry):
            self._tell_plain()
            self._sure, self.proved = entry.link, self.proved + (self._key is not None)
        else:
            self._plain.append(entry)
            self._bound()

    def _tell_plain(self, verdict: Verdict = "unkeyed") -> None:
        for each in self._plain:
            self.note(verdict, each.seq)
        self._plain = []


def _keyed(entry: Stored) -> bool:
    return entry.link is not None and entry.link.startswith(KEYED)


# What anchors tell


class _Compared:
    """Holds the log against anchors, in the order of their numbers."""

    def __init__(self, anchors: Iterable[Anchor], base: _Base) -> None:
        told = sorted(anchors, key=lambda each: (each.seq, each.at))
        self._base = base
        self._ahead = [each for each in told if each.seq > base.through]
        self.passed, self.count = len(told) - len(self._ahead), len(self._ahead)
        self._next = 0
        self._first = base.first
        self._matched = 0
        self._lost: list[tuple[Anchor, int]] = []  # and the number of the entry that is there, or comes next

    def meet(self, entry: Stored) -> None:
        """The next entry of the log."""
        self._first = self._first or entry.link
        while self._next < len(self._ahead) and self._ahead[self._next].seq <= entry.seq:
            anchor = self._ahead[self._next]
            if (anchor.seq, anchor.link) == (entry.seq, entry.link):
                self._matched = entry.seq
            else:
                self._lost.append((anchor, entry.seq))
            self._next += 1

    def tell(self, session: Session, line: _Line, last: Stored | None) -> None:
        """Note what only anchors tell, unless what the links told is the reason."""
        beyond = self._ahead[self._next :]
        known = _there(session, [anchor.link for anchor, _ in self._lost] + [each.link for each in beyond])
        lost = [anchor for anchor, number in self._lost if anchor.link not in known and not _told(line, number)]
        cut = [each for each in beyond if each.link not in known]
        if not lost and not cut:
            return
        first, end = (lost or cut)[0], 0 if last is None else last.seq
        started = bool(self._matched) or any(each.first == self._first for each in (*lost, *cut))
        if last is not None and not started:
            line.findings, line.more = [LogFinding("rewritten", 1, end, first.seq)], 0
        elif lost or (last is not None and last.at is not None and last.at > first.at):
            line.note("cut-and-appended", self._matched + 1, end, anchor=first.seq)
        else:
            line.note("cut", end + 1, cut[-1].seq, anchor=first.seq)


def _told(line: _Line, number: int) -> bool:
    return line.more > 0 or any(each.first <= number <= each.last for each in line.findings)


def _there(session: Session, links: Collection[str]) -> set[str]:
    """Those of these links that some entry has."""
    found: set[str] = set()
    for some in in_batches(links):
        found.update(each for each in session.scalars(select(EventRow.link).where(EventRow.link.in_(some))) if each)
    return found
