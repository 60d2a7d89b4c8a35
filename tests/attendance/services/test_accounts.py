"""Who may sign in."""

import pytest

from attendance.access import Actor
from attendance.access import passwords as kept_passwords
from attendance.errors import GroupUnknown
from attendance.service_errors import (
    AccountExists,
    AccountLast,
    AccountPassword,
    AccountUnknown,
    LimitReached,
    RequestInvalid,
    SetupOver,
    SignInRefused,
)
from gallery import history
from gallery.repositories import accounts, groups

CLERK = Actor("tests")
PASSWORD = "correct horse battery"  # noqa: S105


@pytest.fixture
def ada(app):
    return app.accounts.add(CLERK, "Ada Lovelace", PASSWORD, "admin")


def prove(app, name="Ada Lovelace", password="wrong wrong wrong", source="192.0.2.7", device=None):  # noqa: S107
    return app.accounts.prove(name, password, source=source, device=device)


def outcome(app, **told) -> str:
    try:
        return prove(app, **told).name
    except (SignInRefused, LimitReached) as error:
        return error.id


@pytest.mark.parametrize("name", ["Ada Lovelace", "ada lovelace", "  ADA  LOVELACE "])
def test_name_and_password_prove_an_account(app, ada, name):
    """However the name is written."""
    assert ada == prove(app, name, PASSWORD)


@pytest.mark.usefixtures("ada")
def test_unknown_names_are_refused_as_wrong_passwords_are(app, monkeypatch):
    """With the same words, after the same work, and as often."""
    worked = []
    real = kept_passwords.fits
    monkeypatch.setattr(
        kept_passwords, "fits", lambda kept, told: bool(worked.append(kept is None)) or real(kept, told)
    )
    told = []
    for name in ("Ada Lovelace", "Nobody", "\x00", ""):
        with pytest.raises(SignInRefused) as caught:
            prove(app, name)
        told.append(str(caught.value))
    assert 1 == len(set(told))
    assert [False, True, True, True] == worked
    known = [outcome(app, source=f"192.0.2.{n}") for n in range(12)]
    unknown = [outcome(app, name="Nobody", source=f"192.0.2.{n}") for n in range(12)]
    assert known == unknown


def test_an_account_out_of_use_is_refused_as_an_unknown_one(app, ada):
    """Also with the right password."""
    app.accounts.add(CLERK, "Other", PASSWORD, "admin")
    app.accounts.change(CLERK, ada.id, active=False)
    assert "access.signin" == outcome(app, password=PASSWORD)


@pytest.mark.usefixtures("ada")
def test_guessing_at_one_account_has_to_wait(app, clock):
    """From wherever it is tried, also with the right password then; afterwards it is let in."""
    told = [outcome(app, source=f"192.0.2.{n}") for n in range(11)]
    assert [*["access.signin"] * 10, "limit.reached"] == told
    assert "limit.reached" == outcome(app, password=PASSWORD)
    clock.forward(seconds=31)
    assert "Ada Lovelace" == outcome(app, password=PASSWORD)
    assert "access.signin" == outcome(app)


def test_guessing_does_not_keep_out_a_browser_that_was_signed_in(app, ada):
    """What strangers try is counted apart from it; and it has a count of its own."""
    for n in range(11):
        outcome(app, source=f"192.0.2.{n}")
    device = (ada.id, "known")
    assert "Ada Lovelace" == outcome(app, password=PASSWORD, device=device)
    told = [outcome(app, device=device) for _ in range(11)]
    assert [*["access.signin"] * 10, "limit.reached"] == told


@pytest.mark.usefixtures("ada")
def test_a_browser_is_known_for_its_own_account_alone(app):
    """Whoever has an account cannot guess at others' without end."""
    grace = app.accounts.add(CLERK, "Grace", PASSWORD, "teacher")
    told = [outcome(app, device=(grace.id, "known"), source=f"192.0.2.{n}") for n in range(11)]
    assert "limit.reached" == told[-1]


def test_trying_many_names_from_one_address_has_to_wait(app, ada, clock):
    """And keeps nobody out who comes from another, or is known."""
    told = [outcome(app, name=f"name {n}") for n in range(31)]
    assert [*["access.signin"] * 30, "limit.reached"] == told
    assert "limit.reached" == outcome(app, password=PASSWORD)
    assert "Ada Lovelace" == outcome(app, password=PASSWORD, source="192.0.2.8")
    assert "Ada Lovelace" == outcome(app, password=PASSWORD, device=(ada.id, "known"))
    clock.forward(hours=1)
    assert "access.signin" == outcome(app, name="another")


@pytest.mark.usefixtures("ada")
def test_many_who_sign_in_from_one_address_do_not_wait(app):
    """Only what is tried in vain is counted."""
    assert {"Ada Lovelace"} == {outcome(app, password=PASSWORD) for _ in range(40)}


def test_a_hash_of_an_older_cost_is_made_anew(app, ada):
    """When its password is proved."""
    from argon2 import PasswordHasher

    old = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
    with app.store.atomic() as transaction:
        accounts.change(transaction, ada.id, password=old)
    prove(app, password=PASSWORD)
    with app.store.reading() as transaction:
        assert not kept_passwords.outdated(accounts.password_of(transaction, ada.id))


