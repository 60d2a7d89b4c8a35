"""Verify: each planted defect is found and its repair named; a sound gallery has none; looking changes nothing."""
# ruff: noqa: E501  a table of defects reads best with a line each

import hashlib
import re
from datetime import timedelta

import numpy as np
import pytest
from servers import raw
from sqlalchemy import select

from gallery import Gallery, history, open_database, record
from gallery.repositories import answers, chain, chaincheck, corrections, places, receivers, secrets, sightings
from gallery.repositories.events import MARK_ADDED, MARK_VOIDED
from gallery.schema import CorrectionRow, MarkRow, SessionRow, Template
from gallery.values import Sighting


@pytest.fixture
def sound(store, enrol, now) -> Gallery:
    """Two people with crops, groups, a look-alike pair, a mark and a void mark, all as it should be."""
    gallery = Gallery(store, "e")
    people = [enrol(gallery, n, s, crop=b"crop", external_id=n, groups=["g"]).person.id for s, n in enumerate("AB")]
    gallery.remember_lookalike("A", "B", 0.4, at=now, by="t")
    with store.atomic() as session:
        session.add(SessionRow(id=1, name="x", kind="named", opens=now, zone="UTC"))
        session.flush()
        for person in people:
            seen = Sighting(now, "file", "x.jpg", "present", "e", session=1, person=person)
            (number,) = sightings.add(session, [seen])
            fact = {"at": now, "entered": now, "by": "t", "method": "face", "time_known": True, "details": {}}
            session.add(
                MarkRow(id=f"mark{person}", person_id=person, session_id=1, ordinal=1, sighting_id=number, **fact)
            )
            record(session, at=now, by="t", action=MARK_ADDED, subject=f"mark{person}")
        corrections.add(session, "void", mark="mark2", at=now, by="t", reason="wrong")
        record(session, at=now, by="t", action=MARK_VOIDED, subject="mark2")
        (review,) = sightings.add(
            session, [Sighting(now, "camera", "door", "review", "e", session=1, person=people[0])]
        )
        sightings.keep_crops(session, gallery.sealer, {review: b"a face"})
        places.insert(session, gallery.sealer, "door", "camera", at=now, address="rtsp://u:p@cam/1")
    return gallery


@pytest.fixture
def settled(sound, now, decided, served) -> Gallery:
    """The same, with one of everything decided about one of them, and of what the service keeps."""
    decided.decide(sound, sound.find("A").id, now)
    served.serve(sound, sound.find("A").id, now, group="7b")
    return sound


def _raw(gallery: Gallery, *statements: str) -> None:
    """Change the database behind the gallery's back, without its rules."""
    with raw(gallery.store.home) as run:
        for statement in statements:
            run(statement if gallery.store.engine == "sqlite" else _on_a_server(statement))


def _on_a_server(statement: str) -> str:
    """The same with bytes as PostgreSQL writes them."""
    return re.sub(r"x'([0-9a-f]+)'", r"'\\x\1'::bytea", statement).replace(" AS BLOB)", " AS bytea)")


def _sealed_anew(gallery: Gallery, values: np.ndarray) -> None:
    """Put a payload under the right seal that no encoder would make."""
    plain = values.astype("<f4").tobytes()
    sealed = gallery.sealer.seal(plain, person=1, pipeline_id="e", purpose="vector")
    with gallery.store.atomic() as session:
        session.get(Template, 1).vector = sealed


def _event_gone(gallery: Gallery, action: str) -> None:
    _raw(gallery, f"DELETE FROM event WHERE action = '{action}'")  # noqa: S608


