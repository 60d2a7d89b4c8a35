"""One person's data as files to hand over: readable without this program, and naming nobody else."""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from attendance.errors import ReportsMissing
from attendance.records import instant
from attendance.register.cues import KEPT
from attendance.register.marks import info_of
from attendance.register.others import ANOTHER, Others
from attendance.register.personreadme import NO_SUMMARY, README, SUMMARY
from attendance.register.report import BYTE_ORDER_MARK, csv_text
from attendance.zones import zone
from gallery.repositories.events import NAMING, OF_PEOPLE
from gallery.repositories.marks import awaits
from gallery.values import Named

if TYPE_CHECKING:
    from gallery.portability import Everything
    from gallery.privacyvalues import ConsentForm, ConsentWord
    from gallery.repositories.arrivals import Arrival
    from gallery.servicevalues import Credential, News
    from gallery.timetablevalues import MembershipWord, StoredExcuse, StoredRule, StoredVersion, Withdrawn
    from gallery.values import (
        Approval,
        Correction,
        Event,
        OpenedTemplate,
        ScoredKey,
        Sighting,
        StoredMark,
        StoredSession,
    )

THIS: Final = "this person"
GUARDIAN: Final = "a guardian"
MARK_COLUMNS: Final = (
    *("session", "day", "at", "zone", "time_known", "how", "direction", "entered", "by"),
    *("counts", "voided", "void_reason", "voided_by", "note", "mark", "waits", "approved", "approved_by"),
)
_SUFFIXES: Final = {b"\xff\xd8": "jpg", b"\x89P": "png", b"RI": "webp"}
_VECTOR: Final = (
    "A template is what the face was measured to be: a row of numbers by which this program compares faces. 'vector' "
    "is that row, as base64 of 32-bit floating-point numbers (float32), lowest byte first; 'cohort_mean' is how alike "
    "it is to faces in general. The numbers mean something to programs with the same 'pipeline' alone."
)
_DAMAGED: Final = "This does not open any more, so that it cannot be handed over."


