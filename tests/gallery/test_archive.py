"""Export and import: whole or not at all, private, and nothing readable without the passphrase."""

import base64
import io
import json
import zipfile
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from gallery import (
    DuplicateId,
    Gallery,
    GalleryReadOnly,
    ImportInvalid,
    NotEmpty,
    PassphraseShort,
    TemplateAltered,
    archive,
    history,
    open_database,
)
from gallery.repositories import groups

SECRET = "correct horse"  # noqa: S105
AS_SHIPPED = dict(archive._COSTS[archive.SEALED])
"""The cost of trying a passphrase as users have it, before tests make it less."""


@pytest.fixture
def full(gallery, enrol, now) -> Gallery:
    """A gallery with groups, crops, somebody who left, and somebody without a template."""
    enrol(gallery, "Ada", 1, groups=["a", "b"], crop=b"ada's crop", external_id="E-1", note="n")
    enrol(gallery, "Ada", 2, external_id="E-1")
    enrol(gallery, "עדה 🙂", 3, groups=["a"])
    gallery.add_person("Left", at=now, by="t")
    gallery.set_active("Left", False, at=now, by="t")
    return gallery


@pytest.fixture
def other(homes):
    """A second, empty home with another key."""
    with open_database(homes.new("other", filled=True)) as store:
        yield Gallery(store, "test-1")


def _shown(gallery: Gallery):
    return [
        (p.external_id, p.name, p.note, p.groups, p.active, p.created, p.templates) for p in gallery.people(active=None)
    ]


def _vectors(gallery: Gallery) -> dict[str, list]:
    found = gallery.load()
    refs = {p.id: p.external_id for p in gallery.people(active=None)}
    return {
        f"{refs[person]} {n}": vector.tolist()
        for n, (person, vector) in enumerate(zip(found.people.tolist(), found.vectors, strict=True))
    }


def _state(gallery: Gallery):
    with gallery.store.reading() as session:
        return _shown(gallery), gallery.store.generation(), len(history(session)), gallery.groups()


def test_an_archive_carries_everything_to_another_home(full, other, tmp_path, now):
    """With the passphrase, people, groups, vectors and crops arrive in a home with another key."""
    told = full.export(tmp_path / "out.zip", at=now, passphrase=SECRET)
    came = other.import_(tmp_path / "out.zip", at=now, by="t", passphrase=SECRET)

    assert ((3, 3), (3, 0, 3, 0)) == (
        (told.people, told.templates),
        (came.people_added, came.people_unchanged, came.templates_added, came.templates_unchanged),
    )
    assert (_shown(full), _vectors(full)) == (_shown(other), _vectors(other))
    assert (b"ada's crop", []) == (other.crop(1), [p for p in other.verify() if p.id != "gallery.no_template"])
    assert (tmp_path / "other" / "key").read_text() != (full.store.home / "key").read_text()


def test_importing_twice_changes_nothing(full, other, tmp_path, now):
    """The second import finds everything there: no row, no event, no new generation."""
    full.export(tmp_path / "out.zip", at=now, passphrase=SECRET)
    other.import_(tmp_path / "out.zip", at=now, by="t", passphrase=SECRET)
    before = _state(other)
    came = other.import_(tmp_path / "out.zip", at=now, by="t", passphrase=SECRET)

    assert (0, 3, 0, 3) == (came.people_added, came.people_unchanged, came.templates_added, came.templates_unchanged)
    assert before == _state(other)


def test_who_is_there_joins_from_a_day_on(full, other, tmp_path, now):
    """Somebody new belongs to the archive's groups from ever, who is there already from the day it is taken in."""
    other.add_person("Ada", at=now, by="t", external_id="E-1", groups=["b"])
    full.export(tmp_path / "out.zip", at=now, passphrase=SECRET)
    other.import_(tmp_path / "out.zip", at=now, by="t", passphrase=SECRET, from_day=date(2026, 3, 5))
    with other.store.reading() as view:
        told = [(each.person, each.group, each.member, each.from_day) for each in groups.turns(view)]

    assert [(1, "a", True, date(2026, 3, 5))] == told
    assert {"E-1": ("a", "b")}.items() <= {each.external_id: each.groups for each in other.people()}.items()


