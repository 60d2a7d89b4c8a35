"""Sealing anew: templates under another name of their pipeline, and crops of both forms."""

import hashlib

import numpy as np
import pytest
from sqlalchemy import LargeBinary, select

from gallery import Database, Gallery, KeyMissing, TemplateInvalid, WrongEncoder, history, open_database
from gallery.columns import Base
from gallery.errors import Conflict
from gallery.privacytables import SecondFactorRow
from gallery.repositories import accounts, answers, receivers, resealing, secondfactors, secrets
from gallery.schema import Crop, Template
from gallery.servicetables import AnswerRow, ReceiverRow, SecretRow

OLD, NEW = "default-1", "detector-1+landmarks-1+default-1"
SHA = hashlib.sha256(b"0").hexdigest()
PHRASE = "four words that nobody guesses"
POINTS = np.array([[60.5, 70], [108, 70.25], [84, 96], [65, 120], [103, 120]], np.float32)


@pytest.fixture
def old(store, enrol, now) -> Gallery:
    """Three people of the pipeline by its old name, one with two photos, one of them inactive."""
    gallery = Gallery(store, OLD)
    for seed, name in enumerate(("Ada", "Bob", "Cid", "Ada")):
        enrol(gallery, name, seed, crop=b"crop %d" % seed)
    gallery.set_active("Cid", False, at=now, by="t")
    return gallery


def test_a_pipeline_takes_over_its_templates(old, store, now):
    """All of them, of the inactive, too, open under the new name with their crops, and none under the old one."""
    before, generation = old.load(active=None), store.generation()
    gallery = Gallery(store, NEW)
    assert 4 == gallery.adopt(OLD, NEW, at=now, by="t")
    found = gallery.load(active=None)

    np.testing.assert_array_equal(before.vectors, found.vectors)
    assert (before.ids.tolist(), before.people.tolist()) == (found.ids.tolist(), found.people.tolist())
    assert [b"crop %d" % n for n in range(4)] == [each.picture for each in gallery.crops(NEW)]
    assert ([], {}, 0) == (gallery.verify(), gallery.stats().other_encoders, len(old.load().ids))
    assert store.generation() > generation
    with store.reading() as view:
        (told,) = history(view, action="pipeline.adopt")
    assert {"from": OLD, "to": NEW, "templates": 4} == told.details


def test_what_the_service_keeps_follows_a_new_key(old, store, now, served, monkeypatch):
    """Secrets, receivers and answers, more than a batch of them, are sealed anew, and are what they were."""
    monkeypatch.setattr(resealing, "A_BATCH", 2)
    ada = old.set_groups("Ada", ["g"], at=now, by="t").id
    for name in ("one", "two", "three"):
        served.serve(old, ada, now, group="g", called=name)
    with store.atomic() as step:
        for key in ("a", "b", "c"):
            answers.keep(step, old.sealer, 1, key, request="r", status=200, body=key.encode(), person=None, at=now)
    before, lying = _opened(old), _lying(store)
    count = old.vault.rotate(at=now, by="t")

    assert before == _opened(old)
    assert 1 + 3 + 3 + 2 * 3 + 6 == len(lying) == len(set(lying) | set(_lying(store))) / 2
    assert 8 + len(lying) == count
    assert [] == old.verify()


def _opened(gallery: Gallery) -> list:
    with gallery.store.reading() as view:
        cipher = gallery.sealer
        return [
            [secrets.of(view, cipher, each) for each in secrets.purposes(view)],
            [secondfactors.secret_of(view, cipher, each) for each in sorted(secondfactors.confirmed(view))],
            [receivers.address(view, cipher, each.id) for each in receivers.all_receivers(view)],
            [receivers.secret(view, cipher, each.id) for each in receivers.all_receivers(view)],
            [answers.found(view, cipher, *each) for each in answers.keys(view)],
        ]


def _lying(store: Database) -> list[bytes]:
    """What lies sealed in the database."""
    columns = (SecretRow.value, SecondFactorRow.secret, ReceiverRow.address, ReceiverRow.secret, AnswerRow.body)
    with store.reading() as view:
        return [value for column in columns for value in view.scalars(select(column))]


def test_every_sealed_column_is_known():
    """Whatever column of bytes the schema has, it is one that a new key seals anew: none is forgotten."""
    columns = {c for table in Base.metadata.tables.values() for c in table.columns if isinstance(c.type, LargeBinary)}

    assert {str(c) for c in columns} == {str(each.column.expression) for each in resealing._everything()}


