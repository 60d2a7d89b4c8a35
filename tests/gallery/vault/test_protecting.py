"""A key file is wrapped in another way, and a lost key given up: whole or not at all, whatever happens in between."""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from servers import contents, disk_full
from sqlalchemy import Engine, LargeBinary, event, select

from gallery import (
    Database,
    Gallery,
    GalleryError,
    GalleryFull,
    KeyExposed,
    KeyMissing,
    KeyPassphrase,
    KeySource,
    KeyWorks,
    KeyWrong,
    PassphraseShort,
    TemplateAltered,
    history,
    open_database,
)
from gallery.columns import Base
from gallery.repositories import credentials, places, receivers, resealing, secrets, sightings
from gallery.values import Sighting
from gallery.vault import filevault, key
from gallery.vault.filevault import FileVault
from gallery.vault.keyring import Keyring
from gallery.vault.seal import Sealer
from gallery.vault.sources import Sources

PHRASE = "five words that nobody guesses"
GIVEN = {"ATTENDANCE_KEY_PASSPHRASE": PHRASE}
WRAPPING = {"ATTENDANCE_KEY": "5c" * 32}
STEPS = 250
EVERY = {"sqlite": 2, "postgresql": 5}
"""At which of the statements of giving up the disk is full."""


def ring(given=None) -> Keyring:
    return Keyring(Sources(given or {}, lambda _question: None))


def gallery_of(store: Database, given=None) -> Gallery:
    return Gallery(store, "e", FileVault(store, ring(given)))


@pytest.fixture
def lived(home, enrol, served, now) -> Path:
    """A home with something in every sealed column, closed."""
    with open_database(home) as store:
        gallery = gallery_of(store)
        ada = enrol(gallery, "Ada", 1, crop=b"crop", groups=["g"]).person.id
        enrol(gallery, "Bob", 2)
        served.serve(gallery, ada, now, group="g")
        with store.atomic() as step:
            number = places.all_places(step)[0].id
            places.set_address(step, gallery.sealer, number, "rtsp://10.0.0.9")
            (seen,) = sightings.add(step, [Sighting(now, "camera", "door", "review", "e", person=ada)])
            sightings.keep_crops(step, gallery.sealer, {seen: b"a face"})
    return home


def _sealed(home: Path) -> dict[str, list[bytes]]:
    """Every sealed value by its column, found by walking the schema."""
    columns = [c for table in Base.metadata.sorted_tables for c in table.columns if isinstance(c.type, LargeBinary)]
    with open_database(home, read_only=True) as store, store.reading() as view:
        return {str(c): [value for value in view.scalars(select(c)) if value is not None] for c in columns}


def _opened(home: Path, given=None, **options) -> list:
    """Everything sealed in a home, opened by a program that has just started."""
    with open_database(home, **options) as store:
        gallery = gallery_of(store, given)
        with store.reading() as view:
            found = list(_plain(view, gallery.sealer))
        return [found, gallery.verify()]


def _plain(view, cipher):
    for each in resealing._everything():
        for *_, person, pipeline, sealed in view.execute(each.query):
            yield cipher.open(sealed, person=person, pipeline_id=pipeline, purpose=each.purpose)


def _key(home: Path) -> bytes:
    return (home / "key").read_bytes()


# Wrapped in another way


WAYS = [("passphrase", GIVEN), ("environment", WRAPPING)]


@pytest.mark.parametrize(("by", "given"), WAYS)
def test_a_key_is_wrapped_and_laid_open_again(lived, now, by, given):
    """Protected, everything opens as before with the source alone; with `file` the plain key is back; both are told."""
    before, plain = _opened(lived), _key(lived)
    with open_database(lived) as store:
        gallery_of(store, given).vault.protect(by, at=now, by="t")
        assert [{"by": by}] == [each.details for each in _told(store, "key.protect")]
    assert plain.strip() not in _key(lived)
    assert (0o600, False) == ((lived / "key").stat().st_mode & 0o777, (lived / "key.new").exists())
    assert before == _opened(lived, given) == _opened(lived, given, read_only=True)
    with pytest.raises(KeySource):
        _opened(lived)
    with open_database(lived) as store:
        gallery_of(store, given).vault.protect(None, at=now, by="t")

    assert (plain, before) == (_key(lived), _opened(lived))


