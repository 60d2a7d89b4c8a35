"""Attendance as a picture: people down and days across, a coloured cell with a sign for each day.

Many people are shown by group, with the rate of each day. What is drawn is a list of shapes; `svg` and `heatpicture`
make a file of them. Colours are told apart by colour-blind people (after Okabe and Ito), and never needed: the signs
say the same.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Protocol

from attendance.errors import OutputFailed
from attendance.register.quota import Total, group_names, totals_by_day
from attendance.register.statusreport import MARKS, StatusReport, utc_text
from attendance.timetable.attended import Attended, Status

MOST_PEOPLE: Final = 60
"""More than a page shows so that one can read it: they are shown by group."""
MOST_DAYS: Final = 371
_WEEKS: Final = 13
"""Weeks across; a longer span goes on underneath."""
_EDGE, _ROW, _CELL, _WIDE, _GAP, _NAMES = 18, 19, 19, 26, 5, 230
_TEXT, _SMALL, _TITLE = 11, 9.5, 16
BLACK, GREY, PALE, WHITE, DIM = "#1A1A1A", "#DADADA", "#F4F4F4", "#FFFFFF", "#555555"
COLOURS: Final[Mapping[Status, tuple[str, str]]] = {
    Status.PRESENT: ("#8CCBEF", BLACK),
    Status.LATE: ("#F0E442", BLACK),
    Status.LEFT_EARLY: ("#E69F00", BLACK),
    Status.PARTIAL: ("#CC79A7", BLACK),
    Status.EXCUSED: ("#4DBB97", BLACK),
    Status.ABSENT: ("#8A2500", WHITE),
    Status.NO_LOG: (WHITE, BLACK),
}
"""The colour of a cell, and of the sign in it."""
_WORST: Final = (Status.ABSENT, Status.PARTIAL, Status.LATE, Status.LEFT_EARLY, Status.NO_LOG, Status.EXCUSED)
_RATES: Final = ((0.95, "#D6EAF8"), (0.9, "#A9D3F0"), (0.8, "#6FB1E0"), (0.6, "#F0E442"), (0.0, "#8A2500"))


@dataclass(frozen=True, slots=True)
class Box:
    """A filled rectangle, in pixels from the upper left; ``line`` is the colour of its border, ``told`` its meaning."""

    x: float
    y: float
    width: float
    height: float
    fill: str
    line: str | None = None
    told: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    """A line of text on its base line; ``anchor`` is which of its points stands at ``x``: start, middle or end."""

    x: float
    y: float
    text: str
    size: float = _TEXT
    fill: str = BLACK
    anchor: str = "start"


Shape = Box | Text


@dataclass(frozen=True)
class Picture:
    """What is drawn: size in pixels, a title for those who cannot see it, and the shapes in their order."""

    width: float
    height: float
    title: str
    shapes: tuple[Shape, ...]


class Measure(Protocol):
    """Tells how wide a text comes out, in pixels."""

    def __call__(self, text: str, size: float) -> float:
        """The width of the text."""


def drawn(report: StatusReport, measure: Measure) -> Picture:
    """The heat map of a report. Raises OutputFailed for more than 53 weeks."""
    if (report.scope.last - report.scope.first).days >= MOST_DAYS:
        raise OutputFailed("plot", "a picture shows at most 53 weeks: give --from and --to nearer to each other")
    by_group = len(report.people()) > MOST_PEOPLE
    return _Layout(report, measure, by_group=by_group).picture()


@dataclass(frozen=True, slots=True)
class _Cell:
    fill: str
    ink: str
    sign: str
    told: str


class _Layout:
    """Places everything, from the top down."""

    def __init__(self, report: StatusReport, measure: Measure, *, by_group: bool) -> None:
        self._report, self._measure, self._by_group = report, measure, by_group
        self._cells = _of_groups(report) if by_group else _of_people(report)
        self._lines = self._line_names()
        self._side = _WIDE if by_group else _CELL
        widest = max((measure(name, _TEXT) for name, _ in self._lines.values()), default=0)
        ids = max((measure(number, _SMALL) for _, number in self._lines.values() if number), default=-8)
        self._names = _EDGE + min(_NAMES, widest)
        self._left = self._names + ids + 16
        self._blocks = list(_blocks(report.scope.first, report.scope.last, _WEEKS * _CELL // self._side))
        self._week = 7 * self._side + _GAP
        longest = max(len(block) for block in self._blocks)
        title = measure(self._title(), _TITLE) + 2 * _EDGE
        self._width = max(self._left + longest * self._week + _EDGE, 560, min(title, 900))
        self._shapes: list[Shape] = []
        self._y = 0.0

    def _line_names(self) -> Mapping[str, tuple[str, str]]:
        """What stands before each line, by its key: a name, and the id of a person."""
        if self._by_group:
            return {name: (name, "") for name in group_names(self._report)}
        return {str(who.key): (who.name, who.id) for who in self._report.people()}

    def _title(self) -> str:
        scope = self._report.scope
        return f"Attendance: {scope.of_whom}, {scope.days}"

    def picture(self) -> Picture:
        self._heading()
        for weeks in self._blocks:
            self._block(weeks)
        self._legend()
        size = (self._width, self._y + _EDGE)
        return Picture(*size, self._title(), (Box(0, 0, *size, WHITE), *self._shapes))

    def _heading(self) -> None:
        scope, room = self._report.scope, self._width - 2 * _EDGE
        self._y = _EDGE + _TITLE
        self._text(_EDGE, self._cut(self._title(), _TITLE, room), _TITLE)
        told = f"{scope.site}; " if scope.site else ""
        self._y += 18
        self._text(
            _EDGE, self._cut(f"{told}time zone {scope.zone}; made {utc_text(scope.now)}", _SMALL, room), _SMALL, DIM
        )
        self._y += 12

    def _block(self, weeks: Sequence[date]) -> None:
        top = self._y + 16
        for at, monday in enumerate(weeks):
            self._y = top
            self._text(self._x(at, 0), f"{monday:%d %b}" + (f" {monday:%Y}" if at == 0 else ""), _SMALL, DIM)
            self._y = top + 14
            for weekday, letter in enumerate("MTWTFSS"):
                if self._within(monday + timedelta(days=weekday)):
                    self._text(self._x(at, weekday) + self._side / 2, letter, _SMALL, DIM, "middle")
        self._y = top + 20
        for key, (name, number) in self._lines.items():
            self._line(weeks, key, name, number)
        self._y += 14

    def _line(self, weeks: Sequence[date], key: str, name: str, number: str) -> None:
        base = self._y + _ROW / 2 + _TEXT * 0.36
        self._shapes.append(Text(self._names, base, self._cut(name, _TEXT, _NAMES), anchor="end"))
        self._shapes.append(Text(self._left - 8, base, number, _SMALL, DIM, "end"))
        for at, monday in enumerate(weeks):
            for weekday in range(7):
                day = monday + timedelta(days=weekday)
                if self._within(day):
                    self._day(self._x(at, weekday), base, day, key, name)
        self._y += _ROW

    def _within(self, day: date) -> bool:
        return self._report.scope.first <= day <= self._report.scope.last

    def _day(self, x: float, base: float, day: date, key: str, name: str) -> None:
        found = self._cells.get((key, day))
        size = (self._side - 1, _ROW - 1)
        if found is None:
            free = day.weekday() > 4 or day in self._report.closed  # noqa: PLR2004 - Saturday, Sunday
            self._shapes.append(Box(x, self._y, *size, GREY if free else PALE))
            return
        line = DIM if found.fill == WHITE else None
        self._shapes.append(Box(x, self._y, *size, found.fill, line, f"{name}, {day:%a} {day}: {found.told}"))
        sized = _SMALL if len(found.sign) > 1 else _TEXT
        self._shapes.append(Text(x + (self._side - 1) / 2, base, found.sign, sized, found.ink, "middle"))

    def _legend(self) -> None:
        self._y += 6
        x: float = _EDGE
        for fill, ink, sign, told in self._keys():
            width = _CELL + 6 + self._measure(told, _TEXT) + 16
            if x > _EDGE and x + width > self._width - _EDGE:
                x, self._y = _EDGE, self._y + _ROW + 5
            self._shapes.append(Box(x, self._y, _CELL - 1, _ROW - 1, fill, DIM if fill == WHITE else None))
            base = self._y + _ROW / 2 + _TEXT * 0.36
            self._shapes.append(Text(x + (_CELL - 1) / 2, base, sign, _TEXT, ink, "middle"))
            self._shapes.append(Text(x + _CELL + 5, base, told))
            x += width
        self._y += _ROW + 6
        for remark in self._remarks():
            for line in self._wrapped(remark):
                self._y += 14
                self._text(_EDGE, line, _SMALL, DIM)

    def _keys(self) -> Iterator[tuple[str, str, str, str]]:
        if self._by_group:
            words = ("95% and more", "from 90%", "from 80%", "from 60%", "less")
            yield from ((fill, _ink(fill), "", told) for (_, fill), told in zip(_RATES, words, strict=True))
            yield WHITE, BLACK, "?", "no log"
        else:
            there = {each.status for each in self._report.rows}
            yield from ((*COLOURS[each], MARKS[each], str(each)) for each in Status if each in there)
        yield GREY, BLACK, "", "weekend or closed"

    def _remarks(self) -> Iterator[str]:
        if self._by_group:
            yield "The number is the day's rate in percent: there / (there + absent), without excused and no log."
        elif any(len(each.sign) > 1 for each in self._cells.values()):
            yield "Of several times a day the least favourable is shown; a number says of how many of them it is true."
        if self._report.closed:
            yield "Closed: " + ", ".join(f"{day:%d %b} {name}" for day, name in sorted(self._report.closed.items()))

    def _x(self, week: int, day: int) -> float:
        return self._left + week * self._week + day * self._side

    def _text(self, x: float, text: str, size: float = _TEXT, fill: str = BLACK, anchor: str = "start") -> None:
        self._shapes.append(Text(x, self._y, text, size, fill, anchor))

    def _cut(self, text: str, size: float, room: float) -> str:
        if self._measure(text, size) <= room:
            return text
        while text and self._measure(f"{text}…", size) > room:
            text = text[:-1]
        return f"{text.rstrip()}…"

    def _wrapped(self, text: str) -> Iterator[str]:
        line = ""
        for word in text.split():
            longer = f"{line} {word}".strip()
            if line and self._measure(longer, _SMALL) > self._width - 2 * _EDGE:
                yield line
                longer = word
            line = longer
        yield line


def _blocks(first: date, last: date, most: int) -> Iterator[list[date]]:
    """The Mondays of the weeks, as many as stand beside each other at a time."""
    monday = first - timedelta(days=first.weekday())
    weeks = [monday + timedelta(weeks=each) for each in range((last - monday).days // 7 + 1)]
    rows = -(-len(weeks) // most)
    size = -(-len(weeks) // rows)
    return (weeks[at : at + size] for at in range(0, len(weeks), size))


def _of_people(report: StatusReport) -> dict[tuple[str, date], _Cell]:
    days: dict[tuple[str, date], list[Attended]] = {}
    for each in report.rows:
        days.setdefault((str(each.person), each.occurrence.day), []).append(each)
    return {key: _of_day([each.status for each in found], found) for key, found in days.items()}


def _of_day(statuses: Sequence[Status], found: Sequence[Attended]) -> _Cell:
    worst = next((each for each in _WORST if each in statuses), Status.PRESENT)
    alike = statuses.count(worst)
    sign = MARKS[worst] if alike == len(statuses) else f"{MARKS[worst]}{alike}"
    told = ", ".join(f"{each.occurrence.name} {each.status}" for each in found)
    return _Cell(*COLOURS[worst], sign, told)


def _of_groups(report: StatusReport) -> dict[tuple[str, date], _Cell]:
    return {key: _of_rate(total) for key, total in totals_by_day(report).items()}


def _of_rate(total: Total) -> _Cell:
    rate = total.rate
    if rate is None:
        excused = total.counts[Status.EXCUSED] == total.expected
        return _Cell(WHITE, BLACK, "E" if excused else "?", "excused" if excused else "no log")
    fill = next(colour for least, colour in _RATES if rate >= least)
    shown = f"{int(100 * rate)}"
    return _Cell(fill, _ink(fill), shown, f"{shown}%, {total.there} of {total.there + total.counts[Status.ABSENT]}")


def _ink(fill: str) -> str:
    return WHITE if fill == COLOURS[Status.ABSENT][0] else BLACK
