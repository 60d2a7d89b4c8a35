"""Templates: sealed rows that open only where they belong, and no readable one in any file."""

import base64
import json

import numpy as np
import pytest
from servers import contents
from sqlalchemy import select, update

from gallery import Database, Gallery, TemplateAltered, TemplateInvalid, Templates, WrongEncoder
from gallery.backup import backup
from gallery.repositories.templates import pack
from gallery.schema import Crop, Template

DIM = 32


def test_what_was_filed_is_loaded(gallery, enrol, vector):
    """Vectors and cohort means come back exactly, in order of their ids, as float32."""
    means = [0.25, -0.125, 0.3]
    results = [enrol(gallery, f"p{n}", n, mean=mean) for n, mean in enumerate(means)]
    found = gallery.load()

    assert [result.template_id for result in results] == found.ids.tolist()
    assert [result.person.id for result in results] == found.people.tolist()
    np.testing.assert_array_equal(np.stack([vector(n) for n in range(3)]), found.vectors)
    np.testing.assert_array_equal(np.array(means, np.float32), found.cohort_means)
    assert (np.float32, ()) == (found.vectors.dtype, found.altered)


def test_the_payload_is_what_the_design_says(vector):
    """The payload is the vector and then the cohort mean, as float32 little-endian."""
    values = vector(1)

    assert b"".join(np.float32(x).astype("<f4").tobytes() for x in [*values, 0.25]) == pack(values, 0.25)


@pytest.mark.parametrize(
    ("change", "mean"),
    [
        (lambda v: v * np.nan, 0.1),
        (lambda v: v * np.inf, 0.1),
        (lambda v: v, float("nan")),
        (lambda v: v * 1.01, 0.1),
        (lambda v: v * 0, 0.1),
        (lambda v: v[np.newaxis], 0.1),
        (lambda v: v[:0], 0.1),
    ],
)
def test_a_senseless_template_is_never_filed(gallery, enrol, vector, change, mean):
    """NaN, infinity, another length or shape: refused, and nobody is enrolled."""
    with pytest.raises(TemplateInvalid):
        enrol(gallery, "Ada", vector=change(vector(1)), mean=mean)

    assert [] == gallery.people()


def test_one_encoder_has_one_dimension(gallery, enrol, vector):
    """A vector of another dimension under the same encoder is refused with both dimensions."""
    enrol(gallery, "Ada", 1)
    with pytest.raises(WrongEncoder, match="32 numbers, this one has 16"):
        enrol(gallery, "Bob", vector=vector(2, 16))

    assert ["Ada"] == [person.name for person in gallery.people()]


def test_another_encoders_template_is_never_loaded(store, enrol, vector):
    """Each encoder sees its own templates alone, whatever their dimension; counts tell of the others."""
    old, new = Gallery(store, "old"), Gallery(store, "new")
    enrol(old, "Ada", 1)
    enrol(old, "Bob", 2)
    enrol(new, "Ada", 1, vector=vector(9, 16))

    assert (2, 1) == (len(old.load().ids), len(new.load().ids))
    assert 16 == new.load().vectors.shape[1]
    assert ({"old": 2}, 1, 1) == (new.stats().other_encoders, new.stats().templates, new.stats().without_template)


def test_the_same_photo_is_filed_once(gallery, enrol, vector, now):
    """The same photo for the same person is the template that is there; another photo is one more."""
    person = enrol(gallery, "Ada", 1).person.id
    filed = {"quality": {}, "source": "x.jpg", "crop": None, "at": now, "by": "t"}
    first = gallery.add_template(person, vector(2), 0.1, source_sha256="a" * 64, **filed)
    again = gallery.add_template(person, vector(3), 0.1, source_sha256="a" * 64, **filed)
    other = gallery.add_template(person, vector(3), 0.1, source_sha256="b" * 64, **filed)

    assert (first.template_id, False) == again
    assert (True, True) == (first.changed, other.changed)
    assert 3 == gallery.find(person).templates
    assert first.template_id == gallery.find_source(person, "a" * 64)
    assert gallery.find_source(person, "c" * 64) is None


