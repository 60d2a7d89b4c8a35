"""Addresses of databases on servers: what may be shown of one, and what cannot be one."""

import pytest

from gallery import open_database
from gallery.errors import AddressInvalid, TextInvalid
from gallery.locations import parsed


def test_an_address_may_name_several_servers():
    """Hosts and ports of each server are in the folder's name, and none of the password."""
    address = parsed("postgresql://me:secret@one:5432,two:5433/attendance?target_session_attrs=read-write")

    assert address.folder_name.startswith("one-5432-two-5433-attendance-")
    assert "secret" not in address.shown + address.folder_name


@pytest.mark.parametrize(
    "text", ["postgresql://one:x/a", "postgresql://one:1,two:99999/a", "postgresql://[::1/a", "mysql://one/a"]
)
def test_what_is_no_address_is_refused(text):
    """A port that is none, of the first server or a later one, a bracket left open, another kind: refused."""
    with pytest.raises(AddressInvalid):
        parsed(text)


@pytest.mark.parametrize("text", ["a\0b", "a\ud800b"])
def test_what_not_every_engine_keeps_is_refused_by_each(home, text):
    """The character NUL and half of a character are refused alike, and nothing is written."""
    with open_database(home) as store:
        with pytest.raises(TextInvalid):
            store.set_meta("fact", text)
        assert store.meta("fact") is None


def test_a_change_ends_a_wait_on_either_engine(home):
    """Whoever waits for another generation goes on once there is one, and else when the time is over."""
    with open_database(home) as store:
        before = store.generation()
        assert not store.wait_for_change(before, 0.1)
        with store.atomic() as step:
            store.bump(step)
        assert store.wait_for_change(before, 60)