def _factor(gallery: Gallery, now) -> int:
    with gallery.store.atomic() as step:
        account = accounts.insert(step, "Grace", "$argon2id$", "admin", groups=[], at=now).id
        secret = gallery.sealer.seal(b"totp", person=account, pipeline_id="", purpose="totp")
        step.add(SecondFactorRow(account_id=account, secret=secret, codes=[]))
    return account


def test_a_second_factor_follows_a_new_key(gallery, store, now):
    """The sealed secret of an account opens with the new key, for that account alone, and alone binds the key."""
    account = _factor(gallery, now)
    with store.reading() as view:
        before = view.get_one(SecondFactorRow, account).secret
        assert resealing.anything(view)
    gallery.vault.rotate(at=now, by="t")
    with store.reading() as view:
        after = view.get_one(SecondFactorRow, account).secret
        assert before != after
        assert b"totp" == gallery.sealer.open(after, person=account, pipeline_id="", purpose="totp")
        assert [] == resealing.altered_factors(view, gallery.sealer)


def test_a_second_factor_that_does_not_open_is_set_up_anew(gallery, store, now):
    """Verify names the account whose secret was altered, repair takes it away and records that."""
    account = _factor(gallery, now)
    with store.atomic() as step:
        step.get_one(SecondFactorRow, account).secret = b"x" * 40
    where = f"second factor of account {account}, to be set up anew afterwards"

    assert [("gallery.template_altered", where)] == [(each.id, each.where) for each in gallery.verify()]
    assert [] == gallery.repair(at=now, by="t") == gallery.verify()
    with store.reading() as view:
        (told,) = history(view, action="repair.altered")
        assert (None, {"table": "second_factor"}) == (view.get(SecondFactorRow, account), told.details)


def test_a_secret_alone_binds_the_key(store, gallery, home):
    """Where nothing but a secret is sealed, the key may not be another: a home that lost it makes no new one."""
    with store.atomic() as step:
        secrets.of(step, gallery.sealer, "cookie")
    (home / "key").unlink()
    with pytest.raises(KeyMissing), store.reading():
        Gallery(store, "e").vault.unlock()


def test_nothing_to_take_over_changes_nothing(old, store, now):
    """Where nothing is of the old name, or both names are one, neither log nor generation is touched."""
    before = store.generation()
    assert [0, 0] == [old.adopt(*names, at=now, by="t") for names in (("other", NEW), (OLD, OLD))]
    with store.reading() as view:
        assert ([], before) == (history(view, action="pipeline.adopt"), store.generation())


def test_templates_of_either_name_are_the_pipelines_own(old, store, enrol):
    """Before anything is taken over, templates under the former name are read and counted as those of the new."""
    gallery = Gallery(store, NEW, formerly=OLD)
    enrol(gallery, "Dee", 7, crop=b"crop 7")
    assert [OLD] * 4 + [NEW] == [
        each.pipeline_id for n in ("Ada", "Bob", "Cid", "Dee") for each in gallery.templates_of(n)
    ]
    assert ([1, 2, 4, 5], {1: 1, 2: 2, 4: 1, 5: 4}) == (gallery.load().ids.tolist(), gallery.owners())
    np.testing.assert_array_equal(old.load_of("Ada").vectors, gallery.load_of("Ada").vectors)
    assert ([2, 1, 1], 0) == ([each.templates for each in gallery.people()], len(gallery.load_of("Cid").ids))
    assert (5, 0, {}) == (gallery.stats().templates, gallery.stats().without_template, gallery.stats().other_encoders)
    assert (1, {}, []) == (gallery.find_source("Ada", SHA), gallery.renewable(), gallery.verify())
    assert "unchanged" == enrol(gallery, "Ada", 0).outcome


def test_a_gallery_without_a_former_name_reads_one(old, store):
    """Who names no former pipeline opens none: what it left is another pipeline's."""
    gallery = Gallery(store, NEW)
    assert ([], {}, {OLD: 4}) == (gallery.load().ids.tolist(), gallery.owners(), gallery.stats().other_encoders)
    assert (0, {OLD: 3}) == (len(gallery.load_of("Ada").ids), gallery.renewable())
    assert old.load_of("Ada").ids.tolist() == [1, 4]


def test_an_archive_of_before_is_filed_under_the_present_name(old, now, tmp_path, homes):
    """Templates that an archive names by the former pipeline become those of the present one."""
    old.export(tmp_path / "a.zip", at=now, passphrase=PHRASE)
    with open_database(homes.new("other")) as other:
        gallery = Gallery(other, NEW, formerly=OLD)
        gallery.import_(tmp_path / "a.zip", at=now, by="t", passphrase=PHRASE)
        assert {NEW} == {each.pipeline_id for each in gallery.templates_of("Ada")}
        np.testing.assert_array_equal(old.load(active=None).vectors, gallery.load(active=None).vectors)


