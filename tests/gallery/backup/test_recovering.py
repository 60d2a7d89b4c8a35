"""A home whose key is lost, from a backup that a recovery key opens as well."""

import json
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from gallery import BackupInvalid, Gallery, KeyWrong, RecoveryKeyWrong, Store, history, open_database
from gallery.backup import backup, erased, restore
from gallery.repositories import chain, chaincheck, secrets
from gallery.vault.key import load_key
from gallery.vault.recovery import new_pair

make = partial(restore, Store, along=("config.toml",), at=datetime(2026, 4, 1, tzinfo=UTC), by="Eva")


@pytest.fixture
def pair(tmp_path) -> tuple[str, Path]:
    """A public key, and the file of the private one."""
    public, private = new_pair()
    (tmp_path / "private").write_text(f"keep this apart\n{private}\n")
    return public, tmp_path / "private"


@pytest.fixture
def path(full, tmp_path, now, pair) -> Path:
    """A backup for both keys."""
    backup(full.store, full.vault, tmp_path / "b", at=now, along=("config.toml",), recovery=pair[0])
    return tmp_path / "b"


def test_all_but_what_was_sealed_comes_back(full, path, pair, new, enrol):
    """People, groups and settings are there without the key; what was sealed is counted as gone; enrolling goes on."""
    made = make(path, new, recovery=pair[1])
    with open_database(new) as store:
        there = Gallery(store, "test-1")
        names = [each.name for each in there.people(active=None)]
        after = there.verify()
        enrol(there, "Ada Lovelace", 5, external_id="E-1")
        assert 1 == len(there.load().ids)

    assert [each.name for each in full.people(active=None)] == names
    assert (3, {"gallery.no_template"}) == (made.gone["templates"], {each.id for each in after})
    assert load_key(new, create=False) != load_key(full.store.home, create=False)
    assert (new / "config.toml").read_bytes() == (full.store.home / "config.toml").read_bytes()


def test_the_log_tells_that_the_key_is_another(path, pair, new):
    """An entry under the new key vouches for those before, and one says how much was lost."""
    made = make(path, new, recovery=pair[1])
    with open_database(new) as store, store.reading() as view:
        last = history(view)[-2:]

        sealed = secrets.stored(view, Gallery(store, "e").sealer, chain.PURPOSE)
        checked = chaincheck.verify(view, sealed)

    assert (True, [last[0].seq]) == (checked.sound, list(checked.anew))
    assert [chain.BEGUN, "key.recover"] == [each.action for each in last]
    assert ("Eva", dict(made.gone)) == (last[1].by, last[1].details)


def test_the_key_of_the_home_opens_it_as_ever(path, key, new):
    """Nothing is lost where the home's own key is there."""
    made = make(path, new, key=key)
    with open_database(new) as store:
        assert (3, {}) == (len(Gallery(store, "test-1").load().ids), made.gone)


def test_the_home_s_key_is_not_in_it(full, path):
    """The head tells for whom it was wrapped, and neither key can be read in the file."""
    data, secret = path.read_bytes(), load_key(full.store.home, create=False)
    head = json.loads(data.partition(b"\n")[0])

    assert (2, {"sealing", "proving"}) == (head["version"], head["recovery"].keys())
    assert not any(each in data for each in (secret, secret.hex().encode()))


OTHERS = ["", "x", new_pair()[1], new_pair()[0], new_pair()[1][:-1]]


@pytest.mark.parametrize("text", OTHERS, ids=["empty", "letter", "other pair", "public", "cut"])
def test_another_recovery_key_opens_nothing(path, new, tmp_path, text):
    """The private key of another pair, a public one, one that was cut: refused by id, and no home is made."""
    (tmp_path / "other").write_text(text)
    for given in ("other", "nowhere"):
        with pytest.raises(RecoveryKeyWrong):
            make(path, new, recovery=tmp_path / given)
    assert not new.exists()


def test_a_backup_without_one_opens_by_its_key_alone(full, pair, new, tmp_path, now):
    """A backup that was made for no recovery key is refused with it, and says so."""
    backup(full.store, full.vault, tmp_path / "plain", at=now)
    with pytest.raises(RecoveryKeyWrong, match="was not made for a recovery key"):
        make(tmp_path / "plain", new, recovery=pair[1])
    assert not new.exists()


def test_a_wrong_public_key_makes_no_backup(full, tmp_path, now):
    """A public key that was mistyped is found before anything is written."""
    with pytest.raises(RecoveryKeyWrong):
        backup(full.store, full.vault, tmp_path / "b", at=now, recovery=new_pair()[0][:-1] + "x")
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize("change", [{"recovery": None}, {"recovery": {}}, {"recovery": {"sealing": 1, "proving": 2}}])
def test_a_head_without_its_wrapped_keys_is_no_backup(path, pair, new, tmp_path, change):
    """A head of the second version that was changed is refused."""
    head, _, rest = path.read_bytes().partition(b"\n")
    (tmp_path / "changed").write_bytes(json.dumps(json.loads(head) | change).encode() + b"\n" + rest)
    with pytest.raises(BackupInvalid):
        make(tmp_path / "changed", new, recovery=pair[1])
    assert not new.exists()


def test_what_was_erased_stays_erased(full, path, pair, new, tmp_path, now):
    """The list of the home proves itself to who has the recovery key alone."""
    full.remove("E-1", at=now, by="t")
    erased.publish(full.store, full.vault, [tmp_path])
    made = make(path, new, recovery=pair[1])
    with open_database(new) as store:
        assert ["Left", "עדה 🙂"] == sorted(each.name for each in Gallery(store, "e").people(active=None))
    assert 1 == made.erased["people"]


def test_a_second_try_takes_the_key_that_the_first_left(path, pair, new):
    """A restoration that was killed has left a new key: it is the home's, then."""
    new.mkdir()
    (new / "key").write_text("ab" * 32)
    (new / "key").chmod(0o600)
    make(path, new, recovery=pair[1])

    assert bytes.fromhex("ab" * 32) == load_key(new, create=False)
    with pytest.raises(KeyWrong):
        make(path, new.with_name("third"), key=new / "key")
