"""Excuses: when somebody need not be there, and why; entered ahead or afterwards, withdrawn, never rewritten."""

from typing import TYPE_CHECKING, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from attendance.errors import ExcuseUnknown
from attendance.web.doors import ExcusesChange, TimetableRead
from attendance.web.forms import Asked, Form, Given
from attendance.web.pages import onward
from attendance.web.sections import section
from attendance.web.site import site_of
from refusal import Refusal

if TYPE_CHECKING:
    from pathlib import Path

    from attendance.access import Visitor
    from attendance.services.excuses import ShownExcuse

router = APIRouter(include_in_schema=False)
NEW: Final = ("person", "first", "first_time", "last", "last_time", "reason")


@router.get("/excuses")
def excuses(request: Request, who: TimetableRead, asked: Asked) -> Response:
    """Excuses of whom a visitor may see, and the form of a new one."""
    return _page(request, who, asked)


@router.post("/excuses")
def add_excuse(request: Request, who: ExcusesChange, given: Form) -> Response:
    """Excuse somebody; of a document that is sent only the hash is kept."""
    app = site_of(request).app
    try:
        person = app.own_people.person(who, given.needed("person", "the person"))
        begins = _moment(given, "first", "the first day")
        ends = _moment(given, "last", "") or begins
        reason, document, key = given.needed("reason", "a reason"), *_document(request, who, given)
        try:
            made = app.excuses.add(who.actor, person.id, begins, ends, reason=reason, document=document)
        finally:
            app.uploads.drop(who.actor, key)
    except Refusal as error:
        return _page(request, who, given, error)
    waits = " It counts once somebody else has approved it." if made.stored.pending else ""
    return onward(request, "/excuses", f"{made.told[:1].upper()}{made.told[1:]} is entered.{waits}")


@router.get("/excuses/{number}/withdraw")
def withdraw_form(request: Request, who: ExcusesChange, number: int) -> Response:
    """Ask why an excuse is to be taken back."""
    return section(request, who, "/timetable", "office/excuse_withdraw.html", excuse=_known(request, who, number))


@router.post("/excuses/{number}/withdraw")
def withdraw(request: Request, who: ExcusesChange, number: int, given: Form) -> Response:
    """Take an excuse back."""
    found = _known(request, who, number)
    try:
        reason = given.needed("reason", "a reason")
        gone = site_of(request).app.excuses.withdraw(who.actor, number, reason=reason)
    except Refusal as error:
        return section(request, who, "/timetable", "office/excuse_withdraw.html", error, excuse=found)
    return onward(request, "/excuses", f"Withdrawn: {gone.told}.")


def _page(request: Request, who: "Visitor", given: Given, error: Refusal | None = None) -> Response:
    app = site_of(request).app
    every, whose = given.flag("all"), "" if error else given.text("whose")
    try:
        begin, end = (None, None) if error else (given.day("from"), given.day("to"))
        person = app.own_people.person(who, whose).id if whose else None
        since = begin if begin or end or person or every else app.timetables.today
        found = app.excuses.all(person, first=since, last=end, withdrawn_too=every)
    except Refusal as refused:
        begin, end, since, found, error = None, None, None, [], refused
    own = app.own_people.people(who, gone_too=True)
    keys = {each.id for each in own}
    shown = [each for each in found if each.person.key in keys]
    return section(
        request, who, "/timetable", "office/excuses.html", error, excuses=shown, values=given.values(*NEW), whose=whose,
        every=every, begin=begin or since, end=end, people=[each for each in own if each.active],
    )  # fmt: skip


def _moment(given: Given, name: str, needed: str) -> str:
    """A day, with a time where one is given. Raises RequestInvalid."""
    day = given.needed(name, needed) if needed else given.text(name)
    time = given.text(f"{name}_time")
    return f"{day}T{time}" if day and time else day


def _document(request: Request, who: "Visitor", given: Given) -> "tuple[Path | None, str]":
    sent = given.file("document")
    if sent is None:
        return None, ""
    kept = site_of(request).app.uploads.keep(who.actor, sent.filename or "", sent.file)
    return kept.path, kept.key


def _known(request: Request, who: "Visitor", number: int) -> "ShownExcuse":
    app = site_of(request).app
    found = app.excuses.find(number)
    if not who.may_see(app.people.find(found.person.key)):
        raise ExcuseUnknown(str(number), "there is no excuse of this number")
    return found
