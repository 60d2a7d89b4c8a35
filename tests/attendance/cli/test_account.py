"""attendance account and attendance token."""

import getpass
import io
import json
from datetime import UTC, datetime

import pytest
from pyotp import TOTP

from attendance import Attendance
from attendance.access import Actor
from gallery import history

PASSWORD = "correct horse battery"  # noqa: S105


@pytest.fixture
def typed(monkeypatch):
    """What comes on standard input."""

    def come(text: str) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO(text))

    return come


@pytest.fixture
def ada(command, typed):
    typed(PASSWORD + "\n")
    assert 0 == command("account", "add", "Ada", "--role", "admin")[0]


def accounts(command) -> list[dict]:
    rows = [json.loads(each) for each in command("account", "list", "--json")[1].splitlines()]
    return [{key: row[key] for key in ("name", "role", "groups", "active")} for row in rows]


@pytest.mark.usefixtures("ada")
def test_accounts_are_added_and_listed(command):
    """The password is read from standard input, and shown nowhere."""
    assert [{"name": "Ada", "role": "admin", "groups": [], "active": True}] == accounts(command)
    assert "argon2" not in command("account", "list", "--json")[1]


def test_a_short_password_is_refused(command, typed):
    """With what to do."""
    typed("short\n")
    code, out, err = command("account", "add", "Ada")
    assert (1, "") == (code, out)
    assert err.endswith(
        "error[account.password] password: 5 characters, at least 10 are needed. "
        "Choose a longer one: three or four words that do not belong together are good.\n"
    )


@pytest.mark.usefixtures("ada")
def test_an_account_is_changed(command, typed, app):
    """What is given, and nothing else."""
    from gallery.repositories import groups

    with app.store.atomic() as transaction:
        groups.ensure(transaction, "7b")
    typed(PASSWORD + "\n")
    command("account", "add", "Grace", "--group", "7b")
    assert 0 == command("account", "change", "grace", "--name", "Grace Hopper", "--inactive")[0]
    assert {"name": "Grace Hopper", "role": "teacher", "groups": ["7b"], "active": False} == accounts(command)[1]
    assert 0 == command("account", "change", "Grace Hopper", "--group", "", "--active")[0]
    assert {"name": "Grace Hopper", "role": "teacher", "groups": [], "active": True} == accounts(command)[1]
    assert 2 == command("account", "change", "Grace Hopper")[0]


@pytest.mark.usefixtures("ada")
def test_a_password_is_replaced(command, typed, app):
    """By whoever may write into the home."""
    typed("another horse battery\n")
    assert 0 == command("account", "password", "Ada")[0]
    assert "Ada" == app.accounts.prove("Ada", "another horse battery", source="192.0.2.1").name


@pytest.mark.usefixtures("ada")
def test_the_last_admin_is_not_removed(command):
    """Another account is."""
    assert (1, "account.last") == _refused(command("account", "remove", "Ada", "--yes"))
    assert (1, "account.unknown") == _refused(command("account", "remove", "Adam", "--yes"))


def _refused(told: tuple[int, str, str]) -> tuple[int, str]:
    return told[0], told[2].partition("[")[2].partition("]")[0]


def test_a_token_is_printed_once(command, app):
    """Alone on standard output, so that a program can take it; the list does not have it."""
    code, out, err = command("token", "add", "payroll", "--scope", "reports:read", "--days", "30")
    assert 0 == code
    assert ("reports:read",) == app.tokens.found(out.strip(), "api").scopes
    assert "token 1, payroll" in err
    assert out.strip() not in command("token", "list", "--json")[1]


def test_a_kiosk_gets_a_token_for_its_place(command, app):
    """And is told where to be paired."""
    assert 0 == command("place", "add", "Door", "--kind", "kiosk")[0]
    code, out, err = command("token", "add", "--kiosk", "Door")
    assert 0 == code
    assert "kiosk" == app.tokens.found(out.strip(), "kiosk").kind
    assert "/kiosk/pair#TOKEN" in err
    assert 2 == command("token", "add", "payroll", "--kiosk", "Door")[0]


def test_a_token_is_taken_back(command, app):
    """By its number."""
    secret = command("token", "add", "payroll", "--scope", "reports:read")[1].strip()
    assert 0 == command("token", "revoke", "1")[0]
    assert app.tokens.found(secret, "api") is None
    assert (1, "token.unknown") == _refused(command("token", "revoke", "2"))


def test_a_scope_that_there_is_not_is_refused_with_those_there_are(command):
    """And the command that lists them tells each."""
    assert (2, "request.invalid") == _refused(command("token", "add", "payroll", "--scope", "report:read"))


def test_an_auditor_is_added(command, typed):
    """Who reads everything and changes nothing."""
    typed(PASSWORD + "\n")
    assert 0 == command("account", "add", "Uma", "--role", "auditor")[0]
    assert [{"name": "Uma", "role": "auditor", "groups": [], "active": True}] == accounts(command)


@pytest.mark.usefixtures("ada")
def test_a_second_factor_is_told_and_turned_off(command, home, clock, pipeline):
    """At the machine, where telephone and codes are lost; the log names the system's user."""
    with Attendance.open(home, clock=clock, pipeline=pipeline) as app:
        number = app.accounts.named("Ada").id
        own = Actor("Ada", frozenset({"admin"}), "web", number)
        app.second_factors.begin(own, PASSWORD)
        app.second_factors.confirm(own, TOTP(app.second_factors.waiting(number).secret).at(clock.utc()))
    assert "Ada: on, 10 codes are left\n" == command("account", "totp", "Ada")[2]
    assert "Ada signs in by password alone\n" == command("account", "totp", "Ada", "--off")[2]
    assert "Ada: off\n" == command("account", "totp", "Ada")[2]
    with Attendance.open(home, clock=clock, pipeline=pipeline) as app, app.store.reading() as transaction:
        last = [each for each in history(transaction) if each.action == "factor.remove"]
    assert [(str(number), getpass.getuser())] == [(each.subject, each.by) for each in last]


@pytest.mark.usefixtures("ada")
def test_a_program_s_token_ends_after_a_year(command):
    """Unless days are given, or that it never ends; both at once are refused."""

    def ends(*flags: str) -> str | None:
        assert 0 == command("token", "add", "HR", "--scope", "people:read", *flags)[0]
        return json.loads(command("token", "list", "--json")[1].splitlines()[-1])["ends"]

    told = [datetime.fromisoformat(ends(*each)) - datetime.now(UTC) for each in ((), ("--days", "30"))]
    assert [365, 30] == [each.days + 1 for each in told]
    assert ends("--ends", "never") is None
    assert 2 == command("token", "add", "HR", "--scope", "people:read", "--ends", "never", "--days", "3")[0]


@pytest.mark.usefixtures("ada")
def test_who_goes_takes_their_tokens_along(command, home, typed):
    """And is told which: what an account has made holds no more once it is removed."""
    typed(PASSWORD + "\n")
    assert 0 == command("account", "add", "Eve", "--role", "admin")[0]
    with Attendance.open(home) as app:
        number = app.accounts.named("Eve").id
        app.tokens.add(Actor("Eve", frozenset({"admin"}), "web", number), "HR", ["people:read"])
    assert command("account", "remove", "Eve", "--yes")[2].endswith("removed: Eve\nrevoked: token 1 (api HR)\n")
