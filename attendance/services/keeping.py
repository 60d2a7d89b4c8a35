"""How many backups are kept: rules such as "7d,4w,12m", the newest of so many days, weeks, months or years each."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final, Self

from attendance.privacy_errors import BackupKeep
from refusal import counted

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_RULE: Final = re.compile(r"([1-9]\d{0,3})([dwmy])")
_WORDS: Final = {"d": "day", "w": "week", "m": "month", "y": "year"}
_WEEK, _YEAR = 7, 12


@dataclass(frozen=True, slots=True)
class Keep:
    """Rules: of the last so many days, weeks (from Monday), months or years that have a backup, the newest of each."""

    rules: tuple[tuple[str, int], ...]

    @classmethod
    def parse(cls, text: str, where: str = "backup_keep") -> Self:
        """From text such as "7d,4w,12m,2y"; raises BackupKeep, which names ``where`` it stands."""
        found: dict[str, int] = {}
        for part in text.lower().split(","):
            match = _RULE.fullmatch(part.strip())
            if match is None or match[2] in found:
                raise BackupKeep(where, f"{part.strip()!r} in {text!r} is no rule of its own, such as 7d")
            found[match[2]] = int(match[1])
        return cls(tuple(found.items()))

    @property
    def says(self) -> str:
        """The rules in words, such as "7 days, 4 weeks"."""
        return ", ".join(counted(count, _WORDS[unit]) for unit, count in self.rules)

    def kept(self, times: Collection[datetime], zone: "ZoneInfo") -> set[datetime]:
        """Which of these instants (aware) some rule keeps; the newest is always one of them. Days are of ``zone``."""
        found = {max(times)} if times else set[datetime]()
        for unit, count in self.rules:
            newest: dict[int, datetime] = {}
            for at in sorted(times):
                newest[_span(unit, at.astimezone(zone).date())] = at
            found |= {newest[span] for span in sorted(newest)[-count:]}
        return found

    def until(self, at: datetime, times: Collection[datetime], today: date, zone: "ZoneInfo") -> date:
        """The first day on which no rule keeps it, if from now on one is written every day; else it is kept longer."""
        least = today + timedelta(days=1) if at == max(times) else today
        return max([least, *self._ends(at, times, today, zone)])

    def _ends(self, at: datetime, times: Collection[datetime], today: date, zone: "ZoneInfo") -> Iterator[date]:
        day = at.astimezone(zone).date()
        for unit, count in self.rules:
            own = _span(unit, day)
            rivals = [each for each in times if _span(unit, each.astimezone(zone).date()) == own]
            lasts = _first_day(unit, own + 1) > today + timedelta(days=1)
            if at == max(rivals) and not lasts:  # else one of tomorrow takes its place
                yield _first_day(unit, own + count)


def _span(unit: str, day: date) -> int:
    """The number of the day, week, month or year."""
    if unit == "d":
        return day.toordinal()
    if unit == "w":
        return (day.toordinal() - 1) // _WEEK
    return day.year * _YEAR + day.month - 1 if unit == "m" else day.year


def _first_day(unit: str, span: int) -> date:
    try:
        if unit == "d":
            return date.fromordinal(span)
        if unit == "w":
            return date.fromordinal(span * _WEEK + 1)
        return date(span // _YEAR, span % _YEAR + 1, 1) if unit == "m" else date(span, 1, 1)
    except (ValueError, OverflowError):
        return date.max
