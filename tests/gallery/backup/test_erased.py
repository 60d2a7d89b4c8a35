"""What was erased stays erased: lists beside home and backups, and a restoration that erases again."""

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from servers import contents
from sqlalchemy import text

from gallery import Database, ErasureListInvalid, Gallery, GalleryFull, history, open_database
from gallery.backup import backup, erased, restore
from gallery.backup.erased import Entry
from gallery.files import NO_ROOM
from gallery.opening import engine_of, is_there
from gallery.privacyvalues import ConsentWord
from gallery.repositories import carried, consents, erasures, secrets, sightings
from gallery.repositories.erasures import Erasure
from gallery.sqlite import restoring as sqlite_restoring
from gallery.values import ScoredKey, Sighting


def make(source, home, **more):
    """Restore into a home on whichever engine it is to be."""
    return restore(engine_of(home), source, home, **({"along": ("config.toml",)} | more))


PHRASE = "correct horse battery"
LATER = datetime(2026, 4, 1, 12, tzinfo=UTC)


def _publish(gallery: Gallery, folder: Path) -> Path:
    return erased.publish(gallery.store, gallery.vault, [folder])[1]


def _opened(home: Path) -> tuple[Database, Gallery]:
    store = open_database(home)
    return store, Gallery(store, "test-1")


def _names(home: Path) -> list[str]:
    store, gallery = _opened(home)
    with store:
        return sorted(each.name for each in gallery.people(active=None))


# Lists


def test_a_list_tells_what_was_erased_and_nobodys_name(full, tmp_path, now):
    """The file has internal ids and instants, is private, and reads back; a folder that is not there is passed over."""
    ada = full.find("E-1").id
    full.remove("E-1", at=now, by="t")
    written = erased.publish(full.store, full.vault, [tmp_path, tmp_path / "nowhere"])
    found = json.loads(written[1].read_text())

    assert [full.store.home / "erased", tmp_path / f"erased-{full.store.meta('home_id')}"] == written
    assert [[ada, "person"], [4, "person"]] == [each[:2] for each in found["erasures"]]
    assert written[0].read_bytes() == written[1].read_bytes()
    assert {0o600} == {path.stat().st_mode & 0o777 for path in written}
    assert "Ada" not in written[0].read_text()


def _read(gallery: Gallery, path: Path) -> list[Entry]:
    with gallery.store.reading() as view:
        return erased.read(path, gallery.store.meta("home_id") or "", erased.proving(view, gallery.sealer))


def test_a_list_forgets_nothing_that_it_told(full, tmp_path, now):
    """What only the file tells, as the home was restored from before, stays in it when it is written anew."""
    path = _publish(full, tmp_path)
    with full.store.reading() as view:
        keys = erased.proving(view, full.sealer)
    more = Entry(Erasure(99, "person", now))
    erased.write(path, full.store.meta("home_id"), keys, [*_read(full, path), more])
    _publish(full, tmp_path)

    assert [4, 99] == [each.erasure.person_key for each in _read(full, path)]


def test_two_programs_that_write_a_list_at_once_lose_nothing(full, tmp_path, now, monkeypatch):
    """What another one erases and writes while this one is about to write is in the list that stays."""
    write, raced = erased.write, []

    def slow(*told):
        if not raced:
            raced.append(True)
            with full.store.atomic() as step:
                erasures.put(step, Erasure(77, "person", now))
            erased.publish(full.store, full.vault, [tmp_path])
        write(*told)

    monkeypatch.setattr(erased, "write", slow)

    for path in erased.publish(full.store, full.vault, [tmp_path]):
        assert [4, 77] == [each.erasure.person_key for each in _read(full, path)]


def test_a_list_is_proved_after_the_key_is_rotated(full, tmp_path, now):
    """A list from before a rotation is one of this home still, and one from after it proves itself to the old key."""
    path = _publish(full, tmp_path)
    before = _read(full, path)
    with full.store.reading() as view:
        old = erased.proving(view, full.sealer)
    full.vault.rotate(at=now, by="t")

    assert before == _read(full, path)
    _publish(full, tmp_path)
    assert before == erased.read(path, full.store.meta("home_id"), old)


def _changed(path: Path, change) -> None:
    found = json.loads(path.read_text())
    change(found)
    path.write_text(json.dumps(found))