@pytest.mark.usefixtures("old")
def test_what_does_not_open_stays(store, now):
    """An altered template stays as it is, and is named by verify; an altered crop goes with its template."""
    with store.atomic() as step:
        step.get(Template, 1).vector = step.get(Template, 1).vector[:-1] + b"?"
        step.get(Crop, 2).picture = b"?"
    gallery = Gallery(store, NEW)
    assert 3 == gallery.adopt(OLD, NEW, at=now, by="t")
    assert ([2, 3, 4], {OLD: 1}) == (gallery.load(active=None).ids.tolist(), gallery.stats().other_encoders)
    assert {"template 1 of P-1", "crop 2 of P-2"} == {each.where for each in gallery.verify()}


@pytest.mark.usefixtures("old")
def test_a_photo_that_is_there_already_stays(store, enrol, now):
    """Where somebody's photo was filed under the new name before, the old template stays beside it."""
    gallery = Gallery(store, NEW)
    enrol(gallery, "Bob", 1)
    assert 3 == gallery.adopt(OLD, NEW, at=now, by="t")
    assert ({OLD: 1}, []) == (gallery.stats().other_encoders, gallery.verify())


def test_another_dimension_is_refused(old, store, enrol, vector, now):
    """Templates that do not fit those of the new name are not taken over, and nothing has changed."""
    gallery = Gallery(store, NEW)
    enrol(gallery, "Eve", vector=vector(1, 8))
    with pytest.raises(WrongEncoder, match="another dimension"):
        gallery.adopt(OLD, NEW, at=now, by="t")
    assert 3 == len(old.load().ids)


@pytest.mark.usefixtures("old")
def test_many_are_taken_over_in_parts(store, now, monkeypatch):
    """However few fit into one part, all are taken over, and each once."""
    monkeypatch.setattr(resealing, "A_BATCH", 1)
    assert 4 == Gallery(store, NEW).adopt(OLD, NEW, at=now, by="t")


# Chips


def test_a_chip_comes_back_with_its_landmarks(gallery, enrol, now, tmp_path, homes):
    """A chip keeps its landmarks through a key's rotation, a merge and another home; an aligned crop has none."""
    enrol(gallery, "Ada", 1, crop=b"aligned")
    enrol(gallery, "Bob", 2, crop=b"a chip", landmarks=POINTS)
    gallery.vault.rotate(at=now, by="t")
    gallery.merge("Bob", "Ada", at=now, by="t")
    gallery.export(tmp_path / "archive", at=now, passphrase="a long enough one")  # noqa: S106
    with open_database(homes.new("elsewhere")) as other:
        there = Gallery(other, gallery.pipeline_id)
        there.import_(tmp_path / "archive", at=now, by="t", passphrase="a long enough one")  # noqa: S106
        for each in (gallery, there):
            aligned, chip = each.crops(each.pipeline_id)
            assert (b"aligned", "aligned", None) == (aligned.picture, aligned.form, aligned.landmarks)
            assert (b"a chip", "chip", np.float32) == (chip.picture, chip.form, chip.landmarks.dtype)
            np.testing.assert_array_equal(POINTS, chip.landmarks)
            assert (b"a chip", []) == (each.crop(2), each.verify())


def test_the_payload_of_a_chip_is_what_the_schema_says(gallery, store, enrol):
    """Sealed are ten float32 little-endian, x and y of the five landmarks, and then the picture."""
    enrol(gallery, "Ada", 1, crop=b"a chip", landmarks=POINTS)
    with store.reading() as view:
        row = view.scalars(select(Crop)).one()
    plain = gallery.sealer.open(row.picture, person=1, pipeline_id=gallery.pipeline_id, purpose="crop")
    assert ("chip", POINTS.astype("<f4").tobytes() + b"a chip") == (row.form, plain)


@pytest.mark.parametrize("points", [POINTS[:4], POINTS.ravel(), POINTS * np.nan])
def test_senseless_landmarks_are_refused(gallery, enrol, points):
    """Landmarks of another shape, or not finite: nobody is enrolled."""
    with pytest.raises(TemplateInvalid, match="landmarks"):
        enrol(gallery, "Ada", 1, crop=b"a chip", landmarks=points)
    assert [] == gallery.people()


def test_no_other_form_is_stored(gallery, store, enrol):
    """The database refuses a form of crop that nothing could read."""
    enrol(gallery, "Ada", 1, crop=b"x")
    with pytest.raises(Conflict), store.atomic() as step:
        step.get(Crop, 1).form = "round"
