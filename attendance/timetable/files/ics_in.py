"""Calendar files (.ics) as rules, and as days off: what Google, Outlook, Apple, Thunderbird and school programs write.

What one rule can tell becomes one, with its exceptions; the rest becomes days one by one, up to a day that the caller
states, and if they are too many it is refused by its name. Events with times are rules, those of whole days are days
off; each reader passes over the other kind and says so.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from typing import Final

from attendance.errors import RuleError, RuleFile, ZoneUnknown
from attendance.timetable.files.ics_expanding import expanded
from attendance.timetable.files.ics_parsing import read_calendars
from attendance.timetable.files.ics_rules import NotOneRule, rule_of
from attendance.timetable.files.ics_series import NotTaken, Series, is_all_day, is_cancelled, series_of
from attendance.timetable.files.proposals import ProposedRule, ProposedRules
from attendance.timetable.rule import Held, Rule
from attendance.timetable.rulechecks import MOST_DAYS, checked

MOST_REFUSED: Final = 100
"""Series that are told one by one; with more of them the file is no timetable."""
MOST_LISTED: Final = 200
"""Series of a file that become days one by one."""


def read_rules(data: bytes, where: str, site_zone: str, *, last: date) -> ProposedRules:
    """The rules of a calendar file.

    ``site_zone`` is where floating times are read, ``last`` the day up to which is listed what no rule can tell.
    Raises RuleFile for a file that cannot be read or has no event with times, ReportsMissing without the libraries.
    """
    found: list[ProposedRule] = []
    refused: list[RuleFile] = []
    passed_over: list[str] = []
    listed = 0
    for series in series_of(read_calendars(data, where, RuleFile), site_zone):
        if _is_no_rule(series):
            passed_over.append(series.name)
            continue
        try:
            found.append(_proposed(series, site_zone, last))
            listed += bool(found[-1].remark) and found[-1].rule.recurs is None
        except (NotTaken, ZoneUnknown) as problem:
            refused.append(RuleFile(where, f"{series.name}: {problem}"))
        except RuleError as problem:
            refused.append(RuleFile(where, f"{series.name}: {problem.detail}"))
        except (ValueError, TypeError, OverflowError) as problem:  # dates at the end of all time, and their like
            refused.append(RuleFile(where, f"{series.name}: it cannot be read: {problem}"))
        _check_effort(refused, listed, where)
    if not found and not refused:
        raise RuleFile(where, "the calendar holds no event with times, only whole days or cancelled ones")
    return ProposedRules(tuple(_named_apart(_merged(found))), tuple(refused), tuple(passed_over))


def _check_effort(refused: list[RuleFile], listed: int, where: str) -> None:
    """Each series that is refused or listed takes a while: a file full of them would keep the reader busy."""
    if len(refused) > MOST_REFUSED:
        raise RuleFile(where, f"more than {MOST_REFUSED} events cannot be rules; the first: {refused[0].detail}")
    if listed > MOST_LISTED:
        raise RuleFile(where, f"more than {MOST_LISTED} series take place in a way that no rule can tell")


def _is_no_rule(series: Series) -> bool:
    """Whether it is of whole days, or cancelled as a whole."""
    if series.master is not None and is_cancelled(series.master):
        return True
    return "DTSTART" in series.head and is_all_day(series.head)


def _proposed(series: Series, site_zone: str, last: date) -> ProposedRule:
    try:
        rule = rule_of(series)
        in_utc = rule.recurs is not None and rule.zone == "UTC" != site_zone
        remark = "comes again in UTC, so its time on the wall changes with summer time" if in_utc else ""
    except NotOneRule as why:
        rule = expanded(series, str(why), last)
        remark = f"{why}: taken over as {1 + len(rule.added)} single days up to {last}"
    return ProposedRule(series.name, checked(rule, series.name), remark)


def _merged(rules: Iterable[ProposedRule]) -> Iterator[ProposedRule]:
    """Single events of one name become one rule: some programs write every lesson of a year as its own event."""
    singles: dict[tuple[str, str], list[Rule]] = {}
    several: list[ProposedRule] = []
    for each in rules:
        if each.rule.recurs is None and not each.remark:
            singles.setdefault((each.name, each.rule.zone), []).append(each.rule)
        else:
            several.append(each)
    for (name, _), found in singles.items():
        several += [ProposedRule(name, rule, _single_days(rule)) for rule in _listed(found)]
    yield from sorted(several, key=lambda each: (each.rule.first, each.rule.begins, each.name))


def _listed(rules: list[Rule]) -> Iterator[Rule]:
    """Rules of single days as one, or as several where no rule can hold them all."""
    held = {each for rule in rules for each in (Held(rule.first, rule.begins, rule.ends), *rule.added)}
    order = sorted(held, key=lambda each: (each.day, each.begins, each.ends))
    for start in range(0, len(order), MOST_DAYS):
        first, *more = order[start : start + MOST_DAYS]
        rule = replace(rules[0], begins=first.begins, ends=first.ends, first=first.day, added=tuple(more))
        yield checked(rule)


def _single_days(rule: Rule) -> str:
    return f"{1 + len(rule.added)} single days of one name" if rule.added else ""


def _named_apart(rules: Iterable[ProposedRule]) -> Iterator[ProposedRule]:
    """Names of rules are unique: the second of a name is "Maths (2)"."""
    taken: set[str] = set()
    numbers: Counter[str] = Counter()
    for each in rules:
        name = each.name
        while name in taken:
            numbers[each.name] += 1
            name = f"{each.name} ({1 + numbers[each.name]})"
        taken.add(name)
        yield replace(each, name=name)
