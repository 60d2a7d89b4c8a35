"""Accounts: names once, groups that exist, what is changed and what stays."""

import pytest

from gallery import Conflict, PersonInvalid
from gallery.repositories import accounts, groups, sign_ins
from gallery.servicevalues import Account


@pytest.fixture
def school(store, gallery, now):
    """Groups 5a and 5b, with somebody in each."""
    for group in ("5a", "5b"):
        gallery.add_person(f"of {group}", groups=[group], at=now, by="t")
    return store


def test_an_account_comes_back_as_it_was_made(school, now):
    """Name, role and groups are told, by name and by number; the hash of the password is told apart."""
    with school.atomic() as step:
        made = accounts.insert(step, "  Ms  Curie ", "hash", "teacher", groups=["5b", "5a", "5a"], at=now)
        assert Account(1, "Ms Curie", "teacher", ("5a", "5b"), active=True, created=now) == made
        assert [made] * 3 == [
            accounts.named(step, "Ms Curie"),
            accounts.numbered(step, 1),
            *accounts.all_accounts(step),
        ]
        assert "hash" == accounts.password_of(step, made.id)
        assert (None, None) == (accounts.named(step, "ms curie"), accounts.numbered(step, 2))


def test_a_name_is_had_once(school, now):
    """A second account of a name, made so or renamed to it, is refused; its own name may be given again."""
    with school.atomic() as step:
        accounts.insert(step, "ada", "h", "admin", at=now)
        bob = accounts.insert(step, "bob", "h", "teacher", at=now)
        for again in (
            lambda: accounts.insert(step, "ada", "h", "teacher", at=now),
            lambda: accounts.change(step, bob.id, name="ada"),
        ):
            with pytest.raises(Conflict, match="ada"):
                again()
        assert bob == accounts.change(step, bob.id, name="bob")
        with pytest.raises(PersonInvalid, match="account"):
            accounts.insert(step, " \t", "h", "admin", at=now)


def test_groups_of_accounts_exist(school, now):
    """A group that is not there is refused, when an account is made and when it is changed."""
    with pytest.raises(Conflict, match="5c"), school.atomic() as step:
        accounts.insert(step, "ada", "h", "teacher", groups=["5a", "5c"], at=now)
    with school.atomic() as step:
        assert [] == accounts.all_accounts(step)
        ada = accounts.insert(step, "ada", "h", "teacher", groups=["5a"], at=now)
    with pytest.raises(Conflict, match="5c"), school.atomic() as step:
        accounts.change(step, ada.id, groups=["5c"])
    with school.reading() as view:
        assert [ada] == accounts.all_accounts(view)


def test_what_is_not_named_stays(school, now):
    """A change touches what it names and nothing else; no groups are something else than none named."""
    with school.atomic() as step:
        ada = accounts.insert(step, "ada", "h", "teacher", groups=["5a"], at=now)
        bob = accounts.insert(step, "bob", "h", "teacher", groups=["5b"], at=now)
        assert (("5a",), "h") == (
            accounts.change(step, ada.id, role="admin").groups,
            accounts.password_of(step, ada.id),
        )
        changed = accounts.change(step, ada.id, groups=[], active=False, password="i", name="eve")  # noqa: S106
        assert Account(ada.id, "eve", "admin", (), active=False, created=now) == changed
        assert "i" == accounts.password_of(step, ada.id)
        assert [bob, changed] == accounts.all_accounts(step)


def test_admins_are_counted(school, now):
    """Admins out of use do not count, nor do teachers."""
    with school.atomic() as step:
        made = [
            accounts.insert(step, name, "h", role, at=now)
            for name, role in (("a", "admin"), ("b", "admin"), ("c", "teacher"))
        ]
        assert 2 == accounts.count_admins(step)
        accounts.change(step, made[0].id, active=False)
        assert 1 == accounts.count_admins(step)
        accounts.change(step, made[1].id, role="teacher")
        assert 0 == accounts.count_admins(step)


def test_a_removed_account_is_signed_out(school, now):
    """With an account its browsers and its groups' rows go; the number is never used again."""
    with school.atomic() as step:
        ada = accounts.insert(step, "ada", "h", "teacher", groups=["5a"], at=now)
        sign_ins.insert(step, "d", ada.id, at=now)
        accounts.remove(step, ada.id)
        assert ([], None) == (accounts.all_accounts(step), sign_ins.found(step, "d"))
        assert ada.id < accounts.insert(step, "ada", "h", "teacher", at=now).id


def test_a_group_lives_as_long_as_an_account_is_for_it(school, gallery, now):
    """Whose last member leaves a group takes it from no teacher: the next who joins is theirs again."""
    with school.atomic() as step:
        accounts.insert(step, "ada", "h", "teacher", groups=["5a"], at=now)
    for group in ("5a", "5b"):
        gallery.remove(f"of {group}", at=now, by="t")
    with school.atomic() as step:
        assert ["5a"] == groups.names(step)
        assert ("5a",) == accounts.numbered(step, 1).groups