@pytest.mark.usefixtures("ada")
def test_names_are_told_apart_by_more_than_capitals(app):
    """Two that look alike would be taken for each other."""
    with pytest.raises(AccountExists):
        app.accounts.add(CLERK, "ada LOVELACE", PASSWORD, "teacher")
    grace = app.accounts.add(CLERK, "Grace", PASSWORD, "teacher")
    with pytest.raises(AccountExists):
        app.accounts.change(CLERK, grace.id, name="Ada lovelace")
    assert "GRACE" == app.accounts.change(CLERK, grace.id, name="GRACE").name


@pytest.mark.parametrize(
    ("told", "error"),
    [
        ({"name": "\x07"}, RequestInvalid),
        ({"password": "short"}, AccountPassword),
        ({"role": "root"}, RequestInvalid),
        ({"groups": ["7z"]}, GroupUnknown),
    ],
)
def test_a_wrong_account_is_refused(app, told, error):
    """And nothing of it is kept."""
    given = {"name": "Grace", "password": PASSWORD, "role": "teacher", "groups": (), **told}
    with pytest.raises(error):
        app.accounts.add(CLERK, given.pop("name"), given.pop("password"), given.pop("role"), **given)
    assert [] == app.accounts.all()


def test_the_last_admin_stays(app, ada):
    """Neither removed, nor put out of use, nor made a teacher, as long as there is no other who may sign in."""
    other = app.accounts.add(CLERK, "Other", PASSWORD, "admin")
    app.accounts.change(CLERK, other.id, active=False)
    for change in ({"active": False}, {"role": "teacher"}):
        with pytest.raises(AccountLast):
            app.accounts.change(CLERK, ada.id, **change)
    with pytest.raises(AccountLast):
        app.accounts.remove(CLERK, ada.id)
    assert ada == app.accounts.numbered(ada.id)


@pytest.mark.usefixtures("ada")
def test_changes_stand_in_the_log_without_names(app):
    """Who did it, and which parts; never a password."""
    with app.store.atomic() as transaction:
        groups.ensure(transaction, "7b")
    teacher = app.accounts.add(CLERK, "Grace", PASSWORD, "teacher", groups=["7b"])
    app.accounts.change(CLERK, teacher.id, name="Grace Hopper", groups=[])
    app.accounts.change(CLERK, teacher.id, active=True)
    app.accounts.set_password(CLERK, teacher.id, "another horse battery")
    app.accounts.remove(CLERK, teacher.id)
    with app.store.reading() as transaction:
        events = [(each.action, each.details) for each in history(transaction, subject=teacher.id)]
    assert [
        ("account.add", {"role": "teacher"}),
        ("account.change", {"changed": ["name", "groups"]}),
        ("account.change", {"changed": ["password"]}),
        ("account.remove", {}),
    ] == events


@pytest.mark.usefixtures("ada")
def test_an_unknown_account_is_named_with_those_that_come_near(app):
    """As other unknown names are."""
    with pytest.raises(AccountUnknown, match="Ada Lovelace"):
        app.accounts.named("Ada Lovelance")
    with pytest.raises(AccountUnknown):
        app.accounts.numbered(99)


def test_the_first_account_is_an_admin_made_by_the_link(app):
    """Once, and by nobody else."""
    secret = app.tokens.begin_setup(CLERK)
    assert [True, False] == [app.accounts.may_set_up(each) for each in (secret, "other")]
    with pytest.raises(SetupOver):
        app.accounts.first("other", "Mallory", PASSWORD)
    made = app.accounts.first(secret, "Ada", PASSWORD)
    assert ("Ada", "admin") == (made.name, made.role)
    with pytest.raises(SetupOver):
        app.accounts.first(secret, "Mallory", PASSWORD)
    assert not app.accounts.may_set_up(secret)


def test_a_weak_password_does_not_use_up_the_link(app):
    """It is tried again."""
    secret = app.tokens.begin_setup(CLERK)
    with pytest.raises(AccountPassword):
        app.accounts.first(secret, "Ada", "short")
    assert "Ada" == app.accounts.first(secret, "Ada", PASSWORD).name


def test_a_link_is_over_after_half_an_hour(app, clock):
    """Also for whoever has the form open."""
    secret = app.tokens.begin_setup(CLERK)
    clock.forward(minutes=30)
    assert not app.accounts.may_set_up(secret)
    with pytest.raises(SetupOver):
        app.accounts.first(secret, "Ada", PASSWORD)


def test_a_new_link_ends_the_old_one(app):
    """Only that of the last start holds."""
    old, new = app.tokens.begin_setup(CLERK), app.tokens.begin_setup(CLERK)
    assert [False, True] == [app.accounts.may_set_up(each) for each in (old, new)]


def test_there_is_no_link_where_there_is_an_account(app):
    """And one from before holds no more."""
    secret = app.tokens.begin_setup(CLERK)
    app.accounts.add(CLERK, "Ada", PASSWORD, "admin")
    assert not app.accounts.may_set_up(secret)
    with pytest.raises(SetupOver):
        app.accounts.first(secret, "Mallory", PASSWORD)
    assert app.tokens.begin_setup(CLERK) is None