def _told(store: Database, action: str) -> list:
    with store.reading() as view:
        return history(view, action=action)


def test_a_new_passphrase_takes_the_place_of_the_old(lived, now):
    """The old passphrase opens nothing after another one was chosen; a short one changes nothing."""
    with open_database(lived) as store:
        vault = gallery_of(store, GIVEN).vault
        vault.protect("passphrase", at=now, by="t")
        before = _key(lived)
        with pytest.raises(PassphraseShort):
            vault.protect("passphrase", at=now, by="t", passphrase="brief")  # noqa: S106
        assert (before, False) == (_key(lived), (lived / "key.new").exists())
        vault.protect("passphrase", at=now, by="t", passphrase="quite another passphrase")  # noqa: S106
    with pytest.raises(KeyPassphrase):
        _opened(lived, GIVEN)

    assert [] == _opened(lived, {"ATTENDANCE_KEY_PASSPHRASE": "quite another passphrase"})[-1]


def test_programs_that_run_go_on(lived, enrol, now):
    """A program that has the key in memory goes on when it is wrapped, and needs no passphrase after a rotation."""
    with open_database(lived) as store, open_database(lived) as other:
        running = gallery_of(store)
        running.load()
        protecting = gallery_of(other, GIVEN)
        protecting.vault.protect("passphrase", at=now, by="t")
        enrol(running, "Cid", 3)
        unlocked = gallery_of(store, GIVEN)
        unlocked.load()
        unlocked.vault._ring._sources = Sources({}, lambda _: None)  # it was typed, and nobody is there any more
        protecting.vault.rotate(at=now, by="t")

        assert 3 == len(unlocked.load().ids)
        enrol(unlocked, "Dee", 4)
    assert [] == _opened(lived, GIVEN)[-1]


def test_a_rotation_keeps_the_wrapping_and_leaves_the_old_key_nothing(lived, now):
    """In no sealed column of the schema a value opens with the old key or is as it was, and all open with the new."""
    with open_database(lived) as store:
        vault = gallery_of(store, GIVEN).vault
        vault.protect("passphrase", at=now, by="t")
        home_id = store.meta("home_id")
    lying, old = _sealed(lived), Sealer(ring(GIVEN).opened(_key(lived), "key"), home_id)
    assert {} == {column: 0 for column, values in lying.items() if not values}
    before = _opened(lived, GIVEN)
    with open_database(lived) as store:
        count = gallery_of(store, GIVEN).vault.rotate(at=now, by="t")
    after = _sealed(lived)

    assert before == _opened(lived, GIVEN)
    assert count == sum(map(len, after.values()))
    assert not {v for values in lying.values() for v in values} & {v for values in after.values() for v in values}
    with open_database(lived, read_only=True) as store, store.reading() as view:
        for each in resealing._everything():
            for *_, person, pipeline, sealed in view.execute(each.query):
                with pytest.raises(TemplateAltered):
                    old.open(sealed, person=person, pipeline_id=pipeline, purpose=each.purpose)
    files = b"".join(contents(lived).values())
    assert not [value for values in lying.values() for value in values if value in files]


def test_the_chain_goes_on(lived, now):
    """After protecting and rotating, every entry of the log is linked to the one before by one and the same key."""
    with open_database(lived) as store:
        vault = gallery_of(store, GIVEN).vault
        vault.protect("passphrase", at=now, by="t")
        vault.rotate(at=now, by="t")
        with store.reading() as view:
            links = list(view.execute(select(*(Base.metadata.tables["event"].c[n] for n in ("prev", "link")))))

    assert [link for _, link in links[:-1]] == [prev for prev, _ in links[1:]]
    assert {"k:"} == {link[:2] for _, link in links}