def test_what_is_known_of_a_template_is_kept(gallery, enrol, now):
    """Quality, source, digest, time and whether a crop is kept are shown without opening anything."""
    enrol(gallery, "Ada", 1, quality={"score": 71, "yaw": -8.5}, crop=b"picture", source="ada.jpg")
    (found,) = gallery.templates_of("Ada")

    assert {"score": 71, "yaw": -8.5} == found.quality
    assert ("ada.jpg", now, True, "test-1") == (found.source, found.created, found.has_crop, found.pipeline_id)


def _change(store: Database, column, row: int, value) -> None:
    model = column.class_
    key = model.template_id if model is Crop else model.id
    with store.atomic() as session:
        session.execute(update(model).where(key == row).values({column.key: value}))


def test_a_flipped_byte_is_never_used(store, enrol):
    """Whichever byte of a stored template is changed, it is not loaded, and the others are."""
    gallery = Gallery(store, "e")
    for seed in (1, 2):
        enrol(gallery, f"p{seed}", seed)
    with store.reading() as session:
        sealed = session.scalars(select(Template.vector).where(Template.id == 1)).one()
    for position in range(len(sealed)):
        changed = bytearray(sealed)
        changed[position] ^= 1 + position % 255
        _change(store, Template.vector, 1, bytes(changed))
        found = gallery.load()
        assert ((1,), [2]) == (found.altered, found.ids.tolist())
    _change(store, Template.vector, 1, sealed)

    assert [1, 2] == gallery.load().ids.tolist()


@pytest.mark.parametrize("column", [Template.person_id, Template.pipeline_id])
def test_a_row_moved_elsewhere_is_never_used(store, enrol, column):
    """A sealed template filed under another person or encoder does not open there."""
    gallery, other = Gallery(store, "e"), Gallery(store, "other")
    enrol(gallery, "Ada", 1)
    enrol(gallery, "Bob", 2)
    _change(store, column, 1, 2 if column is Template.person_id else "other")
    found = gallery.load() if column is Template.person_id else other.load()

    assert ((1,), 1 not in found.ids) == (found.altered, True)


def test_exchanged_rows_are_never_used(store, enrol):
    """Two people's sealed templates exchanged for each other: both refused."""
    gallery = Gallery(store, "e")
    enrol(gallery, "Ada", 1)
    enrol(gallery, "Bob", 2)
    with store.reading() as session:
        first, second = session.scalars(select(Template.vector).order_by(Template.id)).all()
    _change(store, Template.vector, 1, second)
    _change(store, Template.vector, 2, first)

    assert (1, 2) == gallery.load().altered


def test_crops_come_back_and_are_guarded(store, enrol):
    """A kept crop opens as it was; changed, or put in another's place, it is refused."""
    gallery = Gallery(store, "e")
    enrol(gallery, "Ada", 1, crop=b"ada's picture")
    enrol(gallery, "Bob", 2, crop=b"bob's picture")
    enrol(gallery, "Cid", 3)
    opened = [gallery.crop(template) for template in (1, 2, 3)]
    with store.reading() as session:
        picture = session.scalars(select(Crop.picture).where(Crop.template_id == 1)).one()
    _change(store, Crop.picture, 2, picture)

    assert [b"ada's picture", b"bob's picture", None] == opened
    with pytest.raises(TemplateAltered):
        gallery.crop(2)


def test_another_encoder_can_embed_the_kept_crops_anew(store, enrol, vector, now):
    """Crops of an old encoder are handed out one by one, and what is made of them is filed on the way."""
    old, new = Gallery(store, "old"), Gallery(store, "new")
    for seed in (1, 2, 3):
        enrol(old, f"p{seed}", seed, crop=bytes([seed]))
    for found in new.crops("old"):
        told = found.template
        new.add_template(
            told.person_id, vector(found.picture[0], 16), 0.2, quality=told.quality, source=told.source,
            source_sha256=told.source_sha256, crop=found.picture, at=now, by="t",
        )  # fmt: skip

    assert [1, 2, 3] == new.load().people.tolist()
    assert [(1,), (2,), (3,)] == [tuple(found.picture) for found in new.crops("new")]
    assert 3 == new.drop_pipeline("old", at=now, by="t")
    assert ({}, 3, 3) == (new.stats().other_encoders, new.stats().templates, new.stats().crops)


