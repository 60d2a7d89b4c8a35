"""Proven erasure: nothing of whoever was erased is in any file of the home, and a search can find what is there."""

import base64
import json
import random
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from types import SimpleNamespace

import numpy as np
import pytest
from sqlalchemy import select

from attendance import Attendance
from attendance.privacy_errors import HoldActive, ReceiptInvalid
from attendance.services import receipts as papers
from attendance.services.erasing import Erasing
from attendance.services.receipts import Receipts
from gallery import Gallery, KeyMissing, NotEmpty, Store, history, known, traces
from gallery.repositories import sightings
from gallery.schema import Person, SightingCrop, Template
from gallery.values import ScoredKey, Sighting

AT = datetime(2026, 3, 2, 8, tzinfo=UTC)
PEOPLE, GONE, PROVED = 200, 50, 3


def enrolled(app, number: int, chance: random.Random):
    """Somebody with a name and an id of their own, a template, a face, a sighting, a review and a mark."""
    values = np.random.default_rng(number).normal(size=512).astype(np.float32)
    vector = values / np.linalg.norm(values)
    name, ref = f"Zoë {chance.getrandbits(64):016x}", f"E-{chance.getrandbits(64):016x}"
    face = chance.randbytes(3000)
    done = app.gallery.enroll(
        name, vector, 0.2, quality={"score": 80}, source=f"{name}.jpg", at=AT, by="t", crop=face,
        source_sha256=f"{chance.getrandbits(256):064x}", external_id=ref, groups=["7b"], note=f"a note on {name}",
    )  # fmt: skip
    key = done.person.id
    with app.store.atomic() as transaction:
        seen = Sighting(AT, "camera", "door", "review", "e", person=key, candidates=(ScoredKey(key, 0.4, 0.4),))
        (review,) = sightings.add(transaction, [seen])
        sightings.keep_crops(transaction, app.gallery.sealer, {review: face[::-1]})
        sealed = [each.vector for each in transaction.scalars(select(Template).where(Template.person_id == key))]
        sealed += [each.picture for each in transaction.scalars(select(SightingCrop))][-1:]
    app.mark(ref)
    return SimpleNamespace(key=key, name=name, ref=ref, vector=vector, face=face, seen=face[::-1], sealed=sealed)


def plain_needles(who) -> list[bytes]:
    """What a search by somebody else would look for, made without the program's own."""
    half = who.vector.astype("<f2").tobytes()
    return [
        who.name.encode(),
        who.name.encode("utf-16-le"),
        json.dumps(who.name)[1:-1].encode(),
        who.ref.encode(),
        who.vector.tobytes()[400:432],
        who.vector.tobytes()[400:432].hex().encode(),
        half[200:232],
        base64.b64encode(who.vector.tobytes()[:48]),
        who.face[1000:1032],
        who.seen[1000:1032],
        *(each[40:72] for each in who.sealed),
    ]


def everything(home) -> bytes:
    """The bytes of every file of the home."""
    return b"\0".join(path.read_bytes() for path in sorted(home.rglob("*")) if path.is_file())