CHANGES = {
    "one more": lambda found: found["erasures"].append([1, "person", LATER.isoformat(), None]),
    "one less": lambda found: found["erasures"].clear(),
    "another instant": lambda found: found["erasures"][0].__setitem__(2, LATER.isoformat()),
    "another home": lambda found: found.update(home="0" * 32),
    "no proof": lambda found: found.update(proofs=[]),
    "a wrong proof": lambda found: found.update(proofs=["0" * 64, 1, None, {}]),
    "no proofs": lambda found: found.pop("proofs"),
    "proofs that are none": lambda found: found.update(proofs=7),
    "a later version": lambda found: found.update(version=2),
    "another format": lambda found: found.update(format="x"),
}


def _refused(source: Path, home: Path, key: Path, what: object) -> None:
    with pytest.raises(ErasureListInvalid):
        make(source, home, key=key)
    assert (False, what) == (is_there(home), what)


def test_a_forged_list_restores_nothing(full, save, key, new, tmp_path):
    """A list that anybody has changed, or that is of another home, is refused by id, and no home is made."""
    path, listed = save(), _publish(full, tmp_path)
    genuine = listed.read_bytes()
    for name, change in CHANGES.items():
        listed.write_bytes(genuine)
        _changed(listed, change)
        _refused(path, new, key, name)

    assert "gallery.erasure_list" == ErasureListInvalid.id


def test_what_is_no_list_restores_nothing(save, key, new, tmp_path):
    """A file called so that is no list is refused as well: what it should tell may be lost."""
    path, listed = save(), tmp_path / "erased"
    for content in (b"", b"[]", b"{}", b"null", b"\xff", b"[" * 100_000):
        listed.write_bytes(content)
        _refused(path, new, key, content[:9])
    listed.unlink()
    listed.mkdir()
    _refused(path, new, key, "folder")


def test_the_list_of_another_home_beside_is_no_obstacle(save, key, new, tmp_path):
    """Two homes may have their backups in one folder: each has a list of its own name."""
    path = save()
    (tmp_path / f"erased-{'0' * 32}").write_text("of another home")
    make(path, new, key=key)

    assert new.exists()


def test_a_list_that_is_named_must_be_there(save, key, new, tmp_path):
    """A list given by name that is not there is refused."""
    with pytest.raises(ErasureListInvalid, match="no such file"):
        make(save(), new, key=key, lists=[tmp_path / "nowhere"])


def test_a_full_disk_leaves_the_list_as_it_was(full, tmp_path, monkeypatch):
    """Where no list can be written: gallery.full, and the one that is there stays."""
    path = _publish(full, tmp_path)
    before = path.read_bytes()

    def no_room(*_: object, **__: object) -> None:
        raise OSError(next(iter(NO_ROOM)), "full")

    monkeypatch.setattr(Path, "write_text", no_room)
    with pytest.raises(GalleryFull):
        _publish(full, tmp_path)
    assert before == path.read_bytes()


# Restored


@pytest.mark.parametrize("place", ["beside the backup", "in the folder", "given"])
def test_who_was_erased_since_is_not_there_again(full, save, key, new, tmp_path, now, place):
    """A backup from before an erasure is restored without whom it erased, wherever the list of it lies; it is told."""
    path = save("far")
    full.remove("E-1", at=now, by="t")
    listed = _publish(full, tmp_path).read_bytes()
    (tmp_path / f"erased-{full.store.meta('home_id')}").unlink()
    at = {"beside the backup": tmp_path / "erased", "in the folder": new / "erased", "given": tmp_path / "given"}[place]
    new.mkdir(exist_ok=True)
    at.write_bytes(listed)
    made = make(path, new, key=key, lists=[at] if place == "given" else [], at=LATER, by="Eva")
    store, _ = _opened(new)
    with store, store.reading() as view:
        event = history(view, action="erasure.again")

    assert ({"people": 1, "templates": 2}, ["Left", "עדה 🙂"]) == (made.erased, _names(new))
    assert [("Eva", LATER, {"people": 1, "templates": 2})] == [(each.by, each.at, each.details) for each in event]