AGAIN = "attendance enroll PHOTO --name A --id A --replace"
REPAIR = "attendance gallery verify --repair"
DEFECTS = {
    "template altered": (
        lambda g: _raw(g, "UPDATE template SET vector = CAST(substr(vector, 1, 40) || x'00' || substr(vector, 42) AS BLOB) WHERE id = 1"),
        {("gallery.template_altered", "template 1 of A", AGAIN)},
    ),
    "template cut": (
        lambda g: _raw(g, "UPDATE template SET vector = x'01' WHERE id = 1"),
        {("gallery.template_altered", "template 1 of A", AGAIN)},
    ),
    "of another dimension": (
        lambda g: _sealed_anew(g, np.eye(1, 17)[0]),
        {("gallery.wrong_encoder", "templates of e differ in dimension", "attendance restore FILE --key KEYFILE --home NEW_HOME")},
    ),
    "address altered": (
        lambda g: _raw(g, "UPDATE place SET address = CAST(address || x'00' AS BLOB)"),
        {("gallery.template_altered", "address of place door, to be given anew afterwards", REPAIR)},
    ),
    "template moved": (
        lambda g: _raw(g, "UPDATE template SET pipeline_id = 'other' WHERE id = 1"),
        {("gallery.template_altered", "template 1 of A", AGAIN), ("gallery.no_template", "A cannot be recognised", "attendance enroll PHOTO --name A --id A"),
         ("gallery.template_altered", "crop 1 of A", AGAIN)},
    ),
    "not finite": (
        lambda g: _sealed_anew(g, np.full(33, np.nan)),
        {("gallery.template_invalid", "template 1 of A", AGAIN)},
    ),
    "not of unit length": (
        lambda g: _sealed_anew(g, np.ones(33)),
        {("gallery.template_invalid", "template 1 of A", AGAIN)},
    ),
    "crop altered": (
        lambda g: _raw(g, "UPDATE crop SET picture = CAST(picture || x'00' AS BLOB) WHERE template_id = 1"),
        {("gallery.template_altered", "crop 1 of A", AGAIN)},
    ),
    "no template": (
        lambda g: _raw(g, "DELETE FROM crop WHERE template_id = 1", "DELETE FROM template WHERE id = 1"),
        {("gallery.no_template", "A cannot be recognised", "attendance enroll PHOTO --name A --id A")},
    ),
    "template of nobody": (
        lambda g: _raw(g, "UPDATE template SET person_id = 99, pipeline_id = 'z' WHERE id = 1"),
        {("gallery.orphan", "row 1 of template has no person", REPAIR),
         ("gallery.no_template", "A cannot be recognised", "attendance enroll PHOTO --name A --id A")},
    ),
    "group of nobody": (
        lambda g: _raw(g, 'DELETE FROM "group"'),
        {("gallery.orphan", "row 1 of membership has no group", REPAIR), ("gallery.orphan", "row 2 of membership has no group", REPAIR)},
    ),
    "mark without event": (
        lambda g: _event_gone(g, MARK_ADDED),
        {("gallery.mark_unrecorded", f"mark mark{n} has no event", REPAIR) for n in (1, 2)},
    ),
    "void without event": (
        lambda g: _event_gone(g, MARK_VOIDED),
        {("gallery.mark_unrecorded", "a correction of mark2 has no event mark.void", REPAIR)},
    ),
    "mark of another face": (
        lambda g: _raw(g, "UPDATE sighting SET person_id = 2 WHERE id = 1"),
        {("gallery.mark_mismatch", "mark mark1 of A rests on a face of somebody else", "attendance void A --session x --reason REASON")},
    ),
    "mark without its sighting": (
        lambda g: _raw(g, "DELETE FROM sighting WHERE id = 1"),
        {("gallery.orphan", "row 1 of mark has no sighting", REPAIR)},
    ),
    "face altered": (
        lambda g: _raw(g, "UPDATE sighting_crop SET picture = CAST(picture || x'00' AS BLOB)"),
        {("gallery.template_altered", "face of sighting 3", REPAIR)},
    ),
    "key missing": (lambda g: (g.store.home / "key").unlink(), "gallery.key_missing"),
    "key open to others": (lambda g: (g.store.home / "key").chmod(0o644), "gallery.key_mode"),
    "key wrong": (lambda g: (g.store.home / "key").write_text("00" * 32), "gallery.key_wrong"),
}  # fmt: skip
IN_THE_FILE = {
    "index damaged": (
        lambda g: _raw(g, "PRAGMA writable_schema=ON", "UPDATE sqlite_master SET rootpage = (SELECT rootpage FROM sqlite_master WHERE name = 'ix_event_subject') WHERE name = 'ix_person_name'"),
        None,
    ),
    "file unfinished": (
        lambda g: (g.store.home / ".attendance.db.0001.bak.abc.new").write_text("half"),
        "leftover",
    ),
}  # fmt: skip

