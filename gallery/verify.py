"""Looking a gallery over: counts, and every defect with the command that repairs it."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from gallery.errors import GalleryError, GalleryUnusable, TemplateAltered
from gallery.files import leftovers
from gallery.repositories import corrections, counts, marks, people, resealing, sightings, templates
from gallery.repositories.events import MARK_ADDED, record
from gallery.repositories.templates import CROP, VECTOR
from gallery.values import Defect, Pipelines, SealedTemplate, Stats

if TYPE_CHECKING:
    from gallery.ports import Cipher, Database, Transaction, Vault

_REPAIR = "attendance gallery verify --repair"
_RESTORE = "attendance restore FILE --key KEYFILE --home NEW_HOME"
_TOLERANCE = 1e-3


def stats(database: "Database", pipelines: Pipelines) -> Stats:
    """Counts of everything in one consistent view."""
    with database.reading() as transaction:
        return counts.stats(transaction, pipelines, database.size())


def verify(database: "Database", vault: "Vault", pipelines: Pipelines) -> list[Defect]:
    """Every defect found, the database's own first; changes nothing."""
    try:
        with database.reading() as transaction:
            found = database.check()
            if found.damage:
                return [Defect("gallery.damaged", line, _RESTORE) for line in found.damage]
            return [
                *(
                    Defect("gallery.orphan", f"row {each.row} of {each.table} has no {each.parent}", _REPAIR)
                    for each in found.orphans
                ),
                *_sealed(transaction, vault),
                *_dimensions(transaction),
                *_without_template(transaction, pipelines),
                *_records(transaction),
                *_erasure(database),
                *_unfinished(database),
            ]
    except GalleryUnusable as error:
        return [Defect(error.id, str(error), _RESTORE)]


def _sealed(transaction: "Transaction", vault: "Vault") -> Iterator[Defect]:
    if not resealing.anything(transaction):
        return
    try:
        cipher = vault.unlock()
    except GalleryError as error:
        yield Defect(error.id, str(error), "attendance doctor")
        return
    crops = []
    for each in templates.sealed(transaction):
        again = f"attendance enroll PHOTO --id {each.external_id} --replace"
        if defect := _defect(cipher, each):
            yield Defect(defect, f"template {each.template.id} of {each.external_id}", again)
        if defect := _defect_of_crop(cipher, each):
            crops.append(Defect(defect, f"crop {each.template.id} of {each.external_id}", again))
    yield from crops
    for number in _altered_faces(transaction, cipher):
        yield Defect(TemplateAltered.id, f"face of sighting {number}", _REPAIR)


def _defect(cipher: "Cipher", each: SealedTemplate) -> str | None:
    person, pipeline = each.template.person_id, each.template.pipeline_id
    try:
        plain = cipher.open(each.vector, person=person, pipeline_id=pipeline, purpose=VECTOR)
    except GalleryError as error:
        return error.id
    numbers = np.frombuffer(plain, "<f4") if len(plain) % 4 == 0 else np.array([np.nan])
    sound = np.isfinite(numbers).all() and abs(np.linalg.norm(numbers[:-1]) - 1) <= _TOLERANCE
    return None if sound else "gallery.template_invalid"


def _defect_of_crop(cipher: "Cipher", each: SealedTemplate) -> str | None:
    person, pipeline = each.template.person_id, each.template.pipeline_id
    try:
        if each.crop is not None:
            cipher.open(each.crop, person=person, pipeline_id=pipeline, purpose=CROP)
    except GalleryError as error:
        return error.id
    return None


def _dimensions(transaction: "Transaction") -> Iterator[Defect]:
    for pipeline in templates.uneven(transaction):
        yield Defect("gallery.wrong_encoder", f"templates of {pipeline} differ in dimension", _RESTORE)


def _without_template(transaction: "Transaction", pipelines: Pipelines) -> Iterator[Defect]:
    for ref in people.unrecognisable(transaction, pipelines):
        yield Defect("gallery.no_template", f"{ref} cannot be recognised", f"attendance enroll PHOTO --id {ref}")


def _records(transaction: "Transaction") -> Iterator[Defect]:
    for mark in marks.unrecorded(transaction):
        yield Defect("gallery.mark_unrecorded", f"mark {mark} has no event", _REPAIR)
    for action, subject in corrections.unrecorded(transaction):
        yield Defect("gallery.mark_unrecorded", f"a correction of {subject} has no event {action}", _REPAIR)
    for mark, ref, name in marks.of_others(transaction):
        void = f"attendance void {ref} --session {name} --reason REASON"
        yield Defect("gallery.mark_mismatch", f"mark {mark} of {ref} rests on a face of somebody else", void)


def _altered_faces(transaction: "Transaction", cipher: "Cipher") -> Iterator[int]:
    """The sightings whose kept face does not open."""
    for number in sightings.crop_ids(transaction):
        try:
            sightings.open_crop(transaction, cipher, number)
        except TemplateAltered:
            yield number


def _erasure(database: "Database") -> Iterator[Defect]:
    if (where := database.unerased()) is not None:
        yield Defect("gallery.erasure_pending", where, _REPAIR)


def _unfinished(database: "Database") -> Iterator[Defect]:
    for path in leftovers(database.home):
        yield Defect("gallery.leftover", f"{path} was never finished", _REPAIR)


def repair(database: "Database", vault: "Vault", *, at: datetime, by: str) -> None:
    """Delete rows without their owner, faces that do not open and unfinished files; record what no event tells of."""
    for path in leftovers(database.home):
        path.unlink(missing_ok=True)
    with database.atomic() as transaction:
        gone = database.drop_orphans(transaction)
        for each in gone:
            details = {"table": each.table}
            record(transaction, at=at, by=by, action="repair.orphan", subject=each.row, details=details)
        if gone:
            database.bump(transaction)
        with suppress(GalleryError):  # without its key nothing can be said of a face
            sightings.drop_crops(transaction, list(_altered_faces(transaction, vault.unlock())))
        told = [(MARK_ADDED, mark) for mark in marks.unrecorded(transaction)]
        for action, subject in (*told, *corrections.unrecorded(transaction)):
            record(transaction, at=at, by=by, action=action, subject=subject, details={"found": True})