@pytest.mark.slow
@pytest.mark.sqlite_only("what is looked through are the files of its home")
def test_fifty_of_two_hundred_leave_nothing(home, clock, pipeline, tmp_path):
    """Of 50 of 200 people no byte is left in any file, the receipts say so, and of the others all is there.

    Most are removed without a proof, as to look through everything 50 times takes long; one search is for all of them.
    """
    chance = random.Random(3)  # noqa: S311
    with Attendance.open(home, clock=clock, pipeline=pipeline, flags={"guard_people": 0}) as app:
        with app.store.atomic():
            everybody = [enrolled(app, number, chance) for number in range(PEOPLE)]
        job = home / "jobs" / "1"
        job.mkdir(parents=True)
        (job / "report.csv").write_text("\n".join(f"{each.ref},{each.name}" for each in everybody), encoding="utf-8")
        gone = chance.sample(everybody, GONE)
        needles = known_of(app, gone)
        before, found_before = everything(home), hits(home, needles)
        for each in gone[PROVED:]:
            app.people.remove(app.actor, each.ref)
        done = [app.erasing.erase(app.actor, each.ref, tmp_path / f"{each.key}.json") for each in gone[:PROVED]]
        after = everything(home)
        told = [app.receipts.verify(tmp_path / f"{each.key}.json") for each in gone[:PROVED]]
        problems = app.gallery.verify()
        found_after = hits(home, needles)
    left = [each for each in everybody if each not in gone]

    assert all(each.name.encode() in before and each.sealed[0][40:72] in before for each in gone)
    assert {"jobs/1/report.csv"} < set(found_before)
    assert [] == [needle for each in gone for needle in plain_needles(each) if needle in after]
    assert {} == found_after
    assert [[]] * PROVED == [each.receipt["hits"] for each in done]
    assert [True] * PROVED == [each.clean and each.receipt["compacted"] for each in done]
    assert [True] * PROVED == [each.here for each in told]
    assert ["jobs/1/report.csv"] == done[0].receipt["deleted"]
    assert all(each.name.encode() in after and each.ref.encode() in after for each in left)
    assert [] == problems


def known_of(app, people) -> list:
    """All that the program knows of these people as bytes."""
    with app.store.reading() as view:
        return [
            *(
                needle
                for each in people
                for kind, text in known.texts(view, view.get(Person, each.key))
                for needle in traces.of_text(kind, text)
            ),
            *(needle for each in people for needle in known.faces(view, app.gallery.sealer, each.key)),
        ]


def hits(home, needles) -> dict[str, set]:
    """By file what was found in it."""
    return {each.path: set(each.hits) for each in traces.scan(home, needles) if each.hits}


@pytest.fixture
def ada(app):
    """Somebody who is to be erased."""
    return enrolled(app, 1, random.Random(1))  # noqa: S311


def planted(who) -> dict[str, bytes]:
    half = who.vector.astype("<f2").tobytes()
    return {
        "name utf-8": who.name.encode(),
        "name utf-16-le": who.name.encode("utf-16-le"),
        "name json": json.dumps({"n": who.name}).encode(),
        "id utf-8": who.ref.encode(),
        "template float32": who.vector.tobytes(),
        "template float16": half,
        "template float32 hex": who.vector.tobytes().hex().encode(),
        "template float16 base64": base64.b64encode(b"x" + half),
        "face bytes": who.face[900:1600],
        "face bytes base64": base64.b64encode(b"xy" + who.seen),
        "sealed template bytes": who.sealed[0],
    }


FORMS = (
    "name utf-8", "name utf-16-le", "name json", "id utf-8", "template float32", "template float16",
    "template float32 hex", "template float16 base64", "face bytes", "face bytes base64", "sealed template bytes",
)  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_what_is_planted_is_found(app, ada, tmp_path, form):
    """Whatever form of the person's data lies in a file of the home that is not the program's, the receipt names it."""
    (app.home / "planted.log").write_bytes(b"\x01" * 5000 + planted(ada)[form] + b"\x02" * 5000)
    done = app.erasing.erase(app.actor, ada.ref, tmp_path / "proof")

    assert {"planted.log"} == {each["path"] for each in done.receipt["hits"]}
    assert form in {f"{each['kind']} {each['form']}" for each in done.receipt["hits"]}
    assert not done.clean


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("attendance-0004.bak", "a copy from before an upgrade"),
        (".report.ab12.new.csv", "left from an interrupted write"),
        ("core.1234", "a dump of a program that failed"),
        ("notes.txt", "not the program's"),
    ],
)
def test_what_to_do_about_a_trace_is_said(app, ada, tmp_path, name, says):
    """A copy before an upgrade, half a file, a dump and a stranger's file are each told with what to do."""
    (app.home / name).write_text(ada.name, encoding="utf-8")
    done = app.erasing.erase(app.actor, ada.ref, tmp_path / "proof")

    assert [(name, True)] == [(each["path"], says in each["advice"]) for each in done.receipt["hits"]]


