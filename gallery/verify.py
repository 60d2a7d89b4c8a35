"""Looking a gallery over: counts, and every defect with the command that repairs it."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from gallery.errors import GalleryError, GalleryUnusable
from gallery.files import leftovers
from gallery.repositories import counts, marks, people, templates
from gallery.repositories.events import MARK_ADDED, MARK_VOIDED, record
from gallery.repositories.templates import CROP, VECTOR
from gallery.values import Problem, SealedTemplate, Stats

if TYPE_CHECKING:
    from gallery.ports import Cipher, Database, Transaction, Vault

_REPAIR = "attendance gallery verify --repair"
_RESTORE = "attendance restore FILE --key KEYFILE --home NEW_HOME"
_TOLERANCE = 1e-3


def stats(database: "Database", encoder_id: str) -> Stats:
    """Counts of everything in one consistent view."""
    with database.reading() as transaction:
        return counts.stats(transaction, encoder_id, database.size())


def verify(database: "Database", vault: "Vault", encoder_id: str) -> list[Problem]:
    """Every defect found, the database's own first; changes nothing."""
    try:
        with database.reading() as transaction:
            found = database.check()
            if found.damage:
                return [Problem("gallery.damaged", line, _RESTORE) for line in found.damage]
            return [
                *(
                    Problem("gallery.orphan", f"row {each.row} of {each.table} has no {each.parent}", _REPAIR)
                    for each in found.orphans
                ),
                *_sealed(transaction, vault),
                *_dimensions(transaction),
                *_without_template(transaction, encoder_id),
                *_marks(transaction),
                *_erasure(database),
                *_unfinished(database),
            ]
    except GalleryUnusable as error:
        return [Problem(error.id, str(error), _RESTORE)]


def _sealed(transaction: "Transaction", vault: "Vault") -> Iterator[Problem]:
    if not templates.any_of(transaction):
        return
    try:
        cipher = vault.unlock()
    except GalleryError as error:
        yield Problem(error.id, str(error), "attendance doctor")
        return
    crops = []
    for each in templates.sealed(transaction):
        again = f"attendance enroll PHOTO --id {each.external_id} --replace"
        if defect := _defect(cipher, each):
            yield Problem(defect, f"template {each.template.id} of {each.external_id}", again)
        if defect := _defect_of_crop(cipher, each):
            crops.append(Problem(defect, f"crop {each.template.id} of {each.external_id}", again))
    yield from crops


def _defect(cipher: "Cipher", each: SealedTemplate) -> str | None:
    person, encoder = each.template.person_id, each.template.encoder_id
    try:
        plain = cipher.open(each.vector, person=person, encoder_id=encoder, purpose=VECTOR)
    except GalleryError as error:
        return error.id
    numbers = np.frombuffer(plain, "<f4") if len(plain) % 4 == 0 else np.array([np.nan])
    sound = np.isfinite(numbers).all() and abs(np.linalg.norm(numbers[:-1]) - 1) <= _TOLERANCE
    return None if sound else "gallery.template_invalid"


def _defect_of_crop(cipher: "Cipher", each: SealedTemplate) -> str | None:
    person, encoder = each.template.person_id, each.template.encoder_id
    try:
        if each.crop is not None:
            cipher.open(each.crop, person=person, encoder_id=encoder, purpose=CROP)
    except GalleryError as error:
        return error.id
    return None


def _dimensions(transaction: "Transaction") -> Iterator[Problem]:
    for encoder in templates.uneven(transaction):
        yield Problem("gallery.wrong_encoder", f"templates of {encoder} differ in dimension", _RESTORE)


def _without_template(transaction: "Transaction", encoder_id: str) -> Iterator[Problem]:
    for ref in people.unrecognisable(transaction, encoder_id):
        yield Problem("gallery.no_template", f"{ref} cannot be recognised", f"attendance enroll PHOTO --id {ref}")


def _marks(transaction: "Transaction") -> Iterator[Problem]:
    for mark in marks.unrecorded(transaction, MARK_ADDED):
        yield Problem("gallery.mark_unrecorded", f"mark {mark} has no event", _REPAIR)
    for mark in marks.unrecorded(transaction, MARK_VOIDED):
        yield Problem("gallery.mark_unrecorded", f"void mark {mark} has no event of that", _REPAIR)


def _erasure(database: "Database") -> Iterator[Problem]:
    if (where := database.unerased()) is not None:
        yield Problem("gallery.erasure_pending", where, _REPAIR)


def _unfinished(database: "Database") -> Iterator[Problem]:
    for path in leftovers(database.home):
        yield Problem("gallery.leftover", f"{path} was never finished", _REPAIR)


def repair(database: "Database", *, at: datetime, by: str) -> None:
    """Delete rows without their owner and unfinished files, and record marks that no event tells of."""
    for path in leftovers(database.home):
        path.unlink(missing_ok=True)
    with database.atomic() as transaction:
        gone = database.drop_orphans(transaction)
        for each in gone:
            details = {"table": each.table}
            record(transaction, at=at, by=by, action="repair.orphan", subject=each.row, details=details)
        if gone:
            database.bump(transaction)
        for action in (MARK_ADDED, MARK_VOIDED):
            for mark in marks.unrecorded(transaction, action):
                record(transaction, at=at, by=by, action=action, subject=mark, details={"found": True})
