"""Addresses of databases on servers: what may be shown of one, and what cannot be one."""

import pytest

from gallery import open_database
from gallery.errors import AddressInvalid, NotEmpty, TextInvalid
from gallery.locations import is_address, parsed, point_at, pointer


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


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://ana:Geheim@77@one/a",
        "postgresql://ana:Geh/eim77@one/a",
        "postgresql://ana:Geh?eim77@one/a",
        "postgresql://ana:Geh#eim77@one/a",
        "postgresql://ana:Geheim%77%@one/a",
        "postgresql://ana:Geheim 77@one/a",
        "postgresql://ana:pw@one:Geheim77/a",
        "postgresql:ana:Geheim77@one/a",
        "mysql://ana:Geheim77@one/a",
        "postgresql+psycopg://ana:Geheim77@one/a",
        "host=one user=ana password=Geheim77 dbname=a",
    ],
)
def test_what_cannot_be_read_is_no_folder_and_shows_no_password(text):
    """An address of another kind or with a sign in it that is not written out is no folder's name, and never shown."""
    assert is_address(text)
    with pytest.raises(AddressInvalid) as caught:
        parsed(text)
    assert not [part for part in ("Geh", "eim", "77") if part in str(caught.value)]


def test_a_scheme_is_read_in_either_case():
    """POSTGRES:// says the same as postgresql://, and a folder with a colon or an = in its name is one."""
    assert parsed("postgresql://one/a") == parsed("POSTGRES://one/a")
    assert not any(map(is_address, ["C:/homes/a", "./a:b", "/x/user=7", "homes/postgresql", "postgresql"]))


def test_a_folder_without_a_key_takes_another_address(tmp_path):
    """A mistyped first address is made good by the next one; once a key lies there, the folder is that home's."""
    point_at(tmp_path, parsed("postgresql://one/typo"))
    point_at(tmp_path, parsed("postgresql://one/a"))
    assert parsed("postgresql://one/a") == pointer(tmp_path)
    (tmp_path / "key").write_text("")

    with pytest.raises(NotEmpty, match="postgresql://one/a; where that has moved"):
        point_at(tmp_path, parsed("postgresql://two/a"))
    assert parsed("postgresql://one/a") == pointer(tmp_path)


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
