"""A review as people see it: whom a face may be, by which numbers, why somebody must look, and what was said of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from attendance.records import PersonRef, instant

if TYPE_CHECKING:
    from gallery.values import Correction, Sighting

CREDENTIAL_GONE, KIOSK_GONE = "credential_gone", "kiosk_gone"
"""Reasons that a site which was cut off could not know of."""
SHOWN_KIND, GONE_AT = "shown", "gone_at"
"""Under which a sighting keeps what was shown instead of a face, and since when something was gone."""
SHOWN: Final[Mapping[str, str]] = MappingProxyType({"pin": "PIN", "qr": "QR code", "badge": "badge"})
REASONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "close_call": "the score comes close to what a mark needs, and does not reach it",
        "small_lead": "the second person comes too close",
        "look_alike": "somebody remembered as hard to tell apart is a candidate, too, without a clear lead over them",
        "person_taken": "another face in the same picture has the better claim to this person",
        "track_switched": "the track turned into somebody else",
        "few_frames": "too few looks at the face agree on the person",
        "mark_voided": "somebody has voided this person's mark in the session; only a person makes another",
        "liveness_attack": "what was seen moves, or stands still, as a picture does",
        "liveness_unsure": "it could not be told that a living face was there",
        "virtual_camera": "the pictures come from a program, not from a camera",
        CREDENTIAL_GONE: "the PIN, QR code or badge had been taken away, which a site that was cut off did not know",
        KIOSK_GONE: "the kiosk had been revoked, which a site that was cut off did not know",
    }
)
"""Why somebody must look, in words; a screen that a program has registered may give reasons of its own."""
_INDENT: Final = 11


@dataclass(frozen=True, slots=True)
class Review:
    """A sighting that was ruled a review; it waits until somebody has ``said`` what it is.

    ``candidates`` are those the face was compared with, ``lookalikes`` those of them who are remembered as hard to
    tell from ``person``; ``face`` says whether the face is kept; times are shown in the IANA ``zone``.
    """

    sighting: "Sighting"
    person: PersonRef | None
    session: str | None
    candidates: tuple[dict[str, Any], ...]
    face: bool
    zone: str
    place: str | None = None
    lookalikes: tuple[PersonRef, ...] = ()
    said: "tuple[Correction, ...]" = ()

    @property
    def shown(self) -> str | None:
        """What was shown instead of a face, in a word; None for a face."""
        return SHOWN.get(self.sighting.quality.get(SHOWN_KIND, ""))

    @property
    def why(self) -> list[str]:
        """Why somebody must look, a sentence each."""
        return [self._why(each) for each in self.sighting.reasons]

    def _why(self, reason: str) -> str:
        words, gone = REASONS.get(reason), self.sighting.quality.get(GONE_AT)
        if words is None:
            return f"{in_short(reason)} (found by a check of this site)"
        if reason not in {CREDENTIAL_GONE, KIOSK_GONE} or gone is None:
            return words
        what, ended = (self.shown or "credential", "taken away") if reason == CREDENTIAL_GONE else ("kiosk", "revoked")
        since, seen = self._local(datetime.fromisoformat(gone)), self._local(self.sighting.at)
        form = "%H:%M" if since.date() == seen.date() else "%Y-%m-%d %H:%M"
        when = "before" if since <= seen else "by clocks that differ about the time of"
        return f"the {what} was {ended} at {since:{form}}, {when} this mark of {seen:{form}} at a site that was cut off"

    def to_dict(self) -> dict[str, Any]:
        """One line of ``review list --json``."""
        seen = self.sighting
        return {
            "sighting": seen.id,
            "at": instant(seen.at),
            "session": self.session,
            "source": seen.source,
            "frame": seen.frame,
            "track": seen.track,
            "box": None if seen.box is None else list(seen.box),
            "person": None if self.person is None else self.person.to_dict(),
            "score": seen.score,
            "threshold": seen.threshold,
            "margin": seen.margin,
            "reasons": list(seen.reasons),
            "candidates": list(self.candidates),
            "quality": dict(seen.quality),
            "face": self.face,
            "place": self.place,
            "lookalikes": [each.to_dict() for each in self.lookalikes],
            "said": [{"kind": e.kind, "at": instant(e.at), "by": e.by, "reason": e.reason} for e in self.said],
        }

    def row(self) -> dict[str, Any]:
        """One line of a table; the time on the clock of the zone."""
        seen, person = self.sighting, self.person
        return {
            "number": seen.id,
            "at": f"{self._local(seen.at):%Y-%m-%d %H:%M}",
            "name": None if person is None else person.name,
            "id": None if person is None else person.id,
            "score": seen.score,
            "needs": seen.threshold,
            "lead": seen.margin,
            "why": [in_short(each) for each in seen.reasons],
            "face": "kept" if self.face else "gone",
        }

    @property
    def evidence(self) -> str:
        """What a decision rests on, in one line."""
        alike = [f"look-alike {_called(each)}" for each in self.lookalikes]
        who = "nobody enrolled" if self.person is None else _called(self.person)
        by = self._numbers() if self.shown is None else f"a {self.shown}"
        parts = (f"it named {who} by {by}", *map(in_short, self.sighting.reasons), *alike)
        return "; ".join(parts)

    def lines(self) -> Iterator[str]:
        """All that is known, line by line."""
        yield f"review {self.sighting.id}: {self._standing()}"
        for what, told in self._facts():
            yield f"{what:{_INDENT}}{told}"

    def _facts(self) -> Iterator[tuple[str, str]]:
        seen = self.sighting
        yield "seen", self._where()
        yield "may be", "nobody enrolled any more" if self.person is None else _called(self.person)
        yield "score", self._numbers()
        for number, (reason, words) in enumerate(zip(seen.reasons, self.why, strict=True)):
            known = words if reason in REASONS else "see who found it"
            yield "" if number else "why", f"{in_short(reason)}: {known}"
        for number, each in enumerate(self.candidates):
            yield "" if number else "compared", self._candidate(each)
        if seen.quality:
            yield "quality", ", ".join(f"{in_short(key)} {_plain(value)}" for key, value in seen.quality.items())
        if self.shown is None:
            yield "face", "kept; --face FILE.png writes it to a file" if self.face else "not kept, or not any more"

    def _standing(self) -> str:
        if not self.said or self.said[-1].kind == "restore":
            return "waits for somebody to look"
        last = self.said[-1]
        why = f": {last.reason}" if last.reason else ""
        return f"{last.kind} by {last.by}, {self._local(last.at):%Y-%m-%d %H:%M}{why}"

    def _where(self) -> str:
        seen = self.sighting
        parts = (
            f"{self._local(seen.at):%Y-%m-%d %H:%M:%S} ({self.zone})",
            None if self.session is None else f"session {self.session}",
            seen.source if self.place in {None, seen.source} else f"{self.place}, {seen.source}",
            None if seen.frame is None else f"frame {seen.frame}",
            None if seen.track is None else f"track {seen.track}",
            None if seen.box is None else "box {} {} {} {}".format(*seen.box),
        )
        return ", ".join(part for part in parts if part is not None)

    def _numbers(self) -> str:
        seen = self.sighting
        if self.shown is not None:
            return f"none, as a {self.shown} was shown"
        needs = "" if seen.threshold is None else f", a mark needs {seen.threshold:.3f}"
        lead = "" if seen.margin is None else f", lead over the second {seen.margin:.3f}"
        return f"{'an unknown score' if seen.score is None else f'{seen.score:.3f}'}{needs}{lead}"

    def _candidate(self, each: Mapping[str, Any]) -> str:
        who = "somebody removed since" if each["name"] is None else f"{each['name']} ({each['id']})"
        score = "" if each["score"] is None else f" {each['score']:.3f}"
        alike = any(each["id"] == other.id for other in self.lookalikes)
        return f"{who}{score}{', remembered as a look-alike' if alike else ''}"

    def _local(self, at: datetime) -> datetime:
        return at.astimezone(ZoneInfo(self.zone))


def in_short(code: str) -> str:
    """A code without its underscores."""
    return code.replace("_", " ")


def _called(person: PersonRef) -> str:
    return f"{person.name} ({person.id})"


def _plain(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3g}"
    return ", ".join(map(str, value)) or "none" if isinstance(value, list) else str(value)
