"""Fixtures of the web's tests (stub until h-auth's)."""

import importlib.util
import sys
from pathlib import Path

import pytest

from attendance.access import Actor, Visitor
from attendance.web.site import Site

spec = importlib.util.spec_from_file_location("browser_world", Path(__file__).with_name("browser_world.py"))
browser_world = importlib.util.module_from_spec(spec)
sys.modules["browser_world"] = browser_world
spec.loader.exec_module(browser_world)
from browser_world import all_browsers, browser, browsers, new_tab, served, tab  # noqa: E402, F401


@pytest.fixture
def site(app):
    return Site(app)


@pytest.fixture
def cookies_of(served):
    """Sign somebody in, and hand out their cookies."""
    known = {}

    async def who(request):
        return known.get(request.cookies.get("stub"))

    served.made.state.known = who

    def sign_in(role, groups=()):
        name = f"{role}-{len(known)}"
        scope = None if role == "admin" else frozenset(groups)
        from types import SimpleNamespace

        known[name] = Visitor(
            Actor(name, frozenset({role}), "web"), role, scope, "form-token", SimpleNamespace(name=name)
        )
        return {"stub": name}

    return sign_in
