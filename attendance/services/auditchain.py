"""Whether the log is as it was written: its links verified, and anchors, which hold where it ended outside the home.

An anchor is one line of JSON: the home, number and link of the log's last entry, the link of its first, the instant,
and a code (HMAC-SHA256) by a key that is derived from the log's own, so that nobody makes one without it.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from attendance.access import needs
from attendance.privacy_errors import AnchorInvalid, AuditBroken
from attendance.services import anchoring
from gallery.chainvalues import Anchor
from gallery.errors import GalleryUnusable, TemplateAltered
from gallery.repositories import chain, chaincheck, events, secrets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attendance.access import Actor
    from attendance.clock import Clock
    from attendance.settings import Settings
    from gallery import Gallery
    from gallery.chainvalues import Head, LogCheck, LogFinding, Verdict
    from gallery.ports import Transaction
    from gallery.values import Event

ANCHORED: Final = "audit.anchor"
KIND: Final = "attendance-anchor"
VERSION: Final = 1
LONGEST: Final = 4096
"""Characters of a line that may be an anchor."""
SAYS: "Final[Mapping[Verdict, str]]" = MappingProxyType(
    {
        "edited": "was changed after it was written, or was never written by the program",
        "deleted": "follows one that is gone: something before it was deleted",
        "reordered": "is not in its place",
        "inserted": "was put in: it is a copy, or somebody made it up",
        "unkeyed": "was written without the key of the home, so that anybody could have written it",
        "earlier": "is from before the log was linked, and is not what it was then",
        "keyless": "cannot be proved: the key of the log is gone from the database",
        "cut": "is missing: the end of the log was cut off, or an older backup was restored",
        "cut-and-appended": "was written after the end of the log had been cut off, in the place of others",
        "rewritten": "is not what was written: the whole log was written anew",
    }
)
"""What each verdict says of an entry."""
MANY: "Final[Mapping[Verdict, str]]" = MappingProxyType(
    {
        "edited": "were changed after they were written, or were never written by the program",
        "deleted": "follow others that are gone: something before each was deleted",
        "reordered": "are not in their place",
        "inserted": "were put in: they are copies, or somebody made them up",
        "earlier": "are from before the log was linked, and are not what they were then",
        "keyless": "cannot be proved: the key of the log is gone from the database",
    }
)
"""What it says of several entries, where that is not the same in the plural."""
CANNOT: Final = (
    "Without an anchor nobody can tell that the end of the log was cut off with care, that other entries were put "
    "behind it under the home's own key, or that all of it was written anew"
)


@dataclass(frozen=True, slots=True)
class Verified:
    """What verifying found; of the anchors given, ``unproved`` are not vouched for by the present key."""

    check: "LogCheck"
    given: int = 0
    unproved: int = 0

    @property
    def sound(self) -> bool:
        """Whether nothing was found."""
        return self.check.sound

    def refuse_broken(self) -> None:
        """Raise AuditBroken where something was found."""
        if not self.sound:
            found = self.check.findings
            more = "" if len(found) == 1 else f", and {len(found) - 1 + self.check.more} more"
            raise AuditBroken("log", f"{sentence(found[0])}{more}")

    def to_dict(self) -> dict[str, Any]:
        """As ``audit verify --json`` tells it."""
        check = self.check
        findings = [
            {"verdict": each.verdict, "first": each.first, "last": each.last, "anchor": each.anchor}
            for each in check.findings
        ]
        return {
            "schema": 1,
            "sound": check.sound,
            "entries": check.entries,
            "proved": check.proved,
            "earlier": check.earlier,
            "unvouched": check.unvouched,
            "purged": check.purged,
            "anew": list(check.anew),
            "anchors": {
                "given": self.given,
                "compared": check.compared,
                "passed": check.passed,
                "unproved": self.unproved,
            },
            "head": None if check.head is None else {"number": check.head.seq, "link": check.head.link},
            "findings": findings,
            "more": check.more,
        }


@dataclass(frozen=True, slots=True)
class MadeAnchor:
    """An anchor that was made: the number of its entry in the log, when, by whom, and whereto it went."""

    number: int
    at: datetime
    by: str
    to: str


class AuditChain:
    """Verifies the log, and anchors it."""

    def __init__(self, gallery: "Gallery", clock: "Clock", settings: "Settings") -> None:
        self._gallery, self._store = gallery, gallery.store
        self._clock, self._settings = clock, settings

    # Verifying

    def verify(self, files: Iterable[Path] = (), *, lines: str = "") -> Verified:
        """Verify the whole log, against the anchors of these files and these lines.

        Raises AnchorInvalid, and KeyMissing, KeyExposed and KeyWrong where nothing can be proved.
        """
        with self._store.reading() as view:
            key = self._key(view)
            texts = [(str(each), anchoring.read(each)) for each in files]
            given = [each for where, text in (*texts, ("anchor", lines)) for each in self._anchors(text, where, key)]
            highest = self._store.counters(view).get("event", 0)
            check = chaincheck.verify(view, key, given, highest=highest)
        ours = None if key is None else _name(_anchor_key(key))
        return Verified(check, len(given), sum(each.mac is None or each.key != ours for each in given))

    def head(self) -> "Head | None":
        """Where the log ends; None where nothing is linked yet."""
        with self._store.reading() as view:
            return chain.head(view)

    def _key(self, view: "Transaction") -> bytes | None:
        """The key of the links, None where there is none in the database."""
        if secrets.sealed(view, chain.PURPOSE) is None:
            return None
        with suppress(TemplateAltered):
            return secrets.stored(view, self._gallery.sealer, chain.PURPOSE)
        return None

    def _anchors(self, text: str, where: str, key: bytes | None) -> list[Anchor]:
        found = []
        for number, line in enumerate(text.splitlines(), 1):
            if line.strip():
                found.append(self._proved(parsed(line, f"{where}, line {number}"), f"{where}, line {number}", key))
        return found

    def _proved(self, anchor: Anchor, where: str, key: bytes | None) -> Anchor:
        if anchor.home != self._home:
            raise AnchorInvalid(where, "this anchor is of another home")
        made = None if key is None else _anchor_key(key)
        ours = made is not None and anchor.key == _name(made)
        if made is not None and ours and not hmac.compare_digest(_mac(anchor, made), anchor.mac or ""):
            raise AnchorInvalid(where, "this anchor was changed, or this home has not made it")
        return anchor

    @property
    def _home(self) -> str:
        return self._store.meta("home_id") or ""

    # Anchors

    @needs("audit.anchor")
    def anchor(self, actor: "Actor", target: str | None = None) -> str:
        """Note where the log ends, as an entry of its own, and hand that out as a line: to a file, syslog, or nowhere.

        ``target`` is a file, which is appended to, "syslog", "syslog:HOST" or "syslog:HOST:PORT". Raises OutputFailed,
        AnchorInvalid where the file holds something else, and whatever keeps the home from being written.
        """
        kept = anchoring.kept(target)
        kept.refuse_others(KIND)
        with self._store.atomic() as transaction:
            now = self._clock.utc()
            events.record(
                transaction, at=now, by=actor.name, action=ANCHORED, subject="gallery", details={"to": kept.kind}
            )
            head, key = chain.head(transaction), None
            with suppress(GalleryUnusable):
                key = self._key(transaction)
            line = self._line(head, key)
        kept.write(line)  # after the step is on the disk: an anchor of what is not there would cry wolf
        return line

    @needs("audit.anchor")
    def anchor_daily(self, actor: "Actor") -> bool:
        """Anchor the log where the setting says; whether there is one. Raises as `anchor`."""
        if self._settings.anchor_to is None:
            return False
        self.anchor(actor, self._settings.anchor_to)
        return True

    def all(self, limit: int = 50) -> list[MadeAnchor]:
        """The latest anchors that were made, the newest first."""
        with self._store.reading() as view:
            return [_made(each) for each in events.page(view, action=ANCHORED, limit=limit)]

    def again(self, number: int) -> str:
        """The line of an anchor that was made, by the number of its entry. Raises AnchorInvalid where it is none."""
        with self._store.reading() as view:
            head = chain.head(view, number)
            told = events.page(view, action=ANCHORED, before=number + 1, limit=1)
            if head is None or not told or told[0].seq != number:
                raise AnchorInvalid(str(number), "no anchor was made by this entry of the log")
            key = None
            with suppress(GalleryUnusable):
                key = self._key(view)
            return self._line(head, key)

    def _line(self, head: "Head | None", key: bytes | None) -> str:
        if head is None:
            raise AuditBroken("log", "the entry that was just written has no link")
        anchor = Anchor(self._home, head.seq, head.link, head.first, head.at)
        if key is not None:
            made = _anchor_key(key)
            anchor = replace(anchor, key=_name(made))
            anchor = replace(anchor, mac=_mac(anchor, made))
        return written(anchor)


# Anchors as lines


def written(anchor: Anchor) -> str:
    """The anchor as one line, without its end."""
    return json.dumps({**_told(anchor), "mac": anchor.mac}, separators=(",", ":"))


def _told(anchor: Anchor) -> dict[str, Any]:
    return {
        "format": KIND,
        "version": VERSION,
        "home": anchor.home,
        "seq": anchor.seq,
        "link": anchor.link,
        "first": anchor.first,
        "at": anchor.at.astimezone(UTC).isoformat(),
        "key": anchor.key,
    }


def parsed(line: str, where: str) -> Anchor:
    """The anchor that a line holds. Raises AnchorInvalid."""
    if len(line) > LONGEST:
        raise AnchorInvalid(where, "this line is too long for an anchor")
    try:
        told = json.loads(line[line.index("{") :])  # what syslog puts before it is passed over
        if told["format"] != KIND or told["version"] != VERSION:
            raise AnchorInvalid(where, "this is no anchor that this version knows")
        texts = [told[name] for name in ("home", "link", "first")]
        at, seq = datetime.fromisoformat(told["at"]), told["seq"]
        codes = [told.get(name) for name in ("key", "mac")]
        fits = all(isinstance(each, str) for each in texts) and type(seq) is int and at.tzinfo is not None
        if not fits or not all(each is None or isinstance(each, str) for each in codes):
            raise AnchorInvalid(where, "this anchor is damaged")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise AnchorInvalid(where, "this line holds no anchor") from error
    return Anchor(texts[0], seq, texts[1], texts[2], at, *codes)


def _anchor_key(key: bytes) -> bytes:
    return hmac.digest(key, b"anchor", "sha256")


def _name(key: bytes) -> str:
    """What tells one key from others, and nothing else of it."""
    return hashlib.sha256(b"name" + key).hexdigest()[:16]


def _mac(anchor: Anchor, key: bytes) -> str:
    data = json.dumps(_told(anchor), separators=(",", ":"), sort_keys=True).encode()
    return hmac.digest(key, data, "sha256").hex()


def _made(event: "Event") -> MadeAnchor:
    return MadeAnchor(event.seq, event.at, event.by, str(event.details.get("to", "")))


# In words


def sentence(finding: "LogFinding") -> str:
    """What was found, as a sentence."""
    one = finding.first == finding.last
    which = f"entry {finding.first}" if one else f"entries {finding.first} to {finding.last}"
    told = SAYS[finding.verdict]
    if not one:
        told = MANY.get(finding.verdict) or told.replace("is ", "are ", 1).replace("was ", "were ", 1)
    by = "" if finding.anchor is None else f", as the anchor of entry {finding.anchor} tells"
    return f"{which} {told}{by}"


def summary(found: Verified) -> list[str]:
    """What verifying found, in sentences; the findings first."""
    check = found.check
    lines = [sentence(each) for each in check.findings]
    if check.more:
        lines.append(f"{check.more} more findings are not listed")
    return [*lines, *notes(found)]


def notes(found: Verified) -> list[str]:
    """What was verified, and what cannot be told, in sentences."""
    check = found.check
    told: Sequence[tuple[object, str]] = (
        (True, f"entries: {check.entries}, of them proved by the key of the home: {check.proved}"),
        (check.earlier, f"entries from before a key held the log, for which one entry vouches: {check.earlier}"),
        (
            check.unvouched,
            f"entries from before the log was linked, for which the next one will vouch: {check.unvouched}",
        ),
        (check.purged, f"entries up to {check.purged} were let go by rule"),
        (check.anew, f"the log was begun anew, its key being lost, at {', '.join(map(str, check.anew))}"),
        (check.compared, f"anchors compared: {check.compared}"),
        (check.passed, f"anchors of entries that were let go by rule, not compared: {check.passed}"),
        (found.unproved, f"anchors made under another key or none, compared and not proved: {found.unproved}"),
        (not found.given, CANNOT),
    )
    return [line for says, line in told if says]
