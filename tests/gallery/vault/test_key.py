"""The key file: private, never replaced, and refused where it is another's."""

import os

import pytest

from gallery import Gallery, KeyExposed, KeyMissing, KeyWrong, load_key, open_database
from gallery.vault.key import key_text, read_copy


@pytest.fixture
def sealed_home(home, enrol):
    """A home with one template, closed."""
    with open_database(home) as store:
        enrol(Gallery(store, "e"), "Ada", 1)
    return home


def _open_all(home, **options):
    with open_database(home, **options) as store:
        return Gallery(store, "e").load()


def test_the_key_is_private_and_random(tmp_path):
    """The key file has mode 0600, holds 32 bytes in hexadecimal, and differs from home to home."""
    keys = set()
    for name in "ab":
        (tmp_path / name).mkdir()
        keys.add(load_key(tmp_path / name, create=True))
        assert 0o600 == (tmp_path / name / "key").stat().st_mode & 0o777
        assert load_key(tmp_path / name, create=True) in keys

    assert {32} == {len(key) for key in keys}
    assert 2 == len(keys)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o601])
def test_a_key_others_may_read_is_refused(sealed_home, mode):
    """A key file open to group or others is refused, with its mode in the message."""
    (sealed_home / "key").chmod(mode)
    with pytest.raises(KeyExposed, match=f"{mode:04o}"):
        _open_all(sealed_home)


def test_a_key_its_owner_may_only_read_is_fine(sealed_home):
    """Mode 0400 is stricter than 0600 and accepted."""
    (sealed_home / "key").chmod(0o400)

    assert 1 == len(_open_all(sealed_home).ids)


def test_a_missing_key_is_never_replaced(sealed_home, enrol):
    """With templates stored and the key gone, reading and enrolling are refused and no key is made."""
    (sealed_home / "key").unlink()
    with pytest.raises(KeyMissing):
        _open_all(sealed_home)
    with open_database(sealed_home) as store, pytest.raises(KeyMissing):
        enrol(Gallery(store, "e"), "Bob", 2)

    assert not (sealed_home / "key").exists()


@pytest.mark.parametrize("key", ["00" * 32, "ff" * 31, "no key", "", "é" * 64])
def test_a_wrong_key_is_refused(sealed_home, enrol, key):
    """A key of another home, or a malformed one, is refused before anything is opened or sealed with it."""
    (sealed_home / "key").write_text(key)
    for read_only in (False, True):
        with pytest.raises(KeyWrong):
            _open_all(sealed_home, read_only=read_only)
    with open_database(sealed_home) as store, pytest.raises(KeyWrong):
        enrol(Gallery(store, "e"), "Bob", 2)

    assert (sealed_home / "key").read_text() == key


def test_reading_people_needs_no_key(sealed_home):
    """Lists and counts work without the key; only templates need it."""
    (sealed_home / "key").unlink()
    with open_database(sealed_home, read_only=True) as store:
        found = Gallery(store, "e")
        assert (["Ada"], 1) == ([person.name for person in found.people()], found.stats().templates)


def test_looking_at_an_empty_home_makes_no_key(home):
    """A home without templates is searched without a key being made."""
    assert 0 == len(_open_all(home).ids)
    assert not (home / "key").exists()


def test_an_empty_home_takes_the_key_it_is_given(home, enrol):
    """Where nothing is sealed yet, a key put there is used, also after another one was in use."""
    with open_database(home) as store:
        _ = Gallery(store, "e").sealer
    os.unlink(home / "key")  # noqa: PTH108
    (home / "key").write_text("ab" * 32)
    (home / "key").chmod(0o600)
    with open_database(home) as store:
        enrol(Gallery(store, "e"), "Ada", 1)

    assert 1 == len(_open_all(home).ids)
    assert "ab" * 32 == (home / "key").read_text()


def test_a_key_swapped_while_enrolling_is_refused(home, enrol):
    """Two programs with different keys cannot both seal: the second is refused when it comes to write."""
    with open_database(home) as store:
        first = Gallery(store, "e")
        enrol(first, "Ada", 1)
        (home / "key").write_text("ab" * 32)
        with pytest.raises(KeyWrong):
            enrol(Gallery(store, "e"), "Bob", 2)
        enrol(first, "Cid", 3)
        assert ["Ada", "Cid"] == [person.name for person in first.people()]


def test_a_copy_of_a_key_may_have_any_mode(tmp_path):
    """A copy that others may read, as on a stick without modes, is read; no key, or none there, is refused."""
    path = tmp_path / "copy"
    path.write_bytes(key_text(bytes(range(32))))
    path.chmod(0o777)
    assert bytes(range(32)) == read_copy(path)

    path.write_text("00" * 31)
    with pytest.raises(KeyWrong):
        read_copy(path)
    with pytest.raises(KeyMissing):
        read_copy(tmp_path / "none")