@pytest.mark.parametrize("spoil", ["empty", "other", "open", "gone", "cut"])
def test_a_wrong_file_changes_nothing(lived, now, spoil):
    """Key file of another home, empty, cut, open to others or gone: neither rotated nor wrapped, and as it was."""
    path, expected = lived / "key", {"open": KeyExposed, "gone": KeyMissing}.get(spoil, KeyWrong)
    data = {"empty": b"", "other": b"ab" * 32 + b"\n", "cut": _key(lived)[:20]}.get(spoil, _key(lived))
    path.unlink()
    if spoil != "gone":
        path.write_bytes(data)
        path.chmod(0o644 if spoil == "open" else 0o600)
    sealed = _sealed(lived)
    with open_database(lived) as store:
        vault = gallery_of(store, GIVEN).vault
        for act in (lambda: vault.rotate(at=now, by="t"), lambda: vault.protect("passphrase", at=now, by="t")):
            with pytest.raises(expected):
                act()

    assert sealed == _sealed(lived)
    assert (spoil == "gone" or data == path.read_bytes(), False) == (True, (lived / "key.new").exists())


ACTS = {
    "rotate": lambda vault, now: vault.rotate(at=now, by="t"),
    "protect": lambda vault, now: vault.protect("passphrase", at=now, by="t"),
}


@pytest.mark.parametrize("act", ACTS)
def test_a_disk_without_room_for_a_key_changes_nothing(lived, now, monkeypatch, act):
    """Where no key file can be written, the step is refused as a whole, and the home opens as before."""
    before, lying = _opened(lived), _key(lived)
    with open_database(lived) as store, monkeypatch.context() as patch:
        _no_room_for_files(patch)
        with pytest.raises(GalleryFull):
            ACTS[act](gallery_of(store, GIVEN).vault, now)

    assert (lying, before, False) == (_key(lived), _opened(lived), (lived / "key.new").exists())


def _no_room_for_files(patch) -> None:
    def full(path, _data) -> None:
        raise OSError(28, "No space left on device", str(path))

    patch.setattr(Path, "write_bytes", full)


@pytest.mark.parametrize("act", ACTS)
def test_a_disk_that_fills_up_changes_nothing(lived, now, act, listen, homes, drawn):
    """Whichever statement finds the disk full: all or nothing was done, and what was refused left no trace.

    They are counted once; the first, the last and some between are tried.
    """
    with open_database(homes.copy(lived, "counted")) as store:
        vault = gallery_of(store, GIVEN).vault
        vault.unlock()
        left = _full_at(listen, store, 0)
        ACTS[act](vault, now)
    before, lying, first, refused = _opened(lived), _key(lived), _key(lived), 0
    for steps in [*drawn(-left()), 0]:
        with open_database(lived) as store:
            vault = gallery_of(store, GIVEN).vault
            vault.unlock()
            left = _full_at(listen, store, steps)
            try:
                ACTS[act](vault, now)
            except GalleryFull:
                refused += 1
                assert (steps, lying) == (steps, _key(lived))
        assert (steps, before) == (steps, _opened(lived, GIVEN))
        lying = _key(lived)

    assert left() < 0 < refused
    assert first != lying


def _full_at(listen, store: Database, steps: int) -> Callable[[], int]:
    """Have the disk be full at this statement, and none after it; the answer tells how many were left to come.

    Less than none: how many came after it, or at all where it was 0.
    """
    left = [steps]

    def step(connection, *_: object) -> None:
        if connection.engine.pool in (store._engine.pool, store._writer.pool):
            left[0] -= 1
            if left[0] == 0:
                raise disk_full(store.engine)

    listen("before_cursor_execute", step)
    return lambda: left[0]


# Given up


def _lose(home: Path) -> None:
    (home / "key").unlink()


def test_a_lost_key_is_given_up(lived, now, enrol):
    """Everything sealed goes, a new key begins, people and their marks stay, and the home is at work again."""
    before = _sealed(lived)
    _lose(lived)
    with open_database(lived) as store:
        gallery = gallery_of(store)
        gone = gallery.vault.abandon(at=now, by="the owner")
        assert [gone] == [each.details for each in _told(store, "key.abandon")]
        assert (["Ada", "Bob"], 0) == ([each.name for each in gallery.people()], gallery.stats().templates)
        with store.reading() as view:
            assert ["pin"] == [each.kind for each in credentials.all_credentials(view)]
            (hook,) = receivers.all_receivers(view)
            assert (False, "gallery.key_missing", ["audit"]) == (hook.active, hook.reason, secrets.purposes(view))
        enrol(gallery, "Ada", 5)
    assert {"secret.value": 1, "template.vector": 1} == {c: len(v) for c, v in _sealed(lived).items() if v}
    assert {"templates": 2, "faces": 1, "answers": 1, "second_factors": 1, "secrets": 2, "credentials": 2} == {
        name: count for name, count in gone.items() if name != "addresses"
    }
    assert 2 == gone["addresses"]
    assert {"gallery.no_template"} == {each.id for each in _opened(lived)[-1]}
    files = b"".join(contents(lived).values())
    assert not [value for values in before.values() for value in values if value in files]


