"""Fixtures of the service's tests: a site over the home of `app`, and browsers that are signed in or not.

def test_something(signed_in):
    admin = signed_in()                        # an admin
    teacher = signed_in("teacher", ["7b"])     # a teacher of one group, which is made where it is new
    assert 200 == admin.get("/people").status_code
    assert 303 == admin.form("/people/1/name", name="Ada").status_code    # with the token of its forms
"""

import importlib.util
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from anyio.from_thread import start_blocking_portal
from starlette.testclient import TestClient

from attendance.access import Actor
from attendance.web.admits import FORM
from attendance.web.build import build
from attendance.web.cookies import form_token, keep_session
from attendance.web.site import Site

_spec = importlib.util.spec_from_file_location("browser_world", Path(__file__).with_name("browser_world.py"))
browser_world = importlib.util.module_from_spec(_spec)
sys.modules["browser_world"] = browser_world  # tests import its helpers by this name
_spec.loader.exec_module(browser_world)
all_browsers, browsers, browser = browser_world.all_browsers, browser_world.browsers, browser_world.browser
served, new_tab, tab = browser_world.served, browser_world.new_tab, browser_world.tab

PASSWORD = "correct horse battery"  # noqa: S105 - of the accounts that tests make


@pytest.fixture(scope="session", autouse=True)
def _one_loop() -> Iterator[None]:
    """All requests are answered in one event loop, as of a server: one for each takes as long as the answer itself."""
    with start_blocking_portal() as portal, pytest.MonkeyPatch.context() as patch:
        patch.setattr(TestClient, "portal", portal)
        yield


class Browser(TestClient):
    """A browser at the site; it follows no redirect by itself, and `token` is what its forms carry."""

    def __init__(self, site: Site) -> None:
        super().__init__(build(site), base_url=site.public, follow_redirects=False)
        self.site, self.token = site, ""

    def form(self, path: str, /, **fields):
        """Send a form of one of its pages."""
        return self.post(path, data={FORM: self.token, **fields})

    def sign_in(self, account) -> "Browser":
        """Be signed in, as after the page for it."""
        begun = self.site.app.sign_ins.begin(account)
        answer = _Kept()
        keep_session(self.site, answer, begun)
        self.cookies.set(*answer.cookie, domain=urlsplit(self.site.public).hostname, path="/")
        self.token = form_token(self.site, begun.digest)
        return self


class _Kept:
    """Stands in for an answer, to see which cookie it is given."""

    def set_cookie(self, name: str, value: str, **_flags) -> None:
        self.cookie = (name, value)


@pytest.fixture
def site(app) -> Site:
    """A site over the open home of `app`."""
    return Site(app)


@pytest.fixture
def client(site) -> Browser:
    """A browser that nobody is signed in with."""
    return Browser(site)


@pytest.fixture
def account(app):
    """Make an account: ``account("Ada", "teacher", ["7b"])``; its password is `PASSWORD`."""

    def make(name: str = "Grace", role: str = "admin", groups=()):
        from gallery.repositories import groups as all_groups

        with app.store.atomic() as transaction:
            for each in groups:
                all_groups.ensure(transaction, each)
        return app.accounts.add(Actor("tests"), name, PASSWORD, role, groups=groups)

    return make


@pytest.fixture
def signed_in(site, account):
    """A browser of a new account: ``signed_in("teacher", ["7b"])``."""

    def make(role: str = "admin", groups=(), name: str | None = None) -> Browser:
        taken = len(site.app.accounts.all())
        return Browser(site).sign_in(account(name or f"{role} {taken + 1}", role, groups))

    return make


@pytest.fixture
def shown_token():
    """The form token that a page carries."""
    return lambda answer: re.search(r'name="form_token" value="([0-9a-f]*)"', answer.text)[1]


@pytest.fixture
def cookies_of(site, account):
    """Sign somebody in, one account for each role and groups, and hand out the cookies of their browser."""
    known = {}

    def sign_in(role: str = "admin", groups=()) -> dict[str, str]:
        if (role, *groups) not in known:
            known[role, *groups] = account(f"{role} {' '.join(groups)}".strip(), role, groups)
        answer = _Kept()
        keep_session(site, answer, site.app.sign_ins.begin(known[role, *groups]))
        return dict([answer.cookie])

    return sign_in
