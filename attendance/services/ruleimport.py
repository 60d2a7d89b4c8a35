"""Rules of a file beside those that are stored: what would be added, changed, or is there already."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from attendance.errors import RuleExists, RuleFile
from attendance.timetable.drafting import Draft, basis, from_day, sound
from attendance.timetable.facts import Entry
from attendance.timetable.wording import told

if TYPE_CHECKING:
    from attendance.timetable.files.proposals import ProposedRule, ProposedRules
    from attendance.timetable.rule import Rule

AHEAD: Final = timedelta(days=2 * 366)
"""How far the days are listed of what no rule can tell."""
MOST_BYTES: Final = 64 << 20
_FROM_ICS: Final = ("begins", "ends", "zone", "first", "recurs", "left_out", "added", "moved")
"""What a calendar file tells of a rule: the rest stays as it is stored."""
NEW: Final = 0
"""The number of an entry that is not stored yet."""
Whom = tuple[str | None, int | None]
"""A group, or a person by the gallery's number, or neither."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """What a file proposes; ``remarks`` say what was decided of it, ``refused`` what cannot be taken over and why."""

    drafts: tuple[Draft, ...]
    remarks: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether nothing would be changed."""
        return not any(each.turns for each in self.drafts)

    def lines(self) -> Iterator[str]:
        """What would be done, one line a rule, then what was decided and what is left out."""
        for each in self.drafts:
            if not each.turns:
                yield f"as it is  {each.entry.name}"
                continue
            day, rule = each.turns[0]
            word = "new     " if each.entry.key == NEW else "changed "
            yield f"{word}  {each.entry.name}, from {day}: {'ended' if rule is None else told(rule)}"
        yield from (f"note: {each}" for each in self.remarks)
        yield from (f"left out: {each}" for each in self.refused)


def read(file: Path, site_zone: str, today: date) -> "ProposedRules":
    """The rules of a calendar (.ics) or a table (.csv). Raises RuleFile, ReportsMissing."""
    data = read_bytes(file, RuleFile)
    if _is_calendar(file):
        from attendance.timetable.files.ics_in import read_rules as read_calendar

        return read_calendar(data, file.name, site_zone, last=today + AHEAD)
    if file.suffix.lower() == ".csv":
        from attendance.timetable.files.csv_in import read_rules as read_table

        return read_table(data, file.name, site_zone)
    raise RuleFile(str(file), "a name that ends in .ics or .csv was expected")


def read_bytes(file: Path, error: Callable[[str, str], Exception]) -> bytes:
    """A whole file of a reasonable size; else raises the error given."""
    try:
        if not file.is_file():
            raise error(str(file), "this is a folder" if file.is_dir() else "there is no such file")
        with file.open("rb") as opened:
            data = opened.read(MOST_BYTES + 1)
    except (OSError, ValueError) as problem:
        raise error(str(file), f"it cannot be read: {getattr(problem, 'strerror', None) or problem}") from problem
    if len(data) > MOST_BYTES:
        raise error(str(file), f"it has more than {MOST_BYTES >> 20} MiB")
    return data


def incoming(
    file: Path,
    found: "ProposedRules",
    stored: Sequence[Entry],
    first: date,
    whom: "Callable[[ProposedRule], Whom | None]",
) -> Incoming:
    """What a file proposes beside what is stored, from a day on; ``whom`` is None where nobody says.

    Raises RuleExists where a rule of the name is stored for somebody else, RuleInvalid where what stays does not fit.
    """
    by_name = {each.name: each for each in stored}
    drafts = [_draft(each, by_name.get(each.name), first, whom(each), _is_calendar(file)) for each in found.rules]
    remarks = [f"{each.name}: {each.remark}" for each in found.rules if each.remark]
    remarks += [f"{name}: no rule, passed over" for name in found.passed_over]
    return Incoming(tuple(drafts), tuple(remarks), tuple(each.detail for each in found.refused))


def _draft(found: "ProposedRule", stored: Entry | None, first: date, whom: Whom | None, some_parts: bool) -> Draft:
    if stored is None:
        group, person = whom or (None, None)
        return from_day(Entry(NEW, found.name, group, person, ()), first, found.rule)
    if whom is not None and whom != (stored.group, stored.person):
        raise RuleExists(found.name, "there is a rule of this name already, and it is for others")
    rule = _kept(basis(stored, first), found.rule) if some_parts else found.rule
    return sound(from_day(stored, first, rule))


def _kept(stored: "Rule | None", found: "Rule") -> "Rule":
    """The rule of a calendar file with what such a file does not tell as it is stored."""
    return found if stored is None else replace(stored, **{name: getattr(found, name) for name in _FROM_ICS})


def _is_calendar(file: Path) -> bool:
    return file.suffix.lower() in {".ics", ".ical", ".ifb", ".icalendar"}