DECIDED = {
    "version without event": (
        lambda g: _event_gone(g, "rule.add"),
        {("gallery.unrecorded", f"rule {n} has no event rule.end", REPAIR) for n in (1, 2)},
    ),
    "entry without event": (
        lambda g: _event_gone(g, "calendar.add"),
        {("gallery.unrecorded", f"calendar entry {n} has no event calendar.add", REPAIR) for n in (1, 2)},
    ),
    "excuse without event": (
        lambda g: _event_gone(g, "excuse.add"),
        {("gallery.unrecorded", f"excuse {n} has no event excuse.add", REPAIR) for n in (1, 2, 3)},
    ),
    "withdrawals without event": (
        lambda g: _raw(g, "DELETE FROM event WHERE action LIKE '%.withdraw'"),
        {("gallery.unrecorded", "excuse 3 has no event excuse.withdraw", REPAIR),
         ("gallery.unrecorded", "calendar entry 2 has no event calendar.withdraw", REPAIR)},
    ),
    "approvals without event": (
        lambda g: _raw(g, "UPDATE mark SET id = 'looked' WHERE id IN (SELECT mark_id FROM approval)",
                       "UPDATE event SET subject = 'looked' WHERE subject IN (SELECT mark_id FROM approval)",
                       "UPDATE approval SET mark_id = 'looked' WHERE mark_id IS NOT NULL",
                       "INSERT INTO event (at, by, action, subject, details) SELECT at, by, 'mark.add', 'looked', details FROM event LIMIT 1",
                       "DELETE FROM event WHERE action LIKE 'approval.%'"),
        {("gallery.unrecorded", "excuse 1 has no event approval.grant", REPAIR),
         ("gallery.unrecorded", "mark looked has no event approval.refuse", REPAIR)},
    ),
    "months without event": (
        lambda g: _raw(g, "DELETE FROM event WHERE action LIKE 'month.%'"),
        {("gallery.unrecorded", f"month 2026-02 has no event month.{word}", REPAIR) for word in ("close", "open")},
    ),
    "rule of a lost person": (
        lambda g: _raw(g, "UPDATE rule SET person_id = 99 WHERE id = 1"),
        {("gallery.orphan", "row 1 of rule has no person", REPAIR)},
    ),
    "group of rules": (
        lambda g: _raw(g, "DELETE FROM \"group\" WHERE name = '7b'"),
        {("gallery.orphan", f"row {row} of {table} has no group", REPAIR)
         for row, table in ((1, "coverage"), (2, "calendar_entry"), (2, "rule"), (3, "membership"), (1, "membership_change"), (1, "account_group"))},
    ),
    "secret altered": (
        lambda g: _raw(g, "UPDATE secret SET value = CAST(value || x'00' AS BLOB)"),
        {("gallery.template_altered", f"secret for {purpose}: what was made with it holds no longer", REPAIR)
         for purpose in ("audit", "for x")},
    ),
    "secret of another purpose": (
        lambda g: _raw(g, "UPDATE secret SET purpose = 'cookie' WHERE purpose = 'for x'"),
        {("gallery.template_altered", "secret for cookie: what was made with it holds no longer", REPAIR)},
    ),
    "receiver altered": (
        lambda g: _raw(g, "UPDATE receiver SET address = CAST(address || x'00' AS BLOB)"),
        {("gallery.template_altered", "address of receiver x, to be given anew afterwards", REPAIR)},
    ),
    "signing key altered": (
        lambda g: _raw(g, "UPDATE receiver SET secret = address"),
        {("gallery.template_altered", "address of receiver x, to be given anew afterwards", REPAIR)},
    ),
    "receiver without its address": (
        lambda g: _raw(g, "UPDATE receiver SET address = NULL"),
        {("gallery.template_altered", "address of receiver x, to be given anew afterwards", REPAIR)},
    ),
    "answer altered": (
        lambda g: _raw(g, "UPDATE answer SET key = 'moved'"),
        {("gallery.template_altered", "answer kept for token 1", REPAIR)},
    ),
    "credential of a lost person": (
        lambda g: _raw(g, "UPDATE credential SET person_id = 99 WHERE kind = 'pin'"),
        {("gallery.orphan", "row 1 of credential has no person", REPAIR)},
    ),
}  # fmt: skip


def test_a_sound_gallery_has_no_problem(settled):
    """Where everything is as it should be, verify finds nothing."""
    assert [] == settled.verify()