def test_a_backup_from_after_is_restored_as_it_was(full, save, key, new, tmp_path, now):
    """Where the list tells nothing that the backup does not know, nothing is erased and no event is written."""
    full.remove("E-1", at=now, by="t")
    saved, path = save(), tmp_path / "backup"
    _publish(full, tmp_path)
    made = make(path, new, key=key)
    store, there = _opened(new)
    with store:
        assert (saved, {}) == (path, made.erased)
        assert made.digest == backup(store, there.vault, tmp_path / "again", at=now, along=("config.toml",)).digest


def _traces(full: Gallery, person: int) -> list[bytes]:
    """Bytes that tell of a person: the name in several forms, ids, sealed values as the database holds them."""
    with full.store.reading() as view:
        rows = view.execute(
            text(
                "SELECT vector FROM template WHERE person_id = :p UNION ALL "
                "SELECT picture FROM crop JOIN template ON template.id = template_id WHERE person_id = :p"
            ),
            {"p": person},
        )
        sealed = [bytes(row[0]) for row in rows]
        digests = view.scalars(text("SELECT source_sha256 FROM template WHERE person_id = :p"), {"p": person})
        sealed += [each.encode() for each in digests]
    who = full.find(person)
    named = [each.encode(code) for each in (who.name, who.external_id) for code in ("utf-8", "utf-16-le")]
    return [*named, *sealed, *(base64.b64encode(each) for each in sealed)]


def test_no_byte_of_somebody_erased_is_in_a_restored_home(full, enrol, save, key, new, tmp_path, now):
    """Names, ids and sealed values of 50 of 200 people are in no file of the home; those of the others are found."""
    people = [
        enrol(full, f"Pupil {n:03} Byte", 1000 + n, crop=bytes(700), external_id=f"id-{n:04}").person.id
        for n in range(200)
    ]
    gone, stay = people[::4], [each for number, each in enumerate(people) if number % 4]
    traces = {each: _traces(full, each) for each in people}
    path = save()
    for each in gone:
        full.remove(each, at=now, by="t")
    _publish(full, tmp_path)
    made = make(path, new, key=key)
    data = b"".join(contents(new).values())

    assert 50 == made.erased["people"]
    assert [] == [each for person in gone for each in traces[person] if each in data]
    assert [] == [person for person in stay if not all(each in data for each in traces[person][4:7])]
    assert [] == [person for person in stay if traces[person][0] not in data]


def _waiting(at: datetime, person: int | None, candidates: tuple[ScoredKey, ...]) -> Sighting:
    """A face that somebody is to look at."""
    return Sighting(
        id=0, at=at, place=None, means="file", source="x", frame=None, track=None, box=None, session=None,
        ruling="review", reasons=(), person=person, score=None, cosine=None, threshold=None, margin=None,
        target_fpir=None, gallery_size=None, candidates=candidates, quality={}, judged={}, pipeline="test-1",
    )  # fmt: skip


def test_the_face_of_who_withdrew_is_not_there_again(full, enrol, store, save, key, new, tmp_path, now):
    """Templates, crops and waiting faces of before the withdrawal go; the person, and what came later, stays."""
    ada = full.find("E-1").id
    with store.atomic() as step:
        seen = [_waiting(at, ada, ()) for at in (now, now + timedelta(days=2))]
        numbers = sightings.add(step, seen)
        sightings.keep_crops(step, full.sealer, dict.fromkeys(numbers, b"face" * 90))
    enrol(full, "Ada Lovelace", 50, external_id="E-1", at=now + timedelta(days=2), crop=b"later" * 90)
    path = save()
    with store.atomic() as step:
        erasures.add(step, ada, "face", now + timedelta(days=1))
    _publish(full, tmp_path)
    made = make(path, new, key=key)
    opened, there = _opened(new)
    with opened, opened.reading() as view:
        kept = sightings.crop_ids(view)

        assert {"templates": 2, "faces": 1, "words": 1} == made.erased
        assert (numbers[1:], [5]) == (kept, [each.id for each in there.templates_of("E-1")])
        assert [] == [each for each in there.verify() if each.id != "gallery.no_template"]


def _said(gallery: Gallery, person: int) -> list[tuple[bool, datetime]]:
    with gallery.store.reading() as view:
        return [(each.granted, each.at) for each in consents.of_person(view, person)]