@dataclass(frozen=True)
class PersonFile:
    """What is kept of one person, as files by name.

    ``zone`` is the site's IANA zone, for times that belong to no session; ``by`` is who hands the data over; ``says``
    is what each action of the log is called on the pages for people.
    """

    found: "Everything"
    now: datetime
    zone: str
    by: str
    says: Mapping[str, str] = field(default_factory=dict)

    def files(self) -> dict[str, bytes]:
        """The files, each by its name in the archive."""
        pictures = dict(self._pictures())
        marks = [self._mark(each) for each in self.found.marks]
        documents: dict[str, Any] = {
            "person.json": self._person(),
            "templates.json": {"about": _VECTOR, "templates": [self._template(each) for each in self.found.templates]},
            "marks.json": marks,
            "excuses.json": [self._excuse(each) for each in self.found.excuses],
            "timetable.json": [self._rule(each) for each in self.found.rules],
            "sightings.json": self._sightings(),
            "news.json": [self._news(each) for each in self.found.news],
            "consent.json": self._consent(),
            "events.json": [self._event(each) for each in self.found.events],
        }
        cells = [_cells(each) for each in marks]
        summary = self._summary(documents)
        return {
            "README.txt": self._readme(summary=summary is not None).encode(),
            **({} if summary is None else {"summary.pdf": summary}),
            **{name: _json(value) for name, value in documents.items()},
            "marks.csv": (BYTE_ORDER_MARK + csv_text(MARK_COLUMNS, cells)).encode(),
            **pictures,
        }

    def _summary(self, documents: dict[str, Any]) -> bytes | None:
        """Pages for people who read no JSON, or None where the library that prints is not installed."""
        from attendance.register.personsummary import summary

        try:
            return summary(documents, self.now, self.zone, self.says)
        except ReportsMissing:
            return None

    @cached_property
    def _others(self) -> Others:
        who = self.found.person
        givers = {each.giver for each in self.found.privacy.words if each.giver and each.giver != who.name}
        return Others(Named(who.external_id, who.name), [*self.found.others, *(Named("", each) for each in givers)])

    # Person and templates

    def _person(self) -> dict[str, Any]:
        who = self.found.person
        return {
            "name": who.name,
            "id": who.external_id,
            "internal_ids": sorted(self.found.keys),
            "note": self._others.left_out(who.note),
            "groups": self._others.left_out_of(who.groups),
            "enrolled": self._site(who.created),
            "active": who.active,
            "periods": self._periods(),
            "memberships": [self._membership(each) for each in self.found.words],
            "other_ids": [
                self._others.left_out_of({"system": each, "id": id_}) for each, id_ in self.found.foreign_ids
            ],
            "credentials": [self._credential(each) for each in self.found.credentials],
            "lookalikes": _people(self.found.lookalikes),
            "sites": list(self.found.sites),
            "arrivals": [self._late(each) for each in self.found.arrivals],
            "answers": f"{_count(self.found.answers, 'answer')} to programs",
        }

    def _late(self, each: "Arrival") -> dict[str, Any]:
        """What a site said of them late, and was not taken or not needed."""
        told = {"kind": each.kind, "site": each.site, "outcome": each.outcome, "why": each.details.get("why")}
        return {"at": self._site(each.at), "entered": self._site(each.entered), **told}

    def _periods(self) -> list[dict[str, Any]]:
        """From when to when the person was active or not, the last one without an end."""
        changes = [(self.found.person.created, True), *self.found.standing.spells]
        ends = [*(at for at, _ in changes[1:]), None]
        return [
            {"active": active, "from": self._site(begin), "to": None if end is None else self._site(end)}
            for (begin, active), end in zip(changes, ends, strict=True)
            if begin != end
        ]

    def _membership(self, each: "MembershipWord") -> dict[str, Any]:
        return {
            "group": self._others.left_out(each.group),
            "member": each.member,
            "from": each.from_day.isoformat(),
            "entered": self._site(each.entered),
            "by": each.by,
        }

    def _credential(self, each: "Credential") -> dict[str, Any]:
        """What kind it is and since when: what lets somebody in is not handed over with the rest."""
        return {"kind": each.kind, "made": self._site(each.created), "by": each.by}

    def _template(self, each: "OpenedTemplate") -> dict[str, Any]:
        info, vector = each.template, each.vector
        return {
            "template": info.id,
            "made": self._site(info.created),
            "photo": self._others.left_out(info.source),
            "photo_sha256": info.source_sha256,
            "quality": dict(info.quality),
            "pipeline": info.pipeline_id,
            "vector": None if vector is None else base64.b64encode(vector.astype("<f4").tobytes()).decode("ascii"),
            "numbers": None if vector is None else len(vector),
            "cohort_mean": each.cohort_mean,
            "picture": None if each.crop is None else _name("photos", "template", info.id, each.crop.picture),
            "landmarks": None if each.crop is None else _points(each.crop.landmarks),
            "damaged": _DAMAGED if each.damaged else None,
        }

    def _pictures(self) -> Iterator[tuple[str, bytes]]:
        for each in self.found.templates:
            if each.crop is not None:
                yield _name("photos", "template", each.template.id, each.crop.picture), each.crop.picture
        for number, face in self.found.faces.items():
            if face is not None:
                yield _name("faces", "sighting", number, face), face

    # Marks and sightings

    def _mark(self, each: "StoredMark") -> dict[str, Any]:
        session, void = self.found.sessions.get(each.session), each.voided
        approval = self.found.approvals.get(each.id)
        waits = awaits(each.details) and approval is None
        return {
            **self._session(session),
            "at": self._at(each.at, session) if each.time_is_known else None,
            "time_known": each.time_is_known,
            "how": info_of(each).how,
            "direction": each.direction,
            "entered": self._at(each.entered, session),
            "by": each.by,
            "counts": void is None and not waits and (approval is None or approval.granted),
            "voided": None if void is None else self._at(void.at, session),
            "void_reason": None if void is None else self._others.left_out(void.reason),
            "voided_by": None if void is None else void.by,
            "mark": each.id,
            "sighting": each.sighting,
            "details": self._others.left_out_of(dict(each.details)),
            "corrections": [self._correction(said, session) for said in self.found.corrections if said.mark == each.id],
            "waits": waits,
            "approval": None if approval is None else self._approval(approval),
        }

    def _approval(self, each: "Approval") -> dict[str, Any]:
        return {"granted": each.granted, **self._said(each)}

    def _said(self, each: "Approval | Withdrawn") -> dict[str, Any]:
        return {"at": self._site(each.at), "by": each.by, "reason": self._others.left_out(each.reason)}

    def _session(self, session: "StoredSession | None") -> dict[str, Any]:
        if session is None:
            return {"session": None, "day": None, "zone": self.zone}
        day = session.day or session.opens.astimezone(zone(session.zone)).date()
        return {"session": self._others.left_out(session.name), "day": day.isoformat(), "zone": session.zone}

    def _correction(self, said: "Correction", session: "StoredSession | None") -> dict[str, Any]:
        return {
            "what": said.kind,
            "at": self._at(said.at, session),
            "by": said.by,
            "reason": self._others.left_out(said.reason),
            "to": self._who(said.person),
        }

    def _sightings(self) -> dict[str, Any]:
        others = f"{_count(self.found.compared, 'other face')} had this person among the people they are most alike"
        return {"sightings": [self._sighting(each) for each in self.found.sightings], "others": others}

    def _sighting(self, each: "Sighting") -> dict[str, Any]:
        session = None if each.session is None else self.found.sessions.get(each.session)
        place = None if each.place is None else self.found.places.get(each.place)
        face = None if each.id is None else self.found.faces.get(each.id)
        kept = each.id in self.found.faces
        return {
            "sighting": each.id,
            **self._session(session),
            "at": self._at(each.at, session),
            "place": None if place is None else self._others.left_out(place.name),
            "site": None if place is None or place.site is None else self._others.left_out(place.site),
            "means": each.means,
            "source": self._others.left_out(each.source),
            "frame": each.frame,
            "track": each.track,
            "box": None if each.box is None else list(each.box),
            "ruling": each.ruling,
            "person": self._who(each.person),
            "reasons": list(each.reasons),
            "score": each.score,
            "cosine": each.cosine,
            "threshold": each.threshold,
            "margin": each.margin,
            "target_fpir": each.target_fpir,
            "gallery_size": each.gallery_size,
            "candidates": [self._candidate(one) for one in each.candidates],
            "quality": dict(each.quality),
            "liveness": each.judged.get(KEPT),
            "pipeline": each.pipeline,
            "corrections": [self._correction(s, session) for s in self.found.corrections if s.sighting == each.id],
            "picture": None if face is None else _name("faces", "sighting", each.id, face),
            "damaged": _DAMAGED if kept and face is None else None,
        }

    def _candidate(self, each: "ScoredKey") -> dict[str, Any]:
        return {"person": self._who(each.key) or ANOTHER, "score": each.score, "cosine": each.cosine}

    def _who(self, key: Any) -> str | None:
        if key is None:
            return None
        return THIS if key in self.found.keys else ANOTHER

    # Excuses and the timetable

    def _excuse(self, each: "StoredExcuse") -> dict[str, Any]:
        return {
            "excuse": each.id,
            "begins": self._site(each.begins),
            "ends": self._site(each.ends),
            "reason": self._others.left_out(each.reason),
            "document_sha256": each.document,
            "entered": self._site(each.entered),
            "by": each.by,
            "counts": each.counts,
            "waits": each.pending,
            "approval": None if each.approval is None else self._approval(each.approval),
            "withdrawn": None if each.withdrawn is None else self._said(each.withdrawn),
        }

    def _rule(self, each: "StoredRule") -> dict[str, Any]:
        return {
            "rule": each.id,
            "name": self._others.left_out(each.name),
            "created": self._site(each.created),
            "versions": [self._version(said) for said in each.versions],
        }

    def _version(self, each: "StoredVersion") -> dict[str, Any]:
        return {
            "from": each.from_day.isoformat(),
            "says": None if each.spec is None else self._others.left_out_of(dict(each.spec)),
            "entered": self._site(each.entered),
            "by": each.by,
            "reason": self._others.left_out(each.reason),
        }

    # What they agreed to, and what must be kept

    def _consent(self) -> dict[str, Any]:
        """Words, forms, holds and erasures; of who answered for them only that it was a guardian."""
        kept = self.found.privacy
        return {
            "words": [self._word(each) for each in kept.words],
            "forms": [self._form(each) for each in kept.forms],
            "texts": [
                {"version": each.version, "language": each.language, "sha256": each.sha256, "text": each.body}
                for each in kept.texts.values()
            ],
            "holds": [
                {
                    "of": "everybody" if each.person is None else THIS,
                    "from": self._site(each.begun),
                    "to": None if each.lifted is None else self._site(each.lifted),
                }
                for each in kept.holds
            ],
            "erased": [{"what": each.what, "at": self._site(each.at)} for each in kept.erasures],
        }

    def _text(self, number: int | None) -> dict[str, str] | None:
        """Which text somebody was asked by."""
        text = None if number is None else self.found.privacy.texts.get(number)
        return None if text is None else {"version": text.version, "language": text.language, "sha256": text.sha256}

    def _word(self, each: "ConsentWord") -> dict[str, Any]:
        return {
            "purpose": each.purpose,
            "granted": each.granted,
            "basis": each.basis,
            "text": self._text(each.text),
            "given_by": _answering(each.given_by),
            "how": each.method,
            "paper_sha256": each.document_sha256,
            "at": self._site(each.at),
            "until": None if each.until is None else self._site(each.until),
            "entered": self._site(each.entered),
            "by": self._others.left_out(each.by),
            "reason": self._others.left_out(each.reason),
        }

    def _form(self, each: "ConsentForm") -> dict[str, Any]:
        """What was handed out; its code is known to nobody but whoever holds the paper."""
        return {
            "purposes": list(each.purposes),
            "text": self._text(each.text),
            "answers": _answering(each.given_by),
            "made": self._site(each.created),
            "by": each.by,
            "ends": self._site(each.ends),
            "used": None if each.used is None else self._site(each.used),
            "revoked": None if each.revoked is None else self._site(each.revoked),
        }

    # What was told, and what was done

    def _news(self, each: "News") -> dict[str, Any]:
        place = None if each.place is None else self.found.places.get(each.place)
        return {
            "at": self._site(each.at),
            "what": each.kind,
            "about": THIS if each.kind.partition(".")[0] in OF_PEOPLE else each.subject,
            "place": None if place is None else self._others.left_out(place.name),
        }

    def _event(self, each: "Event") -> dict[str, Any]:
        kind = each.action.partition(".")[0]
        about = self._about(kind, each.subject)
        details = {name: self._who(value) if name in NAMING else value for name, value in each.details.items()}
        return {"at": self._site(each.at), "by": each.by, "what": each.action, "about": about, "details": details}

    def _about(self, kind: str, subject: str) -> str | None:
        """Whom or what an entry is about; a look names what was looked at by itself."""
        if kind in OF_PEOPLE:
            return self._who(int(subject))
        return subject if kind == "evidence" else f"{kind} {subject}"

    # Times

    def _at(self, moment: datetime, session: "StoredSession | None") -> str:
        """The instant on the clock of the session's zone, with its offset."""
        return _local(moment, self.zone if session is None else session.zone)

    def _site(self, moment: datetime) -> str:
        return _local(moment, self.zone)

    # In plain words

    def _readme(self, *, summary: bool) -> str:
        found, who = self.found, self.found.person
        moments = [who.created, *(each.at for each in found.marks), *(each.at for each in found.sightings)]
        moments += [*(each.at for each in found.events), *(each.entered for each in found.excuses)]
        return README.format(
            name=who.name,
            id=who.external_id,
            line="=" * len(f"What is kept of {who.name} ({who.external_id})"),
            another=ANOTHER,
            now=_local(self.now, self.zone),
            utc=instant(self.now),
            by=self.by,
            zone=self.zone,
            begin=_local(min(moments), self.zone),
            end=_local(max(moments), self.zone),
            templates=len(found.templates),
            photos=sum(each.crop is not None for each in found.templates),
            marks=len(found.marks),
            excuses=len(found.excuses),
            rules=len(found.rules),
            sightings=len(found.sightings),
            faces=sum(face is not None for face in found.faces.values()),
            news=len(found.news),
            events=len(found.events),
            consents=len(found.privacy.words),
            summary=SUMMARY if summary else NO_SUMMARY,
        )


def _cells(mark: dict[str, Any]) -> dict[str, Any]:
    """A mark as a row of a table."""
    approval = mark["approval"] or {}
    return {
        **mark,
        "note": mark["details"].get("note"),
        "approved": approval.get("granted"),
        "approved_by": approval.get("by"),
    }


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, allow_nan=False, indent=1) + "\n").encode()


def _local(moment: datetime, zone_name: str) -> str:
    return moment.astimezone(zone(zone_name)).isoformat(timespec="milliseconds")


def _name(folder: str, what: str, number: int | None, picture: bytes) -> str:
    return f"{folder}/{what}-{number}.{_SUFFIXES.get(picture[:2], 'bin')}"


def _points(landmarks: "np.ndarray[Any, Any] | None") -> list[list[float]] | None:
    return None if landmarks is None else np.round(landmarks.astype(np.float64), 3).tolist()


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _answering(given_by: str) -> str:
    """Who answers; a guardian is another person, and is not named."""
    return GUARDIAN if given_by == "guardian" else THIS


def _people(number: int) -> str:
    return f"{number} other {'person' if number == 1 else 'people'}"