def test_the_log_begins_anew_after_a_lost_key(lived, now):
    """What was linked by the lost key is vouched for by one entry, and the new key links from there on."""
    _lose(lived)
    with open_database(lived) as store:
        gallery_of(store).vault.abandon(at=now, by="t")
        with store.reading() as view:
            entries = history(view)
            links = list(view.execute(select(*(Base.metadata.tables["event"].c[n] for n in ("prev", "link")))))
    begun = next(at for at, each in enumerate(entries) if each.action == "audit.begin" and at)

    assert ("start", begun) == (links[begun][0], entries[begun].details["entries"])
    assert [link for _, link in links[begun:-1]] == [prev for prev, _ in links[begun + 1 :]]
    assert "key.abandon" == entries[begun + 1].action


def test_a_key_that_works_is_not_given_up(lived, now):
    """Where the key opens what is stored, or only its mode is wrong, nothing is given up."""
    before = _sealed(lived)
    with open_database(lived) as store, pytest.raises(KeyWorks):
        gallery_of(store).vault.abandon(at=now, by="t")
    (lived / "key").chmod(0o644)
    with open_database(lived) as store, pytest.raises(KeyExposed):
        gallery_of(store).vault.abandon(at=now, by="t")

    assert before == _sealed(lived)


def test_the_file_that_lies_there_is_kept(lived, now):
    """A key file that does not open is kept beside the new one: a backup may open with it."""
    (lived / "key").write_bytes(b"ab" * 32 + b"\n")
    with open_database(lived) as store:
        gallery_of(store, WRAPPING).vault.abandon(at=now, by="t")
    (kept,) = lived.glob("key.lost-*")

    assert (b"ab" * 32 + b"\n", 0o600) == (kept.read_bytes(), kept.stat().st_mode & 0o777)
    assert b"environment" in _key(lived)


def test_a_full_disk_gives_up_nothing(lived, now, monkeypatch, homes, listen, engine):
    """Where the new key cannot be written, or a statement finds the disk full, all waits for the old key as before."""
    lying = _key(lived)
    _lose(lived)
    before, refused = _sealed(lived), 0
    with open_database(lived) as store, monkeypatch.context() as patch:
        _no_room_for_files(patch)
        with pytest.raises(GalleryFull):
            gallery_of(store).vault.abandon(at=now, by="t")
    for steps in range(1, STEPS, EVERY[engine]):
        home = homes.copy(lived, f"copy {steps}")
        with open_database(home) as store:
            left = _full_at(listen, store, steps)
            try:
                gallery_of(store).vault.abandon(at=now, by="t")
            except GalleryFull:
                refused += 1
        with open_database(home) as store:
            done = bool(_told(store, "key.abandon"))
        if done:
            assert {"gallery.no_template"} == {each.id for each in _opened(home)[-1]}
        else:
            assert (steps, before) == (steps, _sealed(home))
        if left() > 0:
            break
    assert refused > 3
    assert lying != _key(home)


def test_what_a_full_disk_refused_opens_with_the_key_again(lived, now, monkeypatch):
    """After giving up was refused, the old key, found again, opens everything."""
    lying = _key(lived)
    _lose(lived)
    with open_database(lived) as store, monkeypatch.context() as patch:
        _no_room_for_files(patch)
        with pytest.raises(GalleryFull):
            gallery_of(store).vault.abandon(at=now, by="t")
    (lived / "key").write_bytes(lying)
    (lived / "key").chmod(0o600)

    assert [] == _opened(lived)[-1]


# Killed


