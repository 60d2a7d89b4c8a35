"""Looking a gallery over: counts, and every defect with the command that repairs it."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from shlex import quote
from typing import TYPE_CHECKING, TypeVar

from gallery.errors import GalleryError, GalleryUnusable, TemplateAltered
from gallery.files import leftovers
from gallery.repositories import (
    answers,
    approvals,
    calendar,
    chain,
    changes,
    corrections,
    counts,
    excuses,
    marks,
    months,
    owners,
    people,
    places,
    receivers,
    resealing,
    rules,
    secrets,
    sightings,
    templates,
)
from gallery.repositories.events import MARK_ADDED, record
from gallery.servicevalues import Receiver
from gallery.values import Defect, Pipelines, Place, SealedTemplate, Stats
from refusal import Refusal

if TYPE_CHECKING:
    from gallery.ports import Cipher, Database, Transaction, Vault

_REPAIR = "attendance gallery verify --repair"
_RESTORE = "attendance restore FILE --key KEYFILE --home NEW_HOME"


def stats(database: "Database", pipelines: Pipelines) -> Stats:
    """Counts of everything in one consistent view."""
    with database.reading() as transaction:
        return counts.stats(transaction, pipelines, database.size())


def verify(
    database: "Database",
    vault: "Vault",
    pipelines: Pipelines,
    admits: "Callable[[Transaction, int], None] | None" = None,
) -> list[Defect]:
    """Every defect found, the database's own first; changes nothing.

    Whom ``admits`` refuses lacks no template: none may be made of them.
    """
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
                *_without_template(transaction, pipelines, admits),
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
    crops, sizes = [], defaultdict[str, set[int]](set)
    for each in templates.sealed(transaction):
        again = _again(each)
        if defect := templates.defect(cipher, each):
            yield Defect(defect, f"template {each.template.id} of {each.external_id}", again)
        else:
            sizes[each.template.pipeline_id].add(len(each.vector))
        if defect := templates.defect_of_crop(cipher, each):
            crops.append(Defect(defect, f"crop {each.template.id} of {each.external_id}", again))
    yield from crops
    for pipeline in (name for name, found in sizes.items() if len(found) > 1):
        yield Defect("gallery.wrong_encoder", f"templates of {pipeline} differ in dimension", _RESTORE)
    for number in _altered_faces(transaction, cipher):
        yield Defect(TemplateAltered.id, f"face of sighting {number}", _REPAIR)
    for place in _altered_addresses(transaction, cipher):
        yield Defect(TemplateAltered.id, f"address of place {place.name}, to be given anew afterwards", _REPAIR)
    yield from _of_the_service(transaction, cipher)


def _of_the_service(transaction: "Transaction", cipher: "Cipher") -> Iterator[Defect]:
    for purpose in _altered_secrets(transaction, cipher):
        yield Defect(TemplateAltered.id, f"secret for {purpose}: what was made with it holds no longer", _REPAIR)
    for receiver in _altered_receivers(transaction, cipher):
        yield Defect(TemplateAltered.id, f"address of receiver {receiver.name}, to be given anew afterwards", _REPAIR)
    for token, _ in _altered_answers(transaction, cipher):
        yield Defect(TemplateAltered.id, f"answer kept for token {token}", _REPAIR)
    for account in resealing.altered_factors(transaction, cipher):
        yield Defect(TemplateAltered.id, f"second factor of account {account}, to be set up anew afterwards", _REPAIR)


def _again(each: SealedTemplate) -> str:
    """How a photo is enrolled again; of somebody inactive too, who stays so."""
    whose = quote(each.external_id)
    enrol = f"{_enrol(each.external_id, each.name)} --replace"
    if each.active:
        return enrol
    return f"attendance gallery activate {whose} && {enrol} && attendance gallery deactivate {whose}"


def _enrol(ref: str, name: str) -> str:
    return f"attendance enroll PHOTO --name {quote(name)} --id {quote(ref)}"


def _without_template(
    transaction: "Transaction", pipelines: Pipelines, admits: "Callable[[Transaction, int], None] | None"
) -> Iterator[Defect]:
    for number, ref, name in people.unrecognisable(transaction, pipelines):
        if _may_have_one(transaction, number, admits):
            yield Defect("gallery.no_template", f"{ref} cannot be recognised", _enrol(ref, name))


def _may_have_one(transaction: "Transaction", number: int, admits: "Callable[[Transaction, int], None] | None") -> bool:
    if admits is not None:
        try:
            admits(transaction, number)
        except Refusal:
            return False
    return True


def _records(transaction: "Transaction") -> Iterator[Defect]:
    for mark in marks.unrecorded(transaction):
        yield Defect("gallery.mark_unrecorded", f"mark {mark} has no event", _REPAIR)
    for action, subject in corrections.unrecorded(transaction):
        yield Defect("gallery.mark_unrecorded", f"a correction of {subject} has no event {action}", _REPAIR)
    for action, subject in _undecided(transaction):
        yield Defect("gallery.unrecorded", f"{_called(action, subject)} has no event {action}", _REPAIR)
    for mark, ref, name in marks.of_others(transaction):
        void = f"attendance void {quote(ref)} --session {quote(name)} --reason REASON"
        yield Defect("gallery.mark_mismatch", f"mark {mark} of {ref} rests on a face of somebody else", void)


def _undecided(transaction: "Transaction") -> Iterator[tuple[str, str]]:
    """Action and subject of the events that should tell of what was decided, and are not there."""
    for each in (rules, calendar, excuses, approvals, months):
        yield from each.unrecorded(transaction)


def _called(action: str, subject: str) -> str:
    """What an event is about, in words; the subject of one of an approval may say so itself."""
    kind = action.partition(".")[0]
    if kind == "approval":
        return subject if " " in subject else f"mark {subject}"
    return f"{'calendar entry' if kind == 'calendar' else kind} {subject}"


_Kept = TypeVar("_Kept")


def _unopened(kept: Iterable[_Kept], opened: Callable[[_Kept], object]) -> Iterator[_Kept]:
    """Those that do not open."""
    for each in kept:
        try:
            opened(each)
        except TemplateAltered:
            yield each


def _altered_faces(transaction: "Transaction", cipher: "Cipher") -> Iterator[int]:
    """The sightings whose kept face does not open."""
    return _unopened(sightings.crop_ids(transaction), lambda each: sightings.open_crop(transaction, cipher, each))


def _altered_addresses(transaction: "Transaction", cipher: "Cipher") -> Iterator[Place]:
    """The places whose address does not open."""
    return _unopened(places.all_places(transaction), lambda each: places.open_address(transaction, cipher, each.id))


def _altered_secrets(transaction: "Transaction", cipher: "Cipher") -> Iterator[str]:
    """For what there is a secret that does not open."""
    return _unopened(secrets.purposes(transaction), lambda each: secrets.stored(transaction, cipher, each))


def _altered_receivers(transaction: "Transaction", cipher: "Cipher") -> Iterator[Receiver]:
    """The receivers whose address or secret does not open; one that has lost them to a repair is none of them."""

    def opened(receiver: Receiver) -> None:
        receivers.address(transaction, cipher, receiver.id)
        receivers.secret(transaction, cipher, receiver.id)

    return _unopened(receivers.sealed(transaction), opened)


def _altered_answers(transaction: "Transaction", cipher: "Cipher") -> Iterator[tuple[int, str]]:
    """Token and key of the answers that do not open."""
    return _unopened(answers.keys(transaction), lambda each: answers.found(transaction, cipher, *each))


def _erasure(database: "Database") -> Iterator[Defect]:
    if (where := database.unerased()) is not None:
        yield Defect("gallery.erasure_pending", where, _REPAIR)


def _unfinished(database: "Database") -> Iterator[Defect]:
    for path in leftovers(database.home):
        yield Defect("gallery.leftover", f"{path} was never finished", _REPAIR)


def repair(database: "Database", vault: "Vault", *, at: datetime, by: str) -> None:
    """Delete what is of no use: rows without their owner, what is sealed and does not open, unfinished files.

    What no event tells of is recorded.
    """
    for path in leftovers(database.home):
        path.unlink(missing_ok=True)
    with database.atomic() as transaction:
        gone = database.drop_orphans(transaction)
        for each in gone:
            details = {"table": each.table}
            record(transaction, at=at, by=by, action=owners.ORPHAN, subject=each.row, details=details)
        if gone:
            changes.note(transaction, None)
            database.bump(transaction)
        altered = _drop_altered(transaction, vault)
        if ("secret", chain.PURPOSE) in altered:
            chain.begin_anew(transaction, at=at, by=by)
        for table, number in altered:
            record(transaction, at=at, by=by, action="repair.altered", subject=number, details={"table": table})
        told = [(MARK_ADDED, mark) for mark in marks.unrecorded(transaction)]
        for action, subject in (*told, *corrections.unrecorded(transaction), *_undecided(transaction)):
            record(transaction, at=at, by=by, action=action, subject=subject, details={"found": True})


def _drop_altered(transaction: "Transaction", vault: "Vault") -> list[tuple[str, int | str]]:
    """Delete the faces, addresses, secrets and answers that do not open: of which rows of which tables."""
    if not resealing.anything(transaction):
        return []
    try:
        cipher = vault.unlock()
    except GalleryError:  # without its key nothing can be said of them
        return []
    faces = list(_altered_faces(transaction, cipher))
    sightings.drop_crops(transaction, faces)
    addresses = [place.id for place in _altered_addresses(transaction, cipher)]
    places.drop_addresses(transaction, addresses)
    return [
        *(("sighting_crop", number) for number in faces),
        *(("place", number) for number in addresses),
        *_drop_altered_of_the_service(transaction, cipher),
    ]


def _drop_altered_of_the_service(transaction: "Transaction", cipher: "Cipher") -> list[tuple[str, int | str]]:
    lost = list(_altered_secrets(transaction, cipher))
    secrets.drop(transaction, lost)
    unreachable = [each.id for each in _altered_receivers(transaction, cipher)]
    receivers.drop_sealed(transaction, unreachable, TemplateAltered.id)
    unreadable = list(_altered_answers(transaction, cipher))
    answers.drop(transaction, unreadable)
    factors = resealing.altered_factors(transaction, cipher)
    resealing.drop_factors(transaction, factors)
    return [
        *(("secret", purpose) for purpose in lost),
        *(("receiver", number) for number in unreachable),
        *(("answer", token) for token, _ in unreadable),
        *(("second_factor", account) for account in factors),
    ]