def _found(gallery: Gallery, home):
    """What verify finds in a home opened for reading alone; looking changes no byte."""
    gallery.store.close()
    before = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in home.iterdir()}
    with open_database(home, read_only=True) as store:
        problems = Gallery(store, "e").verify()
    assert before == {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in home.iterdir() if p.name in before}
    return problems


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_planted_defect_is_found(sound, home, defect):
    """Each defect is found with its id, its place and the command that repairs it; looking changes no byte."""
    plant, expected = DEFECTS[defect]
    plant(sound)
    problems = _found(sound, home)

    if isinstance(expected, str):
        assert [(expected, "attendance doctor")] == [(problem.id, problem.repair) for problem in problems]
    else:
        assert expected == {(problem.id, problem.where, problem.repair) for problem in problems}


@pytest.mark.sqlite_only("a server has files of its own, and finds their damage itself")
@pytest.mark.parametrize("defect", IN_THE_FILE)
def test_a_defect_of_the_file_is_found(sound, home, defect):
    """So is an index that does not fit its table, and what an upgrade that broke off left in the folder."""
    plant, expected = IN_THE_FILE[defect]
    plant(sound)
    problems = _found(sound, home)

    if expected is None:
        assert {"gallery.damaged"} == {problem.id for problem in problems}
    else:
        (problem,) = problems
        assert (problem.id, problem.repair, ".bak.abc.new was" in problem.where) == ("gallery.leftover", REPAIR, True)


@pytest.mark.parametrize("defect", DECIDED)
def test_what_was_decided_is_looked_over(settled, home, defect):
    """What was decided and no event tells of is found, and so is what is for nobody any more."""
    plant, expected = DECIDED[defect]
    plant(settled)

    assert expected == {(problem.id, problem.where, problem.repair) for problem in _found(settled, home)}


@pytest.mark.parametrize("defect", DECIDED)
def test_repair_records_what_was_decided(settled, now, defect):
    """What was decided is recorded, each once; what is for nobody goes; afterwards nothing is left to mend."""
    DECIDED[defect][0](settled)

    assert [] == settled.repair(at=now, by="t") == settled.verify()


@pytest.mark.parametrize(
    "defect", ["template of nobody", "group of nobody", "mark without event", "void without event", "file unfinished"]
)
def test_repair_mends_what_needs_no_decision(sound, now, defect):
    """Rows of nobody are deleted, marks without an event are recorded; afterwards only open questions are left."""
    DEFECTS[defect][0](sound)
    left = sound.repair(at=now, by="t")

    assert left == sound.verify()
    assert {problem.id for problem in left} <= {"gallery.no_template"}


def test_repair_keeps_what_stands_without_its_owner(sound, now):
    """A mark whose sighting is gone stays without it; one whose person is gone as well goes, and so does its void."""
    _raw(sound, "DELETE FROM sighting WHERE id < 3", "DELETE FROM person WHERE id = 2")
    sound.repair(at=now, by="t")
    with sound.store.reading() as session:
        found = [(row.id, row.sighting_id) for row in session.scalars(select(MarkRow))]
        left = session.scalars(select(CorrectionRow)).all()

    assert ([("mark1", None)], []) == (found, left)
    assert [] == sound.verify()


def test_a_void_mark_of_another_face_is_no_defect(sound):
    """What a mark that was voided rests on harms nobody: voiding is how such a mark is mended."""
    _raw(sound, "UPDATE sighting SET person_id = 1 WHERE id = 2")
    assert [] == sound.verify()


def test_repair_takes_a_face_that_does_not_open(sound, now):
    """The sealed face of a review that was altered is deleted; the review still waits for somebody to look."""
    _raw(sound, "UPDATE sighting_crop SET picture = x'00'", "UPDATE place SET address = x'00'")
    assert [] == sound.repair(at=now, by="t")
    with sound.store.reading() as session:
        assert [("3", "sighting_crop"), ("1", "place")] == [
            (each.subject, each.details["table"]) for each in history(session, action="repair.altered")
        ]
        assert ([3], []) == ([each.id for each in sightings.waiting(session)], sightings.crop_ids(session))


def test_repair_takes_what_the_service_cannot_open(settled, now):
    """Secrets and answers that do not open go, a receiver is out of use without its address; each is recorded."""
    _raw(
        settled,
        "UPDATE secret SET value = x'00'",
        "UPDATE receiver SET secret = x'00'",
        "UPDATE answer SET body = x'00'",
    )
    assert [] == settled.repair(at=now, by="t")
    with settled.store.atomic() as step:
        assert [("audit", "secret"), ("for x", "secret"), ("1", "receiver"), ("1", "answer")] == [
            (each.subject, each.details["table"]) for each in history(step, action="repair.altered")
        ]
        assert (["audit"], []) == (secrets.purposes(step), answers.keys(step))
        told = receivers.numbered(step, 1)
        assert (False, "gallery.template_altered") == (told.active, told.reason)
        assert 32 == len(secrets.of(step, settled.sealer, "for x"))


