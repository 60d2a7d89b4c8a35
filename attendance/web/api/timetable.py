"""The timetable: rules read, added, changed from a day on, left out on a day, ended."""

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Query, Request
from starlette.responses import JSONResponse, Response

from attendance.services.versions import version_of
from attendance.timetable.ruleparts import Parts
from attendance.web.api.conditions import ETAG, IfGiven, Needed, tagged
from attendance.web.api.models.shared import Day
from attendance.web.api.models.timetable import ChangedRule, NewRule, RuleChange, RuleDay, RuleParts, Rules, WholeRule
from attendance.web.api.operations import Operations, refusals
from attendance.web.api.paging import Paged
from attendance.web.api.scopes import TimetableRead, TimetableWrite
from attendance.web.api.segments import RuleName
from attendance.web.site import site_of

if TYPE_CHECKING:
    from attendance.services.shownrules import Changed

router = Operations("timetable", prefix="/timetable/rules")
CHANGED: dict[int | str, dict[str, Any]] = {200: {"model": ChangedRule, "headers": ETAG}}
NEXT = 10
"""Occurrences that are told of a rule."""


@router.get("", responses=refusals())
def list_rules(
    request: Request,
    _who: TimetableRead,
    paged: Paged,
    *,
    ended: Annotated[bool, Query(description="Those that have ended, too.")] = False,
) -> Rules:
    """List the rules, in the order in which they were added."""
    found = site_of(request).app.timetables.all(ended_too=ended)
    return Rules.model_validate(paged.of(found, lambda each: each.stored.id, lambda each: each.to_dict()))


@router.post("", status_code=201, responses={201: {"headers": ETAG}, **refusals(404, 409)}, response_model=ChangedRule)
def add_rule(request: Request, who: TimetableWrite, sent: NewRule) -> Response:
    """Add a rule for a group, a person, or with neither for everybody."""
    app = site_of(request).app
    person = None if sent.person is None else app.edits.of(sent.person).id
    made = app.timetables.add(
        who.actor,
        sent.name,
        _parts(sent.parts),
        group=sent.group,
        person=person,
        first=sent.first,
        until=sent.until,
        reason=sent.reason,
    )
    return _changed(made, status=201)


@router.get(
    "/{rule}",
    responses={200: {"headers": ETAG}, 304: {"description": "Not Modified"}, **refusals(404)},
    response_model=WholeRule,
)
def get_rule(request: Request, _who: TimetableRead, rule: RuleName) -> Response:
    """What a rule said and says, by whom and why, and when it takes place next; the ETag is for changing it."""
    found = site_of(request).app.timetables.find(rule, coming=NEXT)
    content = {**found.to_dict(), "versions": found.versions(), "next": found.coming()}
    return tagged(request, content, version_of(found.seen))


@router.patch("/{rule}", responses={**CHANGED, **refusals(404, 409, 412, 428)}, response_model=ChangedRule)
def change_rule(request: Request, who: TimetableWrite, rule: RuleName, sent: RuleChange, expected: Needed) -> Response:
    """Change the parts that are named, from a day on; days before it keep what held then."""
    changed = site_of(request).app.timetables.change(
        who.actor,
        rule,
        _parts(sent.parts),
        first=sent.first,
        until=sent.until,
        reason=sent.reason,
        expected=expected,
    )
    return _changed(changed)


@router.post("/{rule}/skip", responses={**CHANGED, **refusals(404, 409, 412)}, response_model=ChangedRule)
def skip_rule(request: Request, who: TimetableWrite, rule: RuleName, sent: RuleDay, expected: IfGiven) -> Response:
    """Leave the rule out on one day."""
    timetables = site_of(request).app.timetables
    return _changed(timetables.skip(who.actor, rule, sent.day, reason=sent.reason, expected=expected))


@router.delete("/{rule}", responses={**CHANGED, **refusals(404, 409, 412)}, response_model=ChangedRule)
def end_rule(
    request: Request,
    who: TimetableWrite,
    rule: RuleName,
    expected: IfGiven,
    *,
    first: Annotated[Day, Query(alias="from", description="From this day on it is none; days before keep it.")],
    reason: Annotated[str, Query(description="Why; it is kept.", max_length=2000)] = "",
) -> Response:
    """End a rule from a day on; nothing of what it said is deleted."""
    timetables = site_of(request).app.timetables
    return _changed(timetables.remove(who.actor, rule, first=first, reason=reason, expected=expected))


def _parts(sent: RuleParts) -> Parts:
    told = sent.model_dump()
    breaks = told.pop("breaks")
    return Parts(**told, breaks=None if breaks is None else tuple(breaks) or ("none",))


def _changed(changed: "Changed", *, status: int = 200) -> Response:
    content = {
        "rule": changed.rule.to_dict(),
        "new": changed.new,
        "told": changed.told,
        "remarks": list(changed.remarks),
    }
    return JSONResponse(content, status, {"ETag": f'"{version_of(changed.rule.seen)}"'})
