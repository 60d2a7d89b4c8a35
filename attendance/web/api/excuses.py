"""Excuses: when somebody need not be there."""

from typing import Annotated

from fastapi import Query, Request

from attendance.web.api.models.shared import Withdrawal
from attendance.web.api.models.timetable import Excuse, Excuses, NewExcuse
from attendance.web.api.operations import Operations, refusals
from attendance.web.api.paging import Paged
from attendance.web.api.parameters import First, Last, OfPerson
from attendance.web.api.scopes import TimetableRead, TimetableWrite
from attendance.web.api.segments import Number
from attendance.web.site import site_of

router = Operations("excuses", prefix="/excuses")


@router.get("", responses=refusals(404))
def list_excuses(
    request: Request,
    _who: TimetableRead,
    paged: Paged,
    *,
    person: OfPerson = None,
    first: First = None,
    last: Last = None,
    withdrawn: Annotated[bool, Query(description="Those taken back, too.")] = False,
) -> Excuses:
    """List excuses, in the order in which they were entered."""
    app = site_of(request).app
    who = None if person is None else app.edits.of(person).id
    found = app.excuses.all(who, first=first, last=last, withdrawn_too=withdrawn)
    return Excuses.model_validate(paged.of(found, lambda each: each.stored.id, lambda each: each.to_dict()))


@router.post("", status_code=201, responses=refusals(404, 409))
def add_excuse(request: Request, who: TimetableWrite, sent: NewExcuse) -> Excuse:
    """Excuse somebody, ahead or afterwards."""
    app = site_of(request).app
    made = app.excuses.add(who.actor, app.edits.of(sent.person).id, sent.begins, sent.ends, reason=sent.reason)
    return Excuse.model_validate(made.to_dict())


@router.get("/{number}", responses=refusals(404))
def get_excuse(request: Request, _who: TimetableRead, number: Number) -> Excuse:
    """One excuse."""
    return Excuse.model_validate(site_of(request).app.excuses.find(number).to_dict())


@router.post("/{number}/withdraw", responses=refusals(404, 409))
def withdraw_excuse(request: Request, who: TimetableWrite, number: Number, sent: Withdrawal) -> Excuse:
    """Take an excuse back; it stays on record."""
    done = site_of(request).app.excuses.withdraw(who.actor, number, reason=sent.reason)
    return Excuse.model_validate(done.to_dict())
