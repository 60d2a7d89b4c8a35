"""The timetable: what rules say and when they are next; each change is shown by what it would do before it is done."""

from typing import TYPE_CHECKING, Any, Final, get_args

from fastapi import APIRouter, Request
from starlette.responses import Response

from attendance.errors import RuleUnknown
from attendance.service_errors import AccessRefused, RequestInvalid
from attendance.services.timetables import Single
from attendance.web.asked import sent_file
from attendance.web.doors import ImportsRun, TimetableChange, TimetableRead
from attendance.web.forms import Asked, Form, Given
from attendance.web.pages import onward
from attendance.web.ruleforms import MINUTES, PAIRINGS, WEEKDAYS, fields_of, parts_of, typed
from attendance.web.sections import section
from attendance.web.site import site_of
from refusal import Refusal

if TYPE_CHECKING:
    from attendance.access import Visitor
    from attendance.app import Attendance
    from attendance.services.previewing import Preview
    from attendance.services.shownrules import Changed, ShownRule

router = APIRouter(include_in_schema=False)
COMING: Final = 10
MOST_SHOWN: Final = 300
"""Lines of a preview that are shown; how many there are is always told."""
HOW: Final[dict[str, tuple[str, str]]] = {
    "skip": ("Skip a day", "It does not take place on that day; all other days stay as they are."),
    "move": ("Move a day", "What takes place on that day does so on another one, or at other times."),
    "extra": ("Add a day", "It takes place on one more day, at its own times unless others are given."),
    "end": ("End the rule", "From that day on it is none; the days before keep what held."),
}
SAID: Final = ("name", "whom", "group", "person", "first", "until", "reason")


# What is there


@router.get("/timetable")
def timetable(request: Request, who: TimetableRead, asked: Asked) -> Response:
    """The rules that a visitor may see, with what each says and when it is next."""
    app = site_of(request).app
    ended = asked.flag("ended")
    shown = [each for each in app.timetables.all(ended_too=ended, coming=1) if sees(app, who, each)]
    return section(request, who, "/timetable", "office/timetable.html", rules=shown, ended=ended)


@router.get("/timetable/new")
def new_rule(request: Request, who: TimetableChange) -> Response:
    """The form of a new rule."""
    return _form(request, who, None, {**fields_of(None, site_of(request).app.zone), **_blank()})


@router.get("/timetable/import")
def import_rules(request: Request, who: ImportsRun) -> Response:
    """The form of an import."""
    return _import_form(request, who)


@router.get("/timetable/{number}")
def rule(request: Request, who: TimetableRead, number: int) -> Response:
    """What a rule said and says, and when it is next."""
    found = _known(request, who, number, coming=COMING)
    may = _changes(site_of(request).app, who, found)
    return section(request, who, "/timetable", "office/rule.html", rule=found, how=HOW, may_change=may)


@router.get("/timetable/{number}/change")
def change_rule(request: Request, who: TimetableChange, number: int) -> Response:
    """The form that changes a rule."""
    found = _changeable(request, who, number)
    return _form(request, who, found, {**_fields(found), **_blank()})


@router.get("/timetable/{number}/{how}")
def change_day(request: Request, who: TimetableChange, number: int, how: str, asked: Asked) -> Response:
    """The form that skips, moves or adds a day, or ends the rule."""
    found = _changeable(request, who, number, coming=COMING)
    return _day_form(request, who, found, _single(how), asked.values("day"))


# What is changed


@router.post("/timetable/new")
def add_rule(request: Request, who: TimetableChange, given: Form) -> Response:
    """Show what a new rule would do, then add it."""
    app = site_of(request).app
    values = {**typed(given), **given.values(*SAID)}
    if given.text("step") == "edit":
        return _form(request, who, None, values)
    try:
        name, wanted = given.needed("name", "the rule's name"), parts_of(given)
        whom = _whom(app, who, given)
        days: dict[str, Any] = {"first": given.day("first"), "until": given.day("until")}
        if given.text("step") != "apply":
            return _look(request, who, None, given, app.timetables.preview_new(name, wanted, **whom, **days))
        made = app.timetables.add(who.actor, name, wanted, **whom, **days, reason=given.text("reason"))
    except Refusal as error:
        return _form(request, who, None, values, error)
    return _done(request, made)