def _killed_at(steps: int, home: Path, act: Callable[[FileVault], object], given) -> bool:
    """Whether a process that does it died at this step."""
    pid = os.fork()
    if pid == 0:
        try:
            _die_while(steps, home, act, given)
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(pid, 0)[1])


def _counted(home: Path, act: Callable[[FileVault], object], given) -> tuple[int, tuple[int, ...]]:
    """How many steps it takes, and which are before and after those of files."""
    pid = os.fork()
    if pid == 0:
        try:
            (home / "steps").write_text(json.dumps(_die_while(0, home, act, given)))
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    count, named = json.loads((home / "steps").read_text())
    return count, tuple(named)


def _die_while(steps: int, home: Path, act: Callable[[FileVault], object], given) -> tuple[int, list[int]]:
    taken, named = 0, []

    def step(*_: object) -> None:
        nonlocal taken
        taken += 1
        if taken == steps:
            os.kill(os.getpid(), signal.SIGKILL)

    def file_step() -> None:
        named.append(taken + 1)
        step()

    def around(function):
        def stepped(*args):
            file_step()
            result = function(*args)
            file_step()
            return result

        return stepped

    with open_database(home) as store:
        for name in ("before_cursor_execute", "commit"):
            event.listen(Engine, name, step)
        filevault.put_in_place = around(filevault.put_in_place)
        filevault.write_waiting = around(filevault.write_waiting)
        for name in ("write_new", "drop_waiting", "set_aside"):
            setattr(key, name, around(getattr(key, name)))
        act(gallery_of(store, given).vault)
    return taken, named


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
@pytest.mark.parametrize("back", [False, True])
def test_protecting_survives_kill_at_any_step(lived, now, back, homes, drawn):
    """Killed at any statement or step of a file: the home opens the old way or the new, and the event tells which.

    They are counted once; tried are the first, the last, those before and after a step of a file, and some between.
    """
    before, ways, deaths = _opened(lived), set(), 0

    def protect(vault: FileVault) -> None:
        vault.protect(None if back else "passphrase", at=now, by="t")

    if back:
        with open_database(lived) as store:
            gallery_of(store, GIVEN).vault.protect("passphrase", at=now, by="t")
    start = _key(lived)
    for steps in [*drawn(*_counted(homes.copy(lived, "counted"), protect, GIVEN)), 0]:
        with open_database(lived) as store:
            told = len(_told(store, "key.protect"))
        killed = _killed_at(steps, lived, protect, GIVEN)
        deaths += killed
        assert (steps, before) == (steps, _opened(lived, GIVEN, read_only=True))
        assert (steps, before) == (steps, _opened(lived, GIVEN))
        with open_database(lived) as store:
            changed = len(_told(store, "key.protect")) - told
        assert bool(changed) == (start != _key(lived))
        assert not (lived / "key.new").exists()
        ways.add(changed)
        if changed:
            (lived / "key").write_bytes(start)

    assert deaths >= 8
    assert not killed
    assert {0, 1} == ways


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_giving_up_survives_kill_at_any_step(lived, now, homes, drawn):
    """Killed at any statement or step of a file: all waits for the lost key as before, or the new one is at work.

    They are counted once; tried are the first, the last, those before and after a step of a file, and some between.
    """
    lost, outcomes = _key(lived), []

    def abandon(vault: FileVault) -> None:
        vault.abandon(at=now, by="t")

    before = _sealed(lived)
    _lose(lived)
    for steps in drawn(*_counted(homes.copy(lived, "counted"), abandon, {})):
        home = homes.copy(lived, f"copy {steps}")
        killed = _killed_at(steps, home, abandon, {})
        with open_database(home) as store:
            done = bool(_told(store, "key.abandon"))
        outcomes.append((killed, done))
        if done:
            assert {"gallery.no_template"} == {each.id for each in _opened(home)[-1]}
            assert lost != _key(home)
        else:
            assert (steps, before) == (steps, _sealed(home))
            with pytest.raises(GalleryError):
                _opened(home)
            assert not (home / "key").exists()

    assert len(outcomes) > 8
    assert {(True, False), (True, True)} == set(outcomes)
    assert not _killed_at(1000, home, abandon, {})  # done already, it refuses
    assert {"gallery.no_template"} == {each.id for each in _opened(home)[-1]}