@pytest.mark.parametrize("purpose", ["photo", "unknown"])
def test_a_no_to_a_kept_picture_is_not_forgotten_by_a_restoration(full, save, key, new, tmp_path, now, purpose):
    """Crops, or faces that wait, of before the no go again; the templates stay, and the no counts in the home."""
    ada, said = full.find("E-1").id, now + timedelta(days=1)
    with full.store.atomic() as step:
        numbers = sightings.add(step, [_waiting(at, ada, ()) for at in (now, now + timedelta(days=2))])
        sightings.keep_crops(step, full.sealer, dict.fromkeys(numbers, b"face" * 90))
        consents.add(step, [ConsentWord(ada, purpose, granted=True, at=now, entered=now, by="t")])
    path = save()
    with full.store.atomic() as step:
        {"photo": consents.drop_photo, "unknown": consents.drop_unknown}[purpose](step, ada, said)
    _publish(full, tmp_path)
    made = make(path, new, key=key, at=LATER)
    store, there = _opened(new)
    with store, store.reading() as view:
        crops = [each.has_crop for each in there.templates_of("E-1")]
        waiting, words = sightings.crop_ids(view), consents.latest(view, {ada})[ada]

    assert {"faces": 1, "words": 1} == made.erased
    assert ((False, numbers) if purpose == "photo" else (True, numbers[1:])) == (any(crops), waiting)
    assert (2, False) == (len(crops), words[purpose].granted)


@pytest.mark.parametrize("before", [[], [True]])
def test_a_no_is_not_forgotten_by_a_restoration(full, save, key, new, tmp_path, now, before):
    """A backup from before a withdrawal knows a yes or nothing: the restored home knows the no, once."""
    ada, said = full.find("E-1").id, now + timedelta(days=1)
    with full.store.atomic() as step:
        consents.add(step, [ConsentWord(ada, "face", granted=each, at=now, entered=now, by="t") for each in before])
    path = save()
    with full.store.atomic() as step:
        consents.add(step, [ConsentWord(ada, "face", granted=False, at=said, entered=said, by="t")])
        consents.drop_face(step, ada, said)
    _publish(full, tmp_path)
    make(path, new, key=key, at=LATER)
    store, there = _opened(new)
    with store:
        assert [*((each, now) for each in before), (False, said)] == _said(there, ada)
        backup(store, there.vault, tmp_path / "second", at=LATER)
    make(tmp_path / "second", new.with_name("third"), key=key, at=LATER)
    store, there = _opened(new.with_name("third"))
    with store:
        assert len(before) + 1 == len(_said(there, ada))


def test_a_later_yes_counts_after_a_restoration(full, enrol, save, key, new, tmp_path, now):
    """Who withdrew and agreed again before the backup has a template there, and no no is added."""
    ada = full.find("E-1").id
    with full.store.atomic() as step:
        consents.drop_face(step, ada, now + timedelta(days=1))
        again = now + timedelta(days=2)
        consents.add(step, [ConsentWord(ada, "face", granted=True, at=again, entered=again, by="t")])
    enrol(full, "Ada Lovelace", 90, external_id="E-1", at=now + timedelta(days=3))
    path = save()
    _publish(full, tmp_path)
    made = make(path, new, key=key, at=LATER)
    store, there = _opened(new)
    with store:
        assert ({}, 1) == (made.erased, len(there.templates_of("E-1")))
        assert [True] == [granted for granted, _ in _said(there, ada)]


def test_waiting_faces_and_look_alikes_of_who_withdrew_go(full, store, save, key, new, tmp_path, now):
    """Faces that wait and have the person among the most alike go, and whom they look like; later ones stay."""
    ada, other = full.find("E-1").id, full.find("עדה 🙂").id
    with store.atomic() as step:
        named = (ScoredKey(other, 0.5, 0.5), ScoredKey(ada, 0.4, 0.4))
        seen = [_waiting(at, None, named) for at in (now, now + timedelta(days=2))]
        numbers = sightings.add(step, seen)
        sightings.keep_crops(step, full.sealer, dict.fromkeys(numbers, b"face" * 90))
    assert full.lookalikes()
    path = save()
    with store.atomic() as step:
        consents.drop_face(step, ada, now + timedelta(days=1))
    _publish(full, tmp_path)
    make(path, new, key=key)
    opened, there = _opened(new)
    with opened, opened.reading() as view:
        assert (numbers[1:], []) == (sightings.crop_ids(view), there.lookalikes())