@router.post("/timetable/import")
def take_in_rules(request: Request, who: ImportsRun, given: Form) -> Response:
    """Show what a file would change, then take it in."""
    app = site_of(request).app
    try:
        kept = sent_file(request, who, given)
        person = given.some("person") and app.own_people.person(who, given.text("person")).id
        found = app.timetables.read_file(
            kept.path, group=given.some("group"), person=person or None, first=given.day("first")
        )
        if given.text("step") == "apply":
            done = app.timetables.take_in(who.actor, found)
            app.uploads.drop(who.actor, kept.key)
            return onward(request, "/timetable", f"Taken in: {len(done)} of the rules in {kept.path.name}.")
        preview = app.timetables.preview_file(found)
    except Refusal as error:
        return _import_form(request, who, given, error)
    return section(
        request, who, "/timetable", "office/rules_incoming.html", incoming=found, lines=list(found.lines()),
        key=kept.key, file=kept.path.name, carried=list(given.carried("step", "key")), **_counted(preview),
    )  # fmt: skip


@router.post("/timetable/{number}/change")
def apply_change(request: Request, who: TimetableChange, number: int, given: Form) -> Response:
    """Show what a change would do, then do it."""
    app, found = site_of(request).app, _changeable(request, who, number)
    values = {**typed(given), **given.values(*SAID)}
    if given.text("step") == "edit":
        return _form(request, who, found, values)
    try:
        wanted, name = parts_of(given, _fields(found)), found.stored.name
        days: dict[str, Any] = {"first": given.day("first"), "until": given.day("until")}
        if wanted.empty and days == {"first": None, "until": None}:
            raise RequestInvalid(name, "nothing was changed in the form")
        if given.text("step") != "apply":
            return _look(request, who, found, given, app.timetables.preview(name, wanted, **days))
        made = app.timetables.change(
            who.actor, name, wanted, **days, reason=given.text("reason"), expected=given.text("version")
        )
    except Refusal as error:
        return _form(request, who, found, values, error)
    return _done(request, made)


@router.post("/timetable/{number}/{how}")
def apply_day(request: Request, who: TimetableChange, number: int, how: str, given: Form) -> Response:
    """Show what skipping, moving, adding or ending would do, then do it."""
    app, found, single = site_of(request).app, _changeable(request, who, number, coming=COMING), _single(how)
    values = given.values("day", "to", "begins", "ends", "reason")
    if given.text("step") == "edit":
        return _day_form(request, who, found, single, values)
    try:
        wanted = (given.needed_day("day"), given.day("to"), given.some("begins"), given.some("ends"))
        if given.text("step") != "apply":
            return _look(request, who, found, given, app.timetables.preview_day(found.stored.name, single, *wanted))
        made = app.timetables.change_day(
            who.actor, found.stored.name, single, *wanted, reason=given.text("reason"), expected=given.text("version")
        )
    except Refusal as error:
        return _day_form(request, who, found, single, values, error)
    return _done(request, made)


# Parts of the above


def _form(
    request: Request, who: "Visitor", found: "ShownRule | None", values: dict[str, Any], error: Refusal | None = None
) -> Response:
    app = site_of(request).app
    return section(
        request, who, "/timetable", "office/rule_form.html", rule=found,
        values=values, error=error, groups=app.own_people.groups(who), people=app.own_people.people(who),
        weekdays=WEEKDAYS, minutes=MINUTES, pairings=PAIRINGS, today=app.timetables.today,
    )  # fmt: skip


def _day_form(
    request: Request,
    who: "Visitor",
    found: "ShownRule",
    how: Single,
    values: dict[str, str],
    error: Refusal | None = None,
) -> Response:
    title, told = HOW[how]
    return section(
        request, who, "/timetable", "office/rule_day.html", rule=found, how=how,
        title=title, told=told, values={"day": "", "to": "", "begins": "", "ends": "", "reason": "", **values},
        error=error,
    )  # fmt: skip


