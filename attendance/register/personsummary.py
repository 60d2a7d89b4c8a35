"""The copy of one person's data as pages for people: what there is, in sentences and tables, nobody else named."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from attendance.register.pdf import Head, Pages
from refusal import counted

MOST: Final = 500
"""Rows of a table; the rest stands in the other files, and the page says so."""
PURPOSES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "face": "being marked by face",
        "photo": "keeping the picture of the face",
        "unknown": "keeping faces that wait for a look",
    }
)
_HOW: Final = {"page": "on a page", "paper": "on paper", "spoken": "spoken"}
_MEANS: Final = {
    "camera": "face, camera",
    "file": "face, picture",
    "manual": "by hand",
    "pin": "PIN",
    "qr": "QR code",
    "badge": "badge",
}
_RULINGS: Final = {"present": "them", "already": "them, again", "review": "in doubt"}
_BASIS: Final = {"consent": "consent", "contract": "contract", "law": "a law"}
_ABOUT: Final = (
    "This is a copy of what the attendance program keeps of you, or of the person that you asked for, in short. The "
    "files beside it hold the same with all details, and all of it; README.txt explains them. Other people are not "
    "named."
)
_RIGHTS: Final = (
    "You may ask whoever handed you this to correct what is wrong, to erase what is not needed any more, and not to "
    "use your face: then a PIN, a QR code or a badge does the same. You may complain to the authority for data "
    "protection. What applies to you depends on where you are."
)


def summary(documents: Mapping[str, Any], now: datetime, zone: str, says: Mapping[str, str]) -> bytes:
    """The pages, from the contents of the copy's files by their names; ``says`` is what actions are called.

    Raises ReportsMissing.
    """
    person = documents["person.json"]
    pages = Pages(Head(f"What is kept of {person['name']} ({person['id']})", None, zone, now))
    pages.title(f"What is kept of {person['name']} ({person['id']})")
    pages.text(_ABOUT)
    pages.text(_RIGHTS)
    _who(pages, person)
    _face(pages, documents)
    _consent(pages, documents["consent.json"])
    _marks(pages, documents["marks.json"])
    _excuses(pages, documents["excuses.json"])
    _timetable(pages, documents["timetable.json"])
    _sightings(pages, documents["sightings.json"]["sightings"])
    _log(pages, documents["events.json"], says)
    return pages.made()


def _who(pages: Pages, person: Mapping[str, Any]) -> None:
    pages.heading("The person")
    facts = [
        ("Name", person["name"]),
        ("Id", person["id"]),
        ("Note", person["note"] or "none"),
        ("Groups", ", ".join(person["groups"]) or "none"),
        ("Sites", _joined(person["sites"])),
        ("Enrolled", _when(person["enrolled"])),
        ("Active", "yes" if person["active"] else "no"),
        ("Other systems' ids", _joined(f"{each['system']}: {each['id']}" for each in person["other_ids"])),
        ("PIN, QR code, badge", _joined(f"{_WAYS[each['kind']]} since {_when(each['made'])}" for each in
                                        person["credentials"])),
        ("People taken care not to mix up with", person["lookalikes"]),
    ]  # fmt: skip
    pages.table(("What", "Kept"), facts, (30, 70))


_WAYS: Final = {"pin": "PIN", "qr": "QR code", "badge": "badge"}


def _face(pages: Pages, documents: Mapping[str, Any]) -> None:
    pages.heading("The face")
    found = documents["templates.json"]["templates"]
    if not found:
        pages.text("No template of the face is kept: the program cannot recognise this person.")
        return
    pages.text(
        "A template is a row of numbers that a face was measured to be; faces are compared by it. The pictures are in "
        "the folder photos."
    )
    rows = [(_when(each["made"]), each["photo"], _kept(each)) for each in found]
    pages.table(("Made", "From the photo", "Picture kept"), rows, (25, 55, 20))


def _kept(template: Mapping[str, Any]) -> str:
    return "damaged" if template["damaged"] else "no" if template["picture"] is None else "yes"


def _consent(pages: Pages, told: Mapping[str, Any]) -> None:
    pages.heading("Consent")
    if not told["words"]:
        pages.text("Nothing was recorded that this person agreed to or refused.")
    else:
        head = ("When", "What for", "Answer", "By", "How", "Until", "Text")
        pages.table(head, [_word(each) for each in told["words"]], (16, 24, 10, 14, 12, 14, 10))
    _forms(pages, told["forms"])
    for each in told["holds"]:
        over = "is on hold" if each["to"] is None else f"was on hold until {_when(each['to'])}"
        pages.text(f"Erasing {over}, since {_when(each['from'])}.")
    for each in told["erased"]:
        pages.text(f"{'The face' if each['what'] == 'face' else 'Everything'} was erased on {_when(each['at'])}.")


def _word(each: Mapping[str, Any]) -> Sequence[str]:
    return (
        _when(each["at"]),
        PURPOSES.get(each["purpose"], each["purpose"]),
        ("yes" if each["granted"] else "no") + ("" if each["basis"] == "consent" else f" ({_BASIS[each['basis']]})"),
        each["given_by"],
        _HOW.get(each["how"], each["how"]),
        "open" if each["until"] is None else _when(each["until"]),
        "" if each["text"] is None else f"{each['text']['version']} {each['text']['language']}",
    )


def _forms(pages: Pages, forms: Sequence[Mapping[str, Any]]) -> None:
    if forms:
        used = sum(each["used"] is not None for each in forms)
        pages.text(f"{counted(len(forms), 'form was', 'forms were')} handed out; {used} came back.")


def _marks(pages: Pages, marks: Sequence[Mapping[str, Any]]) -> None:
    pages.heading("Marks")
    pages.text("A mark says that this person was there.")
    head = ("Day", "Session", "Time", "How", "Way", "Counts", "Entered by")
    rows = [
        (
            each["day"] or "",
            each["session"] or "",
            "not known" if each["at"] is None else each["at"][11:16],
            _MEANS.get(each["how"], each["how"]),
            each["direction"] or "",
            "yes" if each["counts"] else "waits" if each["waits"] else "no",
            each["by"],
        )
        for each in marks
    ]
    _table(pages, head, rows, (14, 26, 12, 12, 8, 10, 18))


def _excuses(pages: Pages, excuses: Sequence[Mapping[str, Any]]) -> None:
    if excuses:
        pages.heading("Excuses")
        rows = [(_when(each["begins"]), _when(each["ends"]), each["reason"], _yes(each["counts"])) for each in excuses]
        _table(pages, ("From", "To", "Reason", "Counts"), rows, (20, 20, 50, 10))


def _timetable(pages: Pages, rules: Sequence[Mapping[str, Any]]) -> None:
    if rules:
        pages.heading("Times that are for this person alone")
        rows = [(each["name"], _when(each["created"]), str(len(each["versions"]))) for each in rules]
        _table(pages, ("Name", "Entered", "Versions"), rows, (60, 25, 15))


def _sightings(pages: Pages, seen: Sequence[Mapping[str, Any]]) -> None:
    pages.heading("Faces that were taken for this person, or may be them")
    rows = [
        (
            _when(each["at"]),
            each["place"] or each["source"],
            _RULINGS.get(each["ruling"], each["ruling"]),
            "" if each["score"] is None else f"{each['score']:.2f}",
            "" if each["threshold"] is None else f"{each['threshold']:.2f}",
            "yes" if each["picture"] else "no",
        )
        for each in seen
    ]
    _table(pages, ("When", "Where", "Taken for", "Alike", "Asked for", "Picture kept"), rows, (20, 34, 14, 10, 12, 10))


def _log(pages: Pages, events: Sequence[Mapping[str, Any]], says: Mapping[str, str]) -> None:
    pages.heading("What was done with these data, and who looked at them")
    rows = [(_when(each["at"]), each["by"], says.get(each["what"], each["what"])) for each in events]
    _table(pages, ("When", "By the account", "What"), rows, (28, 34, 38))


def _table(pages: Pages, head: Sequence[str], rows: Sequence[Sequence[str]], shares: Sequence[float]) -> None:
    """A table in order; where there are too many rows, the earliest are left to the other files."""
    if not rows:
        pages.text("There is none.")
        return
    if len(rows) > MOST:
        pages.text(f"These are the last {MOST} of {len(rows):,}; all of them are in the other files.")
    pages.table(head, rows[-MOST:], shares)


def _joined(texts: Iterable[str]) -> str:
    return "; ".join(texts) or "none"


def _yes(value: object) -> str:
    return "yes" if value else "no"


def _when(moment: str) -> str:
    """An instant with its offset, as far as the minute."""
    return moment[:16].replace("T", " ")
