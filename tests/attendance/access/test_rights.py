"""One table says who may do what, and every service, every route and every command keeps to it."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.routing import APIRoute

from attendance import services
from attendance.access import RIGHTS, Actor, may
from attendance.access.commands import COMMANDS
from attendance.access.rights import RIGHT
from attendance.cli.root import parser
from attendance.service_errors import AccessRefused
from attendance.services.tokens import SCOPES
from attendance.web import api, routes
from attendance.web.admits import SAFE, Admits
from attendance.web.pages import NAVIGATION
from attendance.web.sections import TABS
from gallery import history

PEOPLE = ("admin", "teacher", "auditor", "kiosk")
READING = (".read", ".look", ".export")
"""How rights end that let change nothing."""
WITHOUT_RIGHT = {
    "Consents.agree_in": "it is part of a step whose own method has asked, or of an answer by a form's code",
    "Consents.refuse_in": "it is part of a step whose own method has asked, or of an answer by a form's code",
    "Looks.*": "it notes what somebody was shown, for which the page or the command has asked",
}
"""Methods that take an actor and ask for no right of their own, and why."""
BESIDES = {"account.own", "jobs.begin"}
"""What auditors may do beside reading: nothing of the home is changed by it."""


def all_commands(command: Any, words: str = "") -> Iterator[str]:
    """The words of every command below one."""
    for name, below in getattr(command, "commands", {}).items():
        yield from all_commands(below, f"{words}{name} ")
    if words and not getattr(command, "commands", {}):
        yield words.strip()


def acting_methods():
    """Every method of a service that takes an actor."""
    for module in pkgutil.iter_modules(services.__path__):
        name = f"attendance.services.{module.name}"
        for _, kind in inspect.getmembers(importlib.import_module(name), inspect.isclass):
            for method, function in inspect.getmembers(kind, inspect.isfunction):
                taken = inspect.signature(function).parameters
                known = {f"{kind.__name__}.{method}", f"{kind.__name__}.*"} & WITHOUT_RIGHT.keys()
                if kind.__module__ == name and "actor" in taken and not method.startswith("_") and not known:
                    yield pytest.param(kind, method, id=f"{kind.__name__}.{method}")


def all_routes() -> list[APIRoute]:
    """Of pages and of the API."""
    return [each for router in (*routes.all_routers(), *api.all_routers()) for each in router.routes]


def admits_of(route: APIRoute) -> Admits:
    """Whom a route admits."""
    waiting = [route.dependant]
    while waiting:
        each = waiting.pop()
        waiting += each.dependencies
        if isinstance(each.call, Admits):
            return each.call
    pytest.fail(f"{route.path} admits nobody")


def test_there_are_methods_and_routes():
    """The tests below look at something."""
    assert 90 < len(list(acting_methods()))
    assert 150 < len(all_routes())


@pytest.mark.parametrize(("kind", "method"), list(acting_methods()))
def test_no_service_acts_for_somebody_without_the_right(app, kind, method):
    """Every method that takes an actor needs a right, and refuses every role without it before it does anything."""
    function = getattr(kind, method)
    right = getattr(function, RIGHT, None)
    assert right in RIGHTS
    for role in {*PEOPLE, *SCOPES, "program"} - RIGHTS[right].roles - RIGHTS[right].scopes:
        with pytest.raises(AccessRefused, match="may not do this") as refused:
            function(None, Actor("Mallory", frozenset({role})))
        assert right == refused.value.where
    with app.store.reading() as transaction:
        assert [] == [each for each in history(transaction) if each.by == "Mallory"]


def test_the_program_itself_may_do_everything():
    """Whoever acts without a role is at the machine; with roles none of them is passed over."""
    assert all(may(Actor("root"), each) for each in RIGHTS)
    assert may(Actor("x", frozenset({"teacher", "admin"})), "keys.manage")
    assert not any(may(Actor("x", frozenset({"nobody"})), each) for each in RIGHTS)


def test_an_auditor_reads_everything_and_changes_nothing():
    """By the table: all that only reads is theirs, and nothing else but what is their own."""
    theirs = {each for each, rule in RIGHTS.items() if "auditor" in rule.roles}
    assert {each for each in RIGHTS if each.endswith(READING)} - {"people.export"} == theirs - BESIDES


def test_an_admin_may_do_everything_but_what_a_kiosk_does():
    """So that no right is out of reach."""
    assert ["kiosk.act"] == [each for each, rule in RIGHTS.items() if "admin" not in rule.roles]


def test_every_scope_opens_a_right():
    """And no right names one that a token cannot have."""
    assert set(SCOPES) == {scope for rule in RIGHTS.values() for scope in rule.scopes}


@pytest.mark.parametrize("route", all_routes(), ids=lambda each: f"{min(each.methods)} {each.path}")
def test_every_route_admits_those_who_have_its_right(route):
    """Its roles are those of the right that it names, one to read with alone if it reads; of the API programs, too."""
    admits = admits_of(route)
    if admits.anyone:
        return
    assert admits.right in RIGHTS, "name the right: see attendance.web.doors"
    rule = RIGHTS[admits.right]
    if admits.scope is None:
        assert rule.roles == admits.roles - {"program"}
    else:
        assert ({"program", "admin"}, True) == (admits.roles, admits.scope in rule.scopes)
    assert route.methods & SAFE or not admits.right.endswith(READING)


def test_ways_are_shown_to_those_whom_they_admit():
    """The bar and the tabs of pages name the roles of the route that they lead to."""
    roles = {each.path: admits_of(each).roles for each in all_routes() if "GET" in each.methods}
    shown = [*NAVIGATION, *(each for tabs in TABS.values() for each in tabs)]
    assert {to: roles[to] for to, *_ in shown} == {to: frozenset(given) for to, _, given in shown}


def test_every_command_names_its_right():
    """A command without one is found here, however deep it lies."""
    commands = set(all_commands(parser()))
    assert 90 < len(commands)
    assert set() == commands - COMMANDS.keys()
    assert set() == set(COMMANDS.values()) - RIGHTS.keys()
