"""The proof of a day for people: the same document as sections of sentences, as text and as a page."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from attendance.records import instant
from attendance.register.cues import KEPT, RULINGS
from attendance.register.pdf import SMALL, Head, Pages
from attendance.register.proof import Made
from attendance.register.reportfile import TEXT_HEAD
from attendance.register.reportform import Paper

Section = tuple[str, Sequence[str]]
_CHECK: Final = (
    "This is the SHA-256 of the document as JSON with sorted keys, without spaces, in UTF-8. The .json form of this "
    "proof holds that document, so that anybody can compute it again."
)
_DIRECTIONS: Final = {"in": "in", "out": "out", None: "no direction"}
_KINDS: Final = {"closed": "Closed", "open": "Open all the same", "term": "In term"}


def sections(document: Mapping[str, Any]) -> list[Section]:
    """What the document says, under headings; times on the wall of its zone."""
    told = _Sentences(document)
    return [
        ("What became of the day", list(told.occurrences())),
        ("Marks", list(told.marks()) or ["There is no mark of this day."]),
        ("Excuses", list(told.excuses()) or ["There is no excuse for this day."]),
        ("Who looked", list(told.coverage()) or ["Nobody looked on this day: no camera, device or person."]),
        ("Rules that held", list(told.rules()) or ["No rule of the timetable held for this person on this day."]),
        ("Calendar and month", [*told.calendar(), told.month()]),
    ]


def title(document: Mapping[str, Any]) -> str:
    """Whose day it is."""
    person = document["person"]
    return f"Proof of a day: {person['name']} ({person['id']}), {document['day']}"


def to_text(made: Made) -> str:
    """As plain text."""
    document = made.document
    site = [document["site"]] if document["site"] else []
    lines = [f"{TEXT_HEAD}{instant(made.at)}", *site, title(document), *_about(made)]
    for heading, sentences in sections(document):
        lines += ["", heading, *(f"  {' '.join(each.split())}" for each in sentences)]
    lines += ["", f"SHA-256 {made.sha256}", f"  {_CHECK}"]
    return "".join(f"{line}\n" for line in lines)


def to_pdf(made: Made, paper: Paper) -> bytes:
    """As a page to print and sign. Raises ReportsMissing."""
    document = made.document
    pages = Pages(Head(title(document), document["site"], document["zone"], made.at), paper)
    pages.title(title(document))
    for each in _about(made):
        pages.text(each, SMALL)
    for heading, sentences in sections(document):
        pages.heading(heading)
        for each in sentences:
            pages.text(each, SMALL)
    pages.heading("Digest")
    pages.text(made.sha256)
    pages.text(_CHECK, SMALL)
    pages.signature()
    return pages.made()


def _about(made: Made) -> list[str]:
    document = made.document
    groups = ", ".join(document["groups"]) or "none"
    program = document["program"]
    return [
        f"Groups on that day: {groups}. Times are those of {document['zone']}.",
        f"Made {instant(made.at)} by {made.by}; database schema {program['database']}.",
        f"Templates of {program['pipeline']}.",
    ]


class _Sentences:
    """Says each part of the document in words."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._zone = ZoneInfo(document["zone"])

    def occurrences(self) -> Iterator[str]:
        closed = self._document["closed"]
        if closed:
            yield f"The day is closed: {closed}."
        if not self._document["occurrences"]:
            yield "Nothing takes place for this person on this day."
        for each in self._document["occurrences"]:
            yield from self._occurrence(each)

    def _occurrence(self, each: Mapping[str, Any]) -> Iterator[str]:
        parts = [f"{each['entry']}, {self._span(each)}: {each['status'].upper()}"]
        if each["arrived"]:
            parts.append(f"arrived {self._time(each['arrived'])}")
        if each["left"]:
            parts.append(f"left {self._time(each['left'])}")
        if each["late_s"]:
            parts.append(f"{_duration(each['late_s'])} after the beginning")
        if each["early_s"]:
            parts.append(f"{_duration(each['early_s'])} before the end")
        if each["worked_s"] is not None:
            parts.append(f"worked {_duration(each['worked_s'])} of {_duration(each['planned_s'])}")
        rests = f" Rests on {_marks(each['marks'])}." if each["marks"] else ""
        yield f"{'; '.join(parts)}.{rests}"
        for reason in each["reasons"]:
            yield f"  {reason['words']} ({reason['code']})"

    def marks(self) -> Iterator[str]:
        for each in self._document["marks"]:
            at = self._moment(each["at"]) if each["at"] else "at a time that is not known"
            counts = "counts" if each["counts"] else "does not count"
            parts = [f"{at}: {each['method']}, {_DIRECTIONS[each['direction']]}, {counts}", *self._where(each)]
            parts.append(f"entered {self._moment(each['entered'])} by {each['by']}; mark {each['mark']}")
            if each["note"]:
                parts.append(f"note: {each['note']}")
            yield f"{'; '.join(parts)}."
            yield from self._said_of(each)

    def _where(self, each: Mapping[str, Any]) -> Iterator[str]:
        seen = each["seen"]
        if seen is None:
            return
        yield f"seen by {seen['means']} {seen['place'] or seen['source']}"
        if seen["score"] is not None:
            yield (
                f"score {_number(seen['score'])}, needed {_number(seen['threshold'])} for a share of at most "
                f"{_percent(seen['target_fpir'])} of strangers among {seen['gallery_size']} people"
            )
        lead = "nobody else to compare with" if seen["margin"] is None else f"lead {_number(seen['margin'])}"
        yield f"{lead}; encoder {seen['encoder']}"
        if seen.get(KEPT) is not None:
            yield f"a living face: {RULINGS[seen[KEPT]]}".rstrip(".")

    def _said_of(self, each: Mapping[str, Any]) -> Iterator[str]:
        for said in each["corrections"]:
            yield f"  {said['kind']} {self._moment(said['at'])} by {said['by']}: {said['reason'] or 'no reason given'}"
        yield from self._approval(each)

    def _approval(self, each: Mapping[str, Any]) -> Iterator[str]:
        if each["awaits_approval"]:
            yield "  awaits the approval of a second person, and does not count until then"
        if each["approval"]:
            said = each["approval"]
            word = "approved" if said["granted"] else "refused"
            yield f"  {word} {self._moment(said['at'])} by {said['by']}: {said['reason'] or 'no reason given'}"

    def excuses(self) -> Iterator[str]:
        for each in self._document["excuses"]:
            counts = "counts" if each["counts"] else "does not count"
            told = f"Excuse {each['excuse']}, {self._moment(each['begins'])} to {self._moment(each['ends'])}, {counts}"
            paper = f" Document with SHA-256 {each['document_sha256']}." if each["document_sha256"] else ""
            entered = f"entered {self._moment(each['entered'])} by {each['by']}"
            yield f"{told}: {each['reason'] or 'no reason given'}; {entered}.{paper}"
            yield from self._approval(each)
            if each["withdrawn"]:
                gone = each["withdrawn"]
                yield f"  withdrawn {self._moment(gone['at'])} by {gone['by']}: {gone['reason'] or 'no reason given'}"

    def coverage(self) -> Iterator[str]:
        for each in self._document["coverage"]:
            at = self._moment(each["begins"])
            span = at if each["begins"] == each["ends"] else f"{at} to {self._moment(each['ends'])}"
            whom = "everybody" if each["group"] is None else f"group {each['group']}"
            why = f": {each['reason']}" if each["reason"] else ""
            yield f"{each['kind']} {each['source']}, {span}, for {whom}, entered by {each['by']}{why}."

    def rules(self) -> Iterator[str]:
        told: dict[int, tuple[str, Mapping[str, Any]]] = {}
        for each in self._document["occurrences"]:
            told.setdefault(each["rule"]["version"], (each["entry"], each["rule"]))
        for entry, rule in told.values():
            entered = f", entered {self._moment(rule['entered'])} by {rule['by']}" if rule["entered"] else ""
            since = f" from {rule['from_day']} on" if rule["from_day"] else ""
            why = f" ({rule['reason']})" if rule["reason"] else ""
            yield f"{entry}: {rule['words']}. Version {rule['version']}, digest {rule['digest']}{since}{entered}{why}."

    def calendar(self) -> Iterator[str]:
        for each in self._document["calendar"]:
            whom = "" if each["group"] is None else f" for group {each['group']}"
            days = f"{each['first']} to {each['last']}"
            yield f"{_KINDS[each['kind']]}{whom}: {each['name']}, {days}, from {each['source']}."

    def month(self) -> str:
        month = self._document["month"]
        if "at" not in month:
            return f"{month['month']} has not been closed."
        word = "is closed" if month["closed"] else "was opened again"
        digest_of = f"; digest of its statuses {month['digest']}" if month["digest"] else ""
        return f"{month['month']} {word} since {self._moment(month['at'])} by {month['by']}{digest_of}."

    def _moment(self, text: str) -> str:
        return f"{datetime.fromisoformat(text).astimezone(self._zone):%Y-%m-%d %H:%M:%S}"

    def _time(self, text: str) -> str:
        at = datetime.fromisoformat(text).astimezone(self._zone)
        same = at.date().isoformat() == self._document["day"]
        return f"{at:%H:%M:%S}" if same else f"{at:%Y-%m-%d %H:%M:%S}"

    def _span(self, each: Mapping[str, Any]) -> str:
        return f"{self._time(each['begins'])[:-3]} to {self._time(each['ends'])[:-3]}"


def _marks(ids: Sequence[str]) -> str:
    return f"{'mark' if len(ids) == 1 else 'marks'} {', '.join(ids)}"


def _duration(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    told = [(hours, "h"), (minutes, "min"), (rest, "s")]
    return " ".join(f"{number} {unit}" for number, unit in told if number) or "0 min"


def _number(value: float | None) -> str:
    return "not told" if value is None else f"{value:.3f}"


def _percent(value: float | None) -> str:
    return "an unknown" if value is None else f"{100 * value:g}%"