def _import_form(
    request: Request, who: "Visitor", given: Given | None = None, error: Refusal | None = None
) -> Response:
    app, names = site_of(request).app, ("group", "person", "first")
    values = dict.fromkeys(names, "") if given is None else given.values(*names)
    return section(
        request, who, "/timetable", "office/rules_import.html", values=values,
        error=error, groups=app.own_people.groups(who), people=app.own_people.people(who),
    )  # fmt: skip


def _look(request: Request, who: "Visitor", found: "ShownRule | None", given: Given, preview: "Preview") -> Response:
    """What a change would do, and the same form once more, hidden."""
    return section(
        request, who, "/timetable", "office/rule_preview.html", rule=found, address=request.url.path,
        reason=given.text("reason"), carried=list(given.carried("step")), **_counted(preview),
    )  # fmt: skip


def _counted(preview: "Preview") -> dict[str, Any]:
    return {
        "preview": preview,
        "statuses": preview.statuses[:MOST_SHOWN],
        "times": preview.times[:MOST_SHOWN],
        "more": max(0, len(preview.statuses) - MOST_SHOWN) + max(0, len(preview.times) - MOST_SHOWN),
    }


def _done(request: Request, made: "Changed") -> Response:
    shown = made.rule
    if not made.new:
        return onward(request, f"/timetable/{shown.stored.id}", "It says so already: nothing was changed.", "warn")
    told = f"{shown.stored.name}: {made.told}."
    if made.remarks:
        told = f"{told} Note: {'; '.join(made.remarks[:3])}."
    return onward(request, f"/timetable/{shown.stored.id}", told, "warn" if made.remarks else "good")


def _blank() -> dict[str, str]:
    return dict.fromkeys(SAID, "")


def _fields(found: "ShownRule") -> dict[str, Any]:
    """What the form shows of a rule: what it says today, or said last."""
    told = [each.rule for each in found.entry.versions if each.rule is not None]
    return fields_of(found.version.rule or told[-1], "")


def _whom(app: "Attendance", who: "Visitor", given: Given) -> dict[str, Any]:
    """For whom a new rule is. Raises GroupUnknown, PersonUnknown, AccessRefused."""
    if given.text("whom") == "group":
        return {"group": app.own_people.group(who, given.needed("group", "the group"))}
    if given.text("whom") == "person":
        return {"person": app.own_people.person(who, given.needed("person", "the person")).id}
    if who.groups is not None:
        raise AccessRefused("rule", "a rule for everybody is an admin's to make")
    return {}


def _single(how: str) -> Single:
    if how not in get_args(Single):
        raise RequestInvalid(how, "this cannot be done to a rule")
    return how  # type: ignore[return-value]  # it is one of them


def _known(request: Request, who: "Visitor", number: int, *, coming: int = 0) -> "ShownRule":
    app = site_of(request).app
    found = app.timetables.numbered(number, coming=coming)
    if not sees(app, who, found):
        raise RuleUnknown(str(number), "there is no rule of this number")
    return found


def _changeable(request: Request, who: "Visitor", number: int, *, coming: int = 0) -> "ShownRule":
    found = _known(request, who, number, coming=coming)
    if not _changes(site_of(request).app, who, found):
        raise AccessRefused(found.stored.name, "a rule for everybody is an admin's to change")
    return found


def _changes(app: "Attendance", who: "Visitor", found: "ShownRule") -> bool:
    everybody = found.person is None and found.stored.group is None
    return sees(app, who, found) and (who.groups is None or not everybody)


def sees(app: "Attendance", who: "Visitor", found: "ShownRule") -> bool:
    """Whether a rule is of somebody whom the visitor sees, or of everybody."""
    if who.groups is None or found.stored.group in who.groups:
        return True
    if found.person is None:
        return found.stored.group is None
    return who.may_see(app.people.find(found.person.key or found.person.id))
