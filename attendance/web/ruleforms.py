"""The form of a rule: what it shows of one, and what somebody who sends it means to change."""

from typing import TYPE_CHECKING, Any, Final

from attendance.timetable.rule import Rule
from attendance.timetable.ruleparts import NONE, Parts

if TYPE_CHECKING:
    from attendance.web.forms import Given

WEEKDAYS: Final = (
    *(("MO", "Monday"), ("TU", "Tuesday"), ("WE", "Wednesday"), ("TH", "Thursday")),
    *(("FR", "Friday"), ("SA", "Saturday"), ("SU", "Sunday")),
)
MINUTES: Final = (
    ("late_grace", "Late after", "Minutes after the beginning up to which nobody is late."),
    ("early_grace", "Left early before", "Minutes before the end from which on nobody leaves early."),
    ("opens_before", "Marks count from", "Minutes before it begins."),
    ("closes_after", "Marks count until", "Minutes after it ends."),
    ("half_day", "Partly there below", "Minutes; 0: no such rule."),
    ("absent_below", "Absent below", "Minutes; 0: no such rule."),
)
PAIRINGS: Final = (
    ("once", "One mark is enough"),
    ("first-last", "Hours from the first mark to the last"),
    ("pairs", "Hours from in to out, by turns"),
)
_TEXTS: Final = ("begins", "ends", "zone", "pairing", "breaks", "auto_close", "site")


def fields_of(rule: Rule | None, zone: str) -> dict[str, Any]:
    """What the form shows of a rule, or of a new one that nothing is known of yet."""
    if rule is None:
        empty = Rule.__dataclass_fields__
        found = {name: str(empty[name].default) for name, _, _ in MINUTES}
        none = dict.fromkeys((*_TEXTS, "rrule", "on"), "")
        return {**none, **found, "days": "weekly", "weekdays": [], "pairing": "once", "zone": zone, "always": False}
    found = {name: str(getattr(rule, name)) for name, _, _ in MINUTES}
    return {
        **found,
        **_days(rule),
        "begins": f"{rule.begins:%H:%M}",
        "ends": f"{rule.ends:%H:%M}",
        "zone": rule.zone,
        "pairing": str(rule.pairing),
        "breaks": "; ".join(
            f"{each.begins:%H:%M}-{each.ends:%H:%M}{',paid' if each.paid else ''}" for each in rule.breaks
        ),
        "auto_close": "" if rule.auto_close is None else str(rule.auto_close),
        "always": not rule.follows_calendar,
        "site": rule.site or "",
    }


def _days(rule: Rule) -> dict[str, Any]:
    if rule.recurs is None:
        return {"days": "on", "weekdays": [], "rrule": "", "on": rule.first.isoformat()}
    if _of_weekdays(rule.recurs):
        kept = dict(each.split("=", 1) for each in rule.recurs.upper().split(";"))["BYDAY"].split(",")
        return {"days": "weekly", "weekdays": kept, "rrule": "", "on": ""}
    return {"days": "rrule", "weekdays": [], "rrule": rule.recurs, "on": ""}


def _of_weekdays(recurs: str) -> bool:
    """Whether an RRULE says no more than weekdays."""
    parts = dict(each.split("=", 1) for each in recurs.upper().split(";") if "=" in each)
    plain = {**parts, "INTERVAL": parts.get("INTERVAL", "1")} == {
        "FREQ": "WEEKLY", "INTERVAL": "1", "BYDAY": parts.get("BYDAY", "")
    }  # fmt: skip
    return plain and {*parts["BYDAY"].split(",")} <= {key for key, _ in WEEKDAYS}


def typed(given: "Given") -> dict[str, Any]:
    """The fields as they were typed, to be shown again."""
    names = (*_TEXTS, "rrule", "on", *(name for name, _, _ in MINUTES))
    told = {name: given.text(name) for name in names}
    return {**told, "days": given.text("days"), "weekdays": given.all("weekdays"), "always": given.flag("always")}


def parts_of(given: "Given", before: dict[str, Any] | None = None) -> Parts:
    """What is said of a new rule, or with what was shown ``before`` what is said otherwise. Raises RequestInvalid."""
    now = typed(given)
    shown = before or {}
    told: dict[str, Any] = {name: now[name] for name in ("begins", "ends", "zone", "pairing", "auto_close", "site")}
    told |= {name: given.number(name) for name, _, _ in MINUTES}
    told |= {"breaks": tuple(each.strip() for each in now["breaks"].split(";")), "always": now["always"]}
    if before is None:
        told = {name: value for name, value in told.items() if value not in (None, "", ("",))}
        return Parts(**_said_days(now), **told)
    differing = {name for name in told if now[name] != shown[name] and now[name] is not None}
    kept = {name: _taken_away(name, value) for name, value in told.items() if name in differing}
    same = all(now[name] == shown[name] for name in ("days", "weekdays", "rrule", "on"))
    return Parts(**({} if same else _said_days(now)), **kept)


def _taken_away(name: str, value: Any) -> Any:
    """How a part is named that was emptied."""
    if name == "breaks" and value == ("",):
        return (NONE,)
    return NONE if name == "auto_close" and value == "" else value


def _said_days(now: dict[str, Any]) -> dict[str, Any]:
    if now["days"] == "on":
        return {"on": now["on"]}
    return {"rrule": now["rrule"]} if now["days"] == "rrule" else {"weekly": ",".join(now["weekdays"])}