def test_those_who_left_are_not_loaded(gallery, enrol, now):
    """An inactive person's templates stay stored and are not searched, until the person is set active again."""
    enrol(gallery, "Ada", 1)
    gallery.set_active("Ada", False, at=now, by="t")
    gone = gallery.load().ids.tolist(), gallery.people(), [p.name for p in gallery.people(active=None)]
    gallery.set_active("Ada", True, at=now, by="t")

    assert ([], [], ["Ada"]) == gone
    assert [1] == gallery.load().ids.tolist()


def test_arrays_that_do_not_fit_are_refused():
    """Templates checks that its arrays belong together."""
    with pytest.raises(ValueError, match=r"expected \(n,\)"):
        Templates(np.arange(2), np.arange(2), np.zeros((3, 4), np.float32), np.zeros(2, np.float32))


def _forms(values: np.ndarray) -> dict[str, bytes]:
    """How the first numbers of a vector could look in a file."""
    part = values[:8]
    forms = {
        "float32": part.astype("<f4").tobytes(),
        "float32 big-endian": part.astype(">f4").tobytes(),
        "float16": part.astype("<f2").tobytes(),
        "float64": part.astype("<f8").tobytes(),
        "JSON": json.dumps([float(x) for x in part[:2]])[1:-1].encode(),
    }
    return forms | {f"{name} in base64": base64.b64encode(data[:12]) for name, data in forms.items()}


def test_no_file_holds_a_readable_template(home, store, enrol, vector, now):
    """Database, log, backup and export hold neither vector nor crop in any plain form, while in use and closed."""
    gallery = Gallery(store, "e")
    picture = b"\x89PNG a recognisable crop of a face" * 20
    for seed in range(20):
        enrol(gallery, f"p{seed}", seed, crop=picture)
    backup(store, gallery.vault, home / "backup", at=now)
    gallery.export(home / "out.zip", at=now, passphrase="a long enough one")  # noqa: S106
    files = contents(home)
    store.close()
    files |= {f"{name}, closed": data for name, data in contents(home).items()}

    there = {"attendance.db", "attendance.db-wal"} if store.engine == "sqlite" else {"table template", "table crop"}
    assert there | {"backup", "out.zip"} <= set(files)
    for seed in range(20):
        found = [(n, form) for n, data in files.items() for form, v in _forms(vector(seed)).items() if v in data]
        assert [] == found
    assert [] == [name for name, data in files.items() if picture[:20] in data]


def test_the_scan_would_find_a_readable_template(tmp_path, vector):
    """The search for plain forms does find each form where there is one."""
    values = vector(3)
    path = tmp_path / "plain"
    path.write_bytes(values.tobytes() + json.dumps([float(x) for x in values]).encode())
    forms = _forms(values)

    assert {"float32", "JSON"} == {form for form, data in forms.items() if data in path.read_bytes()}


def test_which_crops_are_handed_out_is_settled_by_the_call(store, enrol, now):
    """Who gets a template while crops are handed out goes on to be among those who lacked one at the call."""
    old, new = Gallery(store, "old"), Gallery(store, "new")
    for seed in (1, 2):
        enrol(old, "Ada", seed, crop=bytes([seed]))
    for seed in (3, 4):
        enrol(old, f"p{seed}", seed, crop=bytes([seed]))
    enrol(new, "p3", 5)
    old.set_active("p4", False, at=now, by="t")
    kept = new.crops("old", lacking=True)
    enrol(new, "Ada", 6)

    assert [b"\x01", b"\x02"] == [found.picture for found in kept]
    assert [] == list(new.crops("old", lacking=True))


def test_a_crop_that_does_not_open_is_left_out(store, enrol):
    """Of the crops to be embedded anew an altered one is passed over, and the others are handed out."""
    old = Gallery(store, "old")
    for seed in (1, 2, 3):
        enrol(old, f"p{seed}", seed, crop=bytes([seed]))
    _change(store, Crop.picture, 2, b"altered")

    assert [b"\x01", b"\x03"] == [found.picture for found in Gallery(store, "new").crops("old")]