def test_whoever_was_merged_before_is_erased_again(full, save, key, new, tmp_path, now):
    """Two people in the backup were one when they were erased: both are gone."""
    path = save()
    full.merge("Left", "E-1", at=now, by="t")
    full.remove("E-1", at=now, by="t")
    _publish(full, tmp_path)
    make(path, new, key=key)

    assert ["עדה 🙂"] == _names(new)


def test_somebody_else_with_the_same_id_is_left_alone(full, enrol, save, key, new, now):
    """After a restoration somebody new has an id that another has in the lost part: a list means one of the two."""
    first = save("first")
    enrol(full, "Lost", 60)
    second = save("second")
    make(first, new, key=key)
    opened, there = _opened(new)
    with opened:
        other = enrol(there, "New", 61, at=now + timedelta(days=1)).person.id
        assert full.find("Lost").id == other
        there.remove("New", at=now + timedelta(days=2), by="t")
        listed = erased.publish(opened, there.vault)[0]
    made = make(second, new.with_name("second home"), key=key, lists=[listed])

    assert ({}, True) == (made.erased, "Lost" in _names(new.with_name("second home")))


@pytest.mark.parametrize("let_go", [False, True])
def test_who_came_by_an_archive_is_erased_again(full, enrol, save, key, new, tmp_path, now, let_go):
    """They were made in another home, long before they came to this one; also where the log tells of it no more."""
    enrol(full, "Eve Moved", 77, external_id="E-7", at=now - timedelta(days=900))
    full.export(tmp_path / "archive", at=now, passphrase=PHRASE)
    full.remove("E-7", at=now, by="t")
    full.import_(tmp_path / "archive", at=now + timedelta(days=1), by="t", passphrase=PHRASE)
    assert "Eve Moved" in {each.name for each in full.people()}
    with full.store.atomic() as step:
        if let_go:
            carried.cut(step, now + timedelta(days=2), at=now + timedelta(days=2), by="t")
    path = save()
    full.remove("E-7", at=now + timedelta(days=3), by="t")
    _publish(full, tmp_path)
    made = make(path, new, key=key)

    assert (1, False) == (made.erased.get("people"), "Eve Moved" in _names(new))


def test_no_id_that_was_erased_is_given_out_again(full, enrol, save, key, new, tmp_path, now):
    """Somebody new after the backup, erased since: the next person of the restored home has a later id."""
    path = save()
    late = enrol(full, "Late", 70).person.id
    full.remove("Late", at=now, by="t")
    _publish(full, tmp_path)
    make(path, new, key=key)
    opened, there = _opened(new)
    with opened:
        assert late < enrol(there, "Next", 71).person.id
        assert late in {each.erasure.person_key for each in _read(there, _publish(there, tmp_path))}


def test_a_list_counts_for_a_backup_from_before_its_secret(full, key, save, new, tmp_path, now):
    """A backup that has no secret for lists yet is matched by the home's key."""
    path = save()
    with full.store.atomic() as step:
        secrets.drop(step, [erased.PURPOSE])
    full.remove("E-1", at=now, by="t")
    _publish(full, tmp_path)
    make(path, new, key=key)

    assert "Ada Lovelace" not in _names(new)


@pytest.mark.sqlite_only("where a file reaches its end is told to SQLite here")
def test_a_full_disk_while_erasing_again_restores_nothing(full, save, key, new, tmp_path, now, monkeypatch):
    """Where the disk fills as the file is written anew without whom was erased: gallery.full, and no home."""
    path, connect = save(), sqlite_restoring._connect
    full.remove("E-1", at=now, by="t")
    _publish(full, tmp_path)

    def small(place: Path):
        raw = connect(place)
        raw.execute(f"PRAGMA max_page_count = {raw.execute('PRAGMA page_count').fetchone()[0]}")
        return raw

    def erase_much(*given: object) -> bool:
        given[0].execute(text("CREATE TABLE filler AS SELECT randomblob(900000) AS x"))
        return True

    monkeypatch.setattr(sqlite_restoring, "_connect", small)
    monkeypatch.setattr("gallery.backup.restoring._After.__call__", lambda *given: erase_much(given[1]))
    with pytest.raises(GalleryFull):
        make(path, new, key=key)
    assert not is_there(new)
