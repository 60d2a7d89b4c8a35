"""Fixtures of the pages' tests: pages asked for as this or that visitor, without a sign-in of their own."""

import re
from html import unescape

import pytest

ODD = '=<b>Ada</b> & "Co" خوارزمي \N{GRINNING FACE}'
"""A name with markup, a formula, letters that run the other way, and a picture."""


class Desk:
    """Pages, asked for as one visitor."""

    def __init__(self, browser) -> None:
        self.client = browser

    def get(self, path: str, status: int = 200, **params: object) -> str:
        """The page of a path, as text; its status is as expected."""
        return self.ask(path, status, **params).text

    def ask(self, path: str, status: int = 200, **params: object):
        """The whole answer to a path."""
        found = self.client.get(path, params=params or None, headers={"accept": "text/html"})
        assert status == found.status_code, _words(found.text)[:1500]
        return found

    def post(self, path: str, status: int = 303, files=None, **fields: object):
        """Send a form with the page's token; its status is as expected."""
        data = {"form_token": self.client.token, **fields}
        found = self.client.post(path, data=data, files=files, headers={"accept": "text/html"})
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
def desk(signed_in):
    """Pages as a visitor: ``desk()`` is an admin, ``desk("teacher", "7b")`` a teacher of a group."""
    known: dict[str, Desk] = {}

    def sign_in(role: str = "admin", *groups: str, name: str | None = None) -> Desk:
        called = name or f"{role} {' '.join(groups)}".strip()
        if called not in known:
            known[called] = Desk(signed_in(role, groups, name=called))
        return known[called]

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