@pytest.mark.sqlite_only("its write-ahead log is a file of the home")
def test_while_another_program_reads_it_is_said(app, ada, tmp_path):
    """The log cannot be emptied then: the receipt says that it is not erased, and finds what is there."""
    with (
        Store.open(app.home, busy_timeout_s=0.1) as store,
        closing(sqlite3.connect(app.store.path, isolation_level=None)) as reader,
    ):
        gallery = Gallery(store, app.gallery.pipeline_id)
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM person").fetchone()
        done = Erasing(gallery, Receipts(gallery), app.clock, list).erase(app.actor, ada.ref, tmp_path / "proof")

    assert (False, False) == (done.receipt["erased"], done.clean)
    assert {"attendance.db-wal"} <= {each["path"] for each in done.receipt["hits"]}


def test_another_of_this_name_is_no_trace(app, ada, tmp_path):
    """Where somebody else has the same name, it is told, and the id and the rest are searched for all the same."""
    app.gallery.add_person(ada.name, at=AT, by="t", external_id="other")
    done = app.erasing.erase(app.actor, ada.ref, tmp_path / "proof")

    assert ([], True) == (done.receipt["hits"], done.clean)
    assert [("name", "person.name", 1)] == [(e["kind"], e["where"], e["rows"]) for e in done.receipt["explained"]]
    assert {"id", "row", "template", "face", "note"} <= set(done.receipt["searched"])


def test_a_name_in_a_remark_is_a_trace(app, ada, tmp_path):
    """What somebody wrote of them elsewhere is found, and the receipt says where it stands."""
    app.session_book.open(app.actor, f"Talk with {ada.ref}x")
    app.holds.add(app.actor, None, reason=f"case of {ada.name}")
    app.holds.lift(app.actor, 1)
    done = app.erasing.erase(app.actor, ada.ref, tmp_path / "proof")

    assert {("name", "hold.reason")} == {
        (each["kind"], each["where"]) for each in done.receipt["explained"] if each["kind"] == "name"
    }
    assert not done.clean


def test_a_hold_refuses_it_and_nothing_is_removed(app, ada, tmp_path):
    """Under a hold nobody is erased, and no file is written."""
    app.holds.add(app.actor, ada.ref, reason="x")
    with pytest.raises(HoldActive):
        app.erasing.erase(app.actor, ada.ref, tmp_path / "proof")

    assert ([ada.ref], False) == ([each.external_id for each in app.people.all()], (tmp_path / "proof").exists())


def test_without_the_key_nothing_is_removed(ada, tmp_path, home, clock, pipeline):
    """A receipt needs the key of the home: without it the person stays, and 'gallery remove' still works."""
    (home / "key").unlink()
    with Attendance.open(home, clock=clock, pipeline=pipeline) as other:
        with pytest.raises(KeyMissing):
            other.erasing.erase(other.actor, ada.ref, tmp_path / "proof")
        assert [ada.ref] == [each.external_id for each in other.people.all()]


def test_a_file_that_is_there_is_kept(app, ada, tmp_path):
    """An earlier file is never written over, and nobody is removed then."""
    (tmp_path / "proof").write_text("mine", encoding="utf-8")
    with pytest.raises(NotEmpty):
        app.erasing.erase(app.actor, ada.ref, tmp_path / "proof")

    assert ("mine", 1) == ((tmp_path / "proof").read_text(encoding="utf-8"), len(app.people.all()))


def test_a_full_disk_loses_no_receipt(app, ada, tmp_path, monkeypatch):
    """Where the file cannot be written after the erasure, the receipt comes back all the same, with the reason."""
    monkeypatch.setattr("pathlib.Path.write_text", _full)
    done = app.erasing.erase(app.actor, ada.ref, tmp_path / "proof")
    monkeypatch.undo()

    assert ("gallery.full", True, []) == (done.unwritten.id, done.clean, list(tmp_path.glob("*proof*")))
    papers.refuse_altered("it", done.receipt)