def test_repair_begins_a_log_anew_whose_key_is_lost(settled, now):
    """Where the key of the log does not open any more, another one vouches for all that was written before."""
    _raw(settled, "UPDATE secret SET value = x'00' WHERE purpose = 'audit'")
    assert [] == settled.repair(at=now, by="t")
    settled.rename("A", "Ada King", at=now, by="t")

    with settled.store.reading() as view:
        found = chaincheck.verify(view, secrets.stored(view, settled.sealer, chain.PURPOSE))
    assert ((), 1) == (found.findings, len(found.anew))
    assert found.proved > 0 < found.earlier


def test_events_let_go_by_rule_are_not_missed(settled, now):
    """Where old entries of the log went by a rule, nothing that they told of is a defect; what is newer still is."""
    with settled.store.atomic() as step:
        assert chain.cut(step, now + timedelta(days=1), at=now + timedelta(days=2), by="t") > 0
    assert [] == settled.verify()
    with settled.store.atomic() as step:
        corrections.add(step, "void", at=now + timedelta(days=3), by="t", reason="r", mark="mark1")

    assert ["gallery.mark_unrecorded"] == [each.id for each in settled.verify()]


def test_repair_of_a_sound_gallery_does_nothing(sound, now):
    """Where nothing is wrong, repair writes nothing: neither rows, nor events, nor a new generation."""
    with sound.store.reading() as session:
        before = sound.store.generation(), session.scalars(select(MarkRow.id)).all()
    sound.repair(at=now, by="t")
    with sound.store.reading() as session:
        after = sound.store.generation(), session.scalars(select(MarkRow.id)).all()

    assert before == after


def test_enrolling_again_repairs_an_altered_template(sound, enrol):
    """Enrolled again with any photo, the same one too, an altered template is replaced, its crop kept anew."""
    for seed in (0, 7):
        DEFECTS["template altered"][0](sound)
        outcome = enrol(sound, "A", seed, crop=b"crop", external_id="A", replace=True).outcome
        assert ("replaced", []) == (outcome, sound.verify())
        assert [True] == [each.has_crop for each in sound.templates_of("A")]


def test_replacing_leaves_templates_of_other_pipelines(sound, enrol):
    """Of another pipeline a template goes with its seal broken, and loses an altered crop alone."""
    other = Gallery(sound.store, "other")
    for seed in (10, 11, 12):
        enrol(other, "A", seed, crop=b"crop", external_id="A")
    _raw(sound, "UPDATE template SET vector = x'01' WHERE source = '10.jpg'")
    _raw(
        sound, "UPDATE crop SET picture = x'01' WHERE template_id IN (SELECT id FROM template WHERE source = '11.jpg')"
    )
    enrol(sound, "A", 7, external_id="A", replace=True)

    assert [] == sound.verify()
    assert [("7.jpg", False), ("11.jpg", False), ("12.jpg", True)] == sorted(
        ((each.source, each.has_crop) for each in sound.templates_of("A")), key=lambda pair: len(pair[0])
    )


def test_who_replaces_nothing_drops_nothing(sound, enrol):
    """Without `replace` another photo leaves an altered template where it is."""
    DEFECTS["template altered"][0](sound)
    enrol(sound, "A", 7, external_id="A")
    assert ["template 1 of A"] == [each.where for each in sound.verify()]


def test_counts_are_those_of_the_gallery(sound, enrol, store, now):
    """Stats count people, templates, crops, groups, pairs, sessions and the marks that were not voided."""
    enrol(Gallery(store, "other"), "A", 9, external_id="A")
    sound.add_person("C", at=now, by="t")
    found = sound.stats()

    assert (3, 3, 1, 2, 2, {"other": 1}, {"g": 2}, 1, 1, 1) == (
        found.people, found.active, found.without_template, found.templates, found.crops, found.other_encoders,
        found.groups, found.lookalikes, found.sessions, found.marks,
    )  # fmt: skip
    assert found.database_bytes == store.size()