def test_without_a_passphrase_no_template_leaves(full, other, tmp_path, now):
    """An archive without passphrase holds people and groups, and no template or crop in any form."""
    told = full.export(tmp_path / "out.zip", at=now)
    with zipfile.ZipFile(tmp_path / "out.zip") as file:
        names = sorted(file.namelist())
    other.import_(tmp_path / "out.zip", at=now, by="t")

    assert ((3, 0), ["manifest.json", "people.json"]) == ((told.people, told.templates), names)
    assert [row[:-1] for row in _shown(full)] == [row[:-1] for row in _shown(other)]
    assert 0 == other.stats().templates


def test_an_archive_is_private_and_replaces_nothing(full, tmp_path, now):
    """An archive has mode 0600; a file that is there is left as it is."""
    path = tmp_path / "a.zip"
    full.export(path, at=now)
    before = path.read_bytes()
    with pytest.raises(NotEmpty):
        full.export(path, at=now)
    assert (0o600, before) == (path.stat().st_mode & 0o777, path.read_bytes())
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_place_that_cannot_be_written_is_told(full, tmp_path, now):
    """A folder that is not there is gallery.read_only with the path, and leaves nothing."""
    target = tmp_path / "nowhere" / "out"
    with pytest.raises(GalleryReadOnly, match="nowhere"):
        full.export(target, at=now)


@pytest.mark.parametrize("passphrase", [None, "", "wrong", SECRET + " "])
def test_a_wrong_passphrase_opens_nothing(full, other, tmp_path, now, passphrase):
    """Without the passphrase nothing is imported, not even the people."""
    full.export(tmp_path / "out.zip", at=now, passphrase=SECRET)
    before = _state(other)
    with pytest.raises(ImportInvalid, match="passphrase"):
        other.import_(tmp_path / "out.zip", at=now, by="t", passphrase=passphrase)

    assert before == _state(other)


def _rewrite(path: Path, change) -> None:
    with zipfile.ZipFile(path) as file:
        members = {name: file.read(name) for name in file.namelist()}
    change(members)
    with zipfile.ZipFile(path, "w") as file:
        for name, data in members.items():
            file.writestr(name, data)


def _with_manifest(members, **changes) -> None:
    members["manifest.json"] = json.dumps(json.loads(members["manifest.json"]) | changes).encode()


def _renamed(members) -> None:
    import hashlib

    members["people.json"] = members["people.json"].replace(b'"Ada"', b'"Eve"')
    digests = json.loads(members["manifest.json"])["digests"]
    _with_manifest(members, digests=digests | {"people.json": hashlib.sha256(members["people.json"]).hexdigest()})