def _full(*_: object, **__: object) -> None:
    raise OSError(28, "No space left on device")


def test_a_receipt_names_nobody(app, ada, tmp_path):
    """Neither name nor id stands in a receipt; who knows the id can tell that it is of theirs."""
    done = app.erasing.erase(app.actor, ada.ref, tmp_path / "proof")
    text = (tmp_path / "proof").read_text(encoding="utf-8")
    with app.store.reading() as transaction:
        (event,) = history(transaction, action="erasure.proof")

    assert (False, False) == (ada.name in text, ada.ref in text)
    assert (True, False) == (papers.is_of(done.receipt["id"], ada.ref), papers.is_of(done.receipt["id"], "E"))
    assert (str(ada.key), 0) == (event.subject, event.details["hits"])
    assert 1 == done.receipt["removed"]["template"] == done.receipt["removed"]["mark"]


@pytest.mark.parametrize("change", ["by", "hits", "signature", "public_key", "extra", "files"])
def test_a_changed_receipt_is_refused(app, ada, tmp_path, change):
    """Any change of a receipt, and any key in the place of its own, is told."""
    app.erasing.erase(app.actor, ada.ref, tmp_path / "proof")
    told = papers.read(tmp_path / "proof")
    told[change] = {"hits": [1], "files": []}.get(change, "00" * 32)
    (tmp_path / "changed").write_text(json.dumps(told), encoding="utf-8")
    with pytest.raises(ReceiptInvalid, match=r"changed|signed"):
        app.receipts.verify(tmp_path / "changed")


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"format":"attendance-receipt","version":1}', "\x00", "[" * 9999]
)
def test_what_is_no_receipt_is_refused(app, tmp_path, text):
    """Whatever else lies in the file is told as no receipt."""
    (tmp_path / "file").write_text(text, encoding="utf-8")
    with pytest.raises(ReceiptInvalid):
        app.receipts.verify(tmp_path / "file")


def test_a_receipt_tells_its_home(app, ada, tmp_path, pipeline, clock):
    """A receipt of another home is sound and said to be so; with the wrong public key it is refused."""
    app.erasing.erase(app.actor, ada.ref, tmp_path / "proof")
    key = app.receipts.public_key()
    with Attendance.open(tmp_path / "other", clock=clock, pipeline=pipeline) as other:
        unknown = other.receipts.verify(tmp_path / "proof", key)
        other.receipts.prepare()
        known = other.receipts.verify(tmp_path / "proof")
        with pytest.raises(ReceiptInvalid, match="another key"):
            other.receipts.verify(tmp_path / "proof", other.receipts.public_key())

    assert (True, None, False) == (app.receipts.verify(tmp_path / "proof").here, unknown.here, known.here)


def test_a_search_afterwards(app, ada, tmp_path):
    """Who was erased can be searched for by name and id as they are typed; what is found is named."""
    app.erasing.erase(app.actor, ada.ref, tmp_path / "proof")
    clean = app.erasing.typed(ada.name, ada.ref)
    (app.home / "late.txt").write_text(ada.ref, encoding="utf-8")
    found = app.erasing.typed(ada.name, ada.ref)

    assert (True, ["late.txt"]) == (clean.clean, [each["path"] for each in found.hits])


@pytest.mark.parametrize("how", ["remove", "edit", "erase"])
def test_the_list_beside_the_backups_is_told(app, ada, tmp_path, how):
    """Whoever is erased stands at once in the list by which a backup from before is erased again."""
    {
        "remove": lambda: app.people.remove(app.actor, ada.ref),
        "edit": lambda: app.edits.remove(app.actor, ada.ref),
        "erase": lambda: app.erasing.erase(app.actor, ada.ref, tmp_path / "proof"),
    }[how]()
    (told,) = json.loads((app.home / "erased").read_text(encoding="utf-8"))["erasures"]

    assert [ada.key, "person"] == told[:2]
