"""Fixtures of the pages' tests: pages asked for as this or that visitor, without a sign-in of their own."""

import re
from html import unescape

import pytest
from fastapi.testclient import TestClient

from attendance.access import Actor, Visitor
from attendance.web.build import build
from attendance.web.site import Site

TOKEN = "the-form-token"  # noqa: S105
ODD = '=<b>Ada</b> & "Co" \u202eevil\u202c \N{GRINNING FACE}'
"""A name with markup, a formula, a turn of direction and a picture."""


class Desk:
    """Pages, asked for as one visitor."""

    def __init__(self, client: TestClient, name: str) -> None:
        self.client, self._headers = client, {"x-visitor": name, "accept": "text/html"}

    def get(self, path: str, status: int = 200, **params: object) -> str:
        """The page of a path, as text; its status is as expected."""
        return self.ask(path, status, **params).text

    def ask(self, path: str, status: int = 200, **params: object):
        """The whole answer to a path."""
        found = self.client.get(path, params=params or None, headers=self._headers, follow_redirects=False)
        assert status == found.status_code, found.text
        return found

    def post(self, path: str, status: int = 303, files=None, **fields: object):
        """Send a form with the page's token; its status is as expected."""
        data = {"form_token": TOKEN, **fields}
        found = self.client.post(path, data=data, files=files, headers=self._headers, follow_redirects=False)
        assert status == found.status_code, _words(found.text)
        return found

    def said(self, path: str, **fields: object) -> str:
        """Send a form, follow to the next page, and tell what is said there."""
        answer = self.post(path, **fields)
        text = self.get(answer.headers["location"])
        found = re.search(r'<p class="note \w+" role="status">(.*?)</p>', text, re.DOTALL)
        return unescape(found[1]) if found else ""

    def error(self, path: str, status: int = 422, **fields: object) -> str:
        """Send a form that is refused, and tell why."""
        return _words(self.post(path, status, **fields).text)


def _words(text: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())


@pytest.fixture
def words():
    """The words of a page."""
    return _words


@pytest.fixture
def desk(app):
    """Pages as a visitor: ``desk()`` is an admin, ``desk("teacher", "7b")`` a teacher of a group."""
    made = build(Site(app))
    known: dict[str, Visitor] = {}

    async def who(request):
        return known.get(request.headers.get("x-visitor", ""))

    made.state.known = who
    client = TestClient(made, base_url="http://127.0.0.1:8400", raise_server_exceptions=True)

    def sign_in(role: str = "admin", *groups: str, name: str | None = None) -> Desk:
        called = name or f"{role} {' '.join(groups)}".strip()
        from gallery.servicevalues import Account

        account = Account(len(known) + 1, called, role, groups, True, app.clock.utc())
        scope = None if role == "admin" else frozenset(groups)
        known[called] = Visitor(Actor(called, frozenset({role}), "web"), role, scope, TOKEN, account)
        return Desk(client, called)

    return sign_in


@pytest.fixture
def odd() -> str:
    """A name that pages and files must take for nothing but a name."""
    return ODD


@pytest.fixture
def school(app, draw, odd):
    """Class 7b with Ada and somebody of an odd name, class 8a with Bob, a lesson of each, and the day's marks of 7b."""
    from datetime import date

    from attendance.timetable.ruleparts import Parts

    app.enroll(draw("ada.png", (1,)), name="Ada", external_id="A", groups=["7b"])
    app.enroll(draw("odd.png", (2,)), name=odd, external_id="O", groups=["7b"])
    app.enroll(draw("bob.png", (3,)), name="Bob", external_id="B", groups=["8a"])
    for group in ("7b", "8a"):
        parts = Parts(weekly="MO,TU,WE,TH,FR", begins="08:00", ends="08:45")
        app.timetables.add(app.actor, f"Lesson {group}", parts, group=group, first=date(2026, 2, 2))
    return app