CHANGES = {
    "a name changed": lambda m: m.update({"people.json": m["people.json"].replace(b'"Ada"', b'"Eve"')}),
    "a name changed with its digest": _renamed,
    "another format": lambda m: _with_manifest(m, format="other"),
    "another version": lambda m: _with_manifest(m, version=3),
    "an earlier version": lambda m: _with_manifest(m, version=1),
    "no manifest": lambda m: m.pop("manifest.json"),
    "no people": lambda m: m.pop("people.json"),
    "no templates": lambda m: m.pop("templates.json"),
    "manifest no object": lambda m: m.update({"manifest.json": b"[]"}),
    "manifest no JSON": lambda m: m.update({"manifest.json": b"{"}),
    "seal cut": lambda m: _with_manifest(m, seal="AAAA"),
    "salt no base64": lambda m: _with_manifest(m, salt="?"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_archive_is_refused(full, other, tmp_path, now, change):
    """Whatever part was changed, left out or is of another format: refused, and nothing is imported."""
    full.export(tmp_path / "out.zip", at=now, passphrase=SECRET)
    _rewrite(tmp_path / "out.zip", CHANGES[change])
    before = _state(other)
    with pytest.raises(ImportInvalid):
        other.import_(tmp_path / "out.zip", at=now, by="t", passphrase=SECRET)

    assert before == _state(other)


@pytest.mark.parametrize("phrase", ["", "brief", "elevenchars", "  brief      "])
def test_no_archive_is_sealed_by_a_short_passphrase(full, tmp_path, now, phrase):
    """Less than twelve characters seal nothing, and leave no file."""
    with pytest.raises(PassphraseShort):
        full.export(tmp_path / "out.zip", at=now, passphrase=phrase)

    assert not (tmp_path / "out.zip").exists()


def test_an_archive_of_before_is_read(full, other, tmp_path, now, monkeypatch):
    """Of the first version, whose passphrase might be short and cost less to try, everything is taken in as ever."""
    with monkeypatch.context() as patch:
        patch.setattr(archive, "checked_new", lambda *_: None)
        patch.setattr(archive, "SEALED", archive.PLAIN)
        full.export(tmp_path / "out.zip", at=now, passphrase="brief")  # noqa: S106
    with zipfile.ZipFile(tmp_path / "out.zip") as file:
        assert 1 == json.loads(file.read("manifest.json"))["version"]
    other.import_(tmp_path / "out.zip", at=now, by="t", passphrase="brief")  # noqa: S106

    np.testing.assert_array_equal(full.load().vectors, other.load().vectors)


def test_trying_passphrases_is_dear(full, tmp_path, now):
    """A sealed archive is of the version whose scrypt takes n = 2^17; earlier programs still read people alone."""
    full.export(tmp_path / "sealed.zip", at=now, passphrase=SECRET)
    full.export(tmp_path / "people.zip", at=now)
    versions = []
    for name in ("sealed.zip", "people.zip"):
        with zipfile.ZipFile(tmp_path / name) as file:
            versions.append(json.loads(file.read("manifest.json"))["version"])

    assert ([2, 1], 1 << 17) == (versions, AS_SHIPPED["n"])


def test_a_cut_archive_is_refused(full, other, tmp_path, now):
    """An archive cut at any sixteenth is refused."""
    full.export(tmp_path / "out.zip", at=now, passphrase=SECRET)
    data = (tmp_path / "out.zip").read_bytes()
    for part in range(16):
        (tmp_path / "cut.zip").write_bytes(data[: len(data) * part // 16])
        with pytest.raises(ImportInvalid):
            other.import_(tmp_path / "cut.zip", at=now, by="t", passphrase=SECRET)

    assert [] == other.people(active=None)


def spoilt(method: int) -> bytes:
    """A zip whose lists are whole, and whose content does not unpack."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", method) as file:
        file.writestr("manifest.json", bytes(range(256)) * 40)
    whole = data.getvalue()
    return whole[:50] + bytes(each ^ 0x5A for each in whole[50:90]) + whole[90:]


def misnamed() -> bytes:
    """A zip that says its one name is UTF-8, which it is not."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        file.writestr("ä.json", b"{}")
    return data.getvalue().replace("ä".encode(), b"\x93\x94")


def deep() -> bytes:
    """A zip whose manifest is nested deeper than anything can be read."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        file.writestr("manifest.json", "[" * 100_000)
        file.writestr("people.json", "[]")
    return data.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"name,photo\n",
        b"PK\x03\x04",
        None,
        spoilt(zipfile.ZIP_DEFLATED),
        spoilt(zipfile.ZIP_LZMA),
        spoilt(zipfile.ZIP_BZIP2),
        misnamed(),
        deep(),
    ],
    ids=["empty", "text", "start", "absent", "deflated", "lzma", "bzip2", "misnamed", "deep"],
)
def test_what_is_no_archive_is_refused(other, tmp_path, now, content):
    """Empty, text, a zip's first bytes, no file at all, a zip that does not unpack: gallery.import_invalid."""
    if content is not None:
        (tmp_path / "in").write_bytes(content)
    with pytest.raises(ImportInvalid):
        other.import_(tmp_path / "in", at=now, by="t")


PEOPLE = [
    [{"name": "Ada"}],
    [{"id": 5, "name": "Ada", "note": "", "groups": [], "active": True, "created": "2026-01-01T00:00:00+00:00"}],
    [{"id": "E", "name": "Ada", "note": "", "groups": [], "active": True, "created": "yesterday"}],
    [{"id": "E", "name": "Ada", "note": "", "groups": [], "active": True, "created": "2026-01-01T00:00:00"}],
    [{"id": "E", "name": "Ada", "note": "", "groups": [7], "active": True, "created": "2026-01-01T00:00:00+00:00"}],
    {"id": "E"},
    "people",
    [None],
]


@pytest.mark.parametrize("people", PEOPLE)
def test_entries_that_make_no_sense_are_refused(full, other, tmp_path, now, people):
    """An archive that is whole but holds a senseless person is refused as a whole."""
    import hashlib

    good = {"id": "G", "name": "Good", "note": "", "groups": [], "active": True, "created": now.isoformat()}
    entries = [good, *people] if isinstance(people, list) else people

    def change(members) -> None:
        members["people.json"] = json.dumps(entries).encode()
        _with_manifest(members, digests={"people.json": hashlib.sha256(members["people.json"]).hexdigest()})

    full.export(tmp_path / "out.zip", at=now)
    _rewrite(tmp_path / "out.zip", change)
    with pytest.raises(ImportInvalid):
        other.import_(tmp_path / "out.zip", at=now, by="t")

    assert [] == other.people(active=None)


def test_an_id_of_somebody_else_is_refused(full, other, enrol, tmp_path, now):
    """Where an id belongs to another name here, nothing at all is imported."""
    enrol(other, "Somebody", 9, external_id="E-1")
    full.export(tmp_path / "out.zip", at=now, passphrase=SECRET)
    before = _state(other)
    with pytest.raises(DuplicateId):
        other.import_(tmp_path / "out.zip", at=now, by="t", passphrase=SECRET)

    assert before == _state(other)


def test_an_import_adds_to_what_is_there(full, other, enrol, tmp_path, now):
    """Somebody who is there keeps templates and groups and gains those of the archive."""
    enrol(other, "Ada", 50, external_id="E-1", groups=["here"])
    full.export(tmp_path / "out.zip", at=now, passphrase=SECRET)
    other.import_(tmp_path / "out.zip", at=now, by="t", passphrase=SECRET)
    ada = other.find("E-1")

    assert (("a", "b", "here"), 3) == (ada.groups, ada.templates)


def test_templates_of_every_encoder_travel(store, other, enrol, vector, tmp_path, now):
    """An archive carries the templates of encoders not in use, too, each under its encoder."""
    enrol(Gallery(store, "old"), "Ada", 1)
    new = Gallery(store, "new")
    enrol(new, "Ada", 2, vector=vector(2, 8))
    new.export(tmp_path / "out.zip", at=now, passphrase=SECRET)
    other.import_(tmp_path / "out.zip", at=now, by="t", passphrase=SECRET)

    assert {"old": 1, "new": 1} == other.stats().other_encoders


def test_two_archives_share_nothing_readable(full, tmp_path, now, vector):
    """Sealed parts of two archives of one gallery are unlike, and hold no vector in base64 or as bytes."""
    texts = []
    for name in "ab":
        full.export(tmp_path / f"{name}.zip", at=now, passphrase=SECRET)
        with zipfile.ZipFile(tmp_path / f"{name}.zip") as file:
            texts.append(json.loads(file.read("templates.json")))
    sealed = {entry["vector"] for text in texts for entry in text}

    assert 6 == len(sealed)
    for blob in map(base64.b64decode, sealed):
        assert not any(vector(seed).tobytes()[:16] in blob for seed in (1, 2, 3))


def test_a_template_of_another_home_does_not_open_here(full, other):
    """Templates of one home never open in another, even with its key: the home is part of the seal."""
    (other.store.home / "key").write_bytes((full.store.home / "key").read_bytes())
    (other.store.home / "key").chmod(0o600)
    with full.store.reading() as session:
        from gallery.schema import Template

        row = session.get(Template, 1)
    with pytest.raises(TemplateAltered):
        other.sealer.open(row.vector, person=row.person_id, pipeline_id=row.pipeline_id, purpose="vector")


def test_vectors_survive_export_exactly(full, other, tmp_path, now):
    """A vector that travelled is bit for bit the one that was filed."""
    full.export(tmp_path / "out.zip", at=now, passphrase=SECRET)
    other.import_(tmp_path / "out.zip", at=now, by="t", passphrase=SECRET)

    np.testing.assert_array_equal(full.load().vectors, other.load().vectors)
    np.testing.assert_array_equal(full.load().cohort_means, other.load().cohort_means)
