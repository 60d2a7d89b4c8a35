"""The gallery: people, their templates under one pipeline, groups and look-alikes.

Times are passed in as aware datetimes (`at`), and `by` says who acts; both go into the event log. Every method
that changes something is one atomic step, also together inside `store.atomic()`.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace as changed
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gallery import archive, verify
from gallery.errors import Conflict, GalleryError, LookalikeUnknown, PersonInactive, TemplateAltered, WrongEncoder
from gallery.names import clean
from gallery.repositories import changes, erase, lookalikes, people, resealing, sites, templates
from gallery.repositories import groups as all_groups
from gallery.repositories.events import (
    LOOKALIKE_ADDED,
    LOOKALIKE_CLEARED,
    PERSON_ACTIVE,
    PERSON_ADDED,
    PERSON_ENROLLED,
    PERSON_GROUPS,
    PERSON_MERGED,
    PERSON_RENAMED,
    TEMPLATE_REMOVED,
    record,
)
from gallery.standing import Standing
from gallery.values import (
    AddedTemplate,
    Defect,
    EnrolResult,
    Filed,
    Lookalike,
    Named,
    Outcome,
    PersonInfo,
    Pipelines,
    Reached,
    Removal,
    Stats,
    StoredCrop,
    TemplateInfo,
    Templates,
)
from gallery.vault.filevault import FileVault

if TYPE_CHECKING:
    from gallery.ports import Cipher, Database, Transaction, Vault
    from gallery.schema import Person


class Gallery:
    """People of one home, seen with one pipeline: a template of another pipeline is never opened or compared.

    A pipeline is all that a template comes from: detector, landmark net and encoder, named by `pipeline_id`.
    `formerly` is what the same pipeline was called before: templates under that name are read as its own, and what is
    filed is filed under the present one.
    """

    def __init__(
        self, store: "Database", pipeline_id: str, vault: "Vault | None" = None, *, formerly: str | None = None
    ) -> None:
        self.store = store
        self.pipelines: Pipelines = (pipeline_id,) if formerly is None else (pipeline_id, formerly)
        """The names of the pipeline, the present one first."""
        self.vault: Vault = vault or FileVault(store)
        self.spares: Callable[[Transaction, int], None] | None = None
        """What is asked, within the very step, before anything of a person (internal id) is deleted; it may refuse."""
        self.admits: Callable[[Transaction, int], None] | None = None
        """What is asked in the very step that files a template of somebody (internal id), and raises where it must not.

        Whoever computes one asks before, by `ask`. None: nobody is asked."""
        self.keeps_crop: Callable[[Transaction, int], bool] | None = None
        """What says in that step whether the crop is kept; None: it is."""

    @property
    def pipeline_id(self) -> str:
        """What templates are filed under."""
        return self.pipelines[0]

    @property
    def formerly(self) -> str | None:
        """What the same pipeline was called before; None where it was called nothing else."""
        return self.pipelines[1] if len(self.pipelines) > 1 else None

    def go_by(self, pipeline_id: str, formerly: str | None = None) -> None:
        """See it with another pipeline from now on; what has begun ends with the one of before."""
        self.pipelines = (pipeline_id,) if formerly is None else (pipeline_id, formerly)

    def _own(self, made_by: str | None) -> Pipelines:
        """The pipeline's names for the whole of a step; raises WrongEncoder for what another one made."""
        names = self.pipelines
        if made_by is not None and made_by not in names:
            raise WrongEncoder(names[0], f"a template was made with {made_by}, before another encoder came in force")
        return names

    @property
    def sealer(self) -> "Cipher":
        """What seals and opens in the transaction this thread is in; raises as `FileVault.unlock`."""
        return self.vault.unlock()

    def _ask_before_deleting(self, transaction: "Transaction", person: int) -> None:
        if self.spares is not None:
            self.spares(transaction, person)

    @contextmanager
    def _changing(self) -> Iterator["Transaction"]:
        with self.store.atomic() as session:
            yield session
            self.store.bump(session)

    def ask(self, person: int) -> None:
        """Raise what `admits` does, before a template of somebody is computed."""
        if self.admits is not None:
            with self.store.reading() as session:
                self.admits(session, person)

    def _admitted(self, session: "Transaction", person: int, photo: templates.Photo) -> templates.Photo:
        """The photo as it may be filed for somebody; raises what `admits` does."""
        if self.admits is not None:
            self.admits(session, person)
        kept = self.keeps_crop is None or photo.crop is None or self.keeps_crop(session, person)
        return photo if kept else changed(photo, crop=None, landmarks=None)

    # People

    def find(self, ref: str | int) -> PersonInfo:
        """By external id, else exact name (text), or by internal id (int).

        Raises PersonUnknown, PersonAmbiguous.
        """
        with self.store.reading() as session:
            return people.info(session, self.pipelines, people.find_row(session, ref))

    def people(self, group: str | None = None, *, active: bool | None = True) -> list[PersonInfo]:
        """Everybody by name, or the members of a group; `active=None` lists those who left, too."""
        with self.store.reading() as session:
            return people.listed(session, self.pipelines, group, active=active)

    def groups(self) -> list[str]:
        """The names of all groups, sorted."""
        with self.store.reading() as session:
            return all_groups.names(session)

    def members(self, group: str) -> set[int]:
        """The internal ids of a group's active members, as `Index.search` takes them."""
        with self.store.reading() as session:
            return people.members(session, group)

    def members_at(self, site: str) -> set[int]:
        """The internal ids of a site's active people, and of those who belong to none."""
        with self.store.reading() as session:
            return sites.members_at(session, site)

    def sites(self) -> list[str]:
        """The names of all sites."""
        with self.store.reading() as session:
            return sites.names(session)

    def named(self, ids: Collection[int]) -> tuple[int, dict[int, Named]]:
        """The generation, and how the people of these internal ids are called; who is gone is left out.

        Both are asked in one statement, so that a search is confirmed and named at once.
        """
        with self.store.reading() as session:
            return people.named(session, ids)

    def of_photo(self, name: str, external_id: str | None) -> PersonInfo | None:
        """Whom `enroll` would file a photo under: who has the id, where one is given, else the only such name.

        None for somebody new. Raises PersonAmbiguous, PersonInvalid.
        """
        with self.store.reading() as session:
            row = people.of_photo(session, name, external_id)
            return None if row is None else people.info(session, self.pipelines, row)

    def add_person(
        self,
        name: str,
        *,
        at: datetime,
        by: str,
        external_id: str | None = None,
        groups: Iterable[str] = (),
        note: str = "",
    ) -> PersonInfo:
        """A new person; without an external id it becomes `P-<number>`. Raises DuplicateId, PersonInvalid."""
        with self._changing() as session:
            row = people.insert(session, name, external_id, note, at)
            all_groups.add_member(session, row.id, groups, day=None, at=at, by=by)
            record(session, at=at, by=by, action=PERSON_ADDED, subject=row.id)
            return people.info(session, self.pipelines, row)

    def rename(self, person: str | int, name: str, *, at: datetime, by: str) -> PersonInfo:
        """Give a person another name; the ids stay."""
        with self._changing() as session:
            row = people.find_row(session, person)
            row.name = clean(name, "name")
            record(session, at=at, by=by, action=PERSON_RENAMED, subject=row.id)
            return people.info(session, self.pipelines, row)

    def set_groups(
        self, person: str | int, groups: Iterable[str], *, at: datetime, by: str, from_day: date | None = None
    ) -> PersonInfo:
        """Make the person a member of these groups and no others from a day on; without one, that of ``at`` itself.

        The latest word counts: what was said of that day and later ones is taken back.
        """
        with self._changing() as session:
            row = people.find_row(session, person)
            all_groups.set_member(session, row.id, groups, day=from_day or at.date(), at=at, by=by)
            record(session, at=at, by=by, action=PERSON_GROUPS, subject=row.id)
            return people.info(session, self.pipelines, row)

    def set_active(
        self, person: str | int, active: bool, *, at: datetime, by: str, since: datetime | None = None
    ) -> PersonInfo:
        """Take somebody out of every search without losing marks or templates, or take them in again.

        ``since`` is the instant from which it counts in reports, where that is earlier than now (``at``); a later
        one is refused with Conflict. The latest word counts: what was said of days after it is taken back.
        """
        if since is not None and since > at:
            raise Conflict(str(person), "people can be set active or inactive since a time that has begun, not later")
        with self._changing() as session:
            row = people.find_row(session, person)
            row.active = active
            changes.note(session, [row.id])
            details = {"active": active} | ({} if since is None else {"since": since.isoformat()})
            record(session, at=at, by=by, action=PERSON_ACTIVE, subject=row.id, details=details)
            return people.info(session, self.pipelines, row)

    def standings(self) -> dict[int, Standing]:
        """Since when people have been active or not, by internal id; who never left is not in it."""
        with self.store.reading() as session:
            return people.standings(session)

    def holdings(self, person: str | int) -> tuple[int, int]:
        """How many templates and marks a person has: what `remove` takes away."""
        with self.store.reading() as session:
            return erase.count_of(session, people.find_row(session, person).id)

    def merge(self, source: str | int, into: str | int, *, at: datetime, by: str) -> PersonInfo:
        """Give all that is kept of `source` to `into`; `source` is gone then.

        Raises Conflict where both are the same person, and TemplateAltered.
        """
        with self._changing() as session:
            gone, heir = people.find_row(session, source), people.find_row(session, into)
            if gone.id == heir.id:
                raise Conflict(gone.external_id, "a person cannot be merged into itself")
            gone_id, counted = gone.id, erase.count_of(session, gone.id)
            erase.merge(session, self.sealer if counted[0] else None, gone, heir, at=at, by=by)
            record(session, at=at, by=by, action=PERSON_MERGED, subject=heir.id, details={"from": gone_id})
            self.store.plan_erasure()
            merged = people.info(session, self.pipelines, heir)
        self.store.finish_erasure()
        return merged

    def remove(self, person: str | int, *, at: datetime, by: str) -> Removal:
        """Remove a person with every trace outside dated backups; the log keeps the internal id alone.

        Needs no key. What is deleted is overwritten in the file, and the write-ahead log is emptied; where
        another program is still reading, `erased` is false and the next writing start finishes it.
        """
        with self._changing() as session:
            row = people.find_row(session, person)
            self._ask_before_deleting(session, row.id)
            person_id, (held, marks) = row.id, erase.count_of(session, row.id)
            erase.erase(session, row, at=at)
            counts = {"templates": held, "marks": marks}
            record(session, at=at, by=by, action="person.remove", subject=person_id, details=counts)
            self.store.plan_erasure()
        return Removal(person_id, held, marks, erased=self.store.finish_erasure())

    # Templates

    def enroll(
        self,
        name: str,
        vector: NDArray[np.float32],
        cohort_mean: float,
        *,
        quality: Mapping[str, Any],
        source: str,
        source_sha256: str,
        at: datetime,
        by: str,
        crop: bytes | None = None,
        landmarks: NDArray[np.float32] | None = None,
        external_id: str | None = None,
        groups: Iterable[str] = (),
        note: str = "",
        replace: bool = False,
        from_day: date | None = None,
        first: "Callable[[Transaction, int], None] | None" = None,
        made_by: str | None = None,
    ) -> EnrolResult:
        """Person and template in one atomic step.

        Who it is: the person with `external_id`, where one is given (raises DuplicateId where the name there is
        another), else the only person with this name (PersonAmbiguous where there are several), else somebody
        new. Somebody new belongs to the ``groups`` from ever, others join them ``from_day`` on, without one on the day
        of ``at`` itself. The same photo again changes nothing; no photo makes somebody active again (PersonInactive).
        With `replace` the person's other templates of this pipeline go, and of any pipeline those that do not open.
        A `crop` is an encoded picture: the aligned face, or with its `landmarks` (5, 2) in pixels the chip around it.
        ``first`` is called within the step with the person's internal id, before anything is filed of them. ``made_by``
        names the pipeline that the template comes from, to be refused (WrongEncoder) where that is not this one.
        Raises TemplateInvalid, WrongEncoder, PersonInvalid, and what `admits` does.
        """
        payload, pipelines = templates.pack(vector, cohort_mean), self._own(made_by)
        photo = templates.Photo(quality, source, source_sha256, crop, at, landmarks)
        with self.store.atomic() as session:
            row = people.known(session, name, external_id)
            new = row is None
            row = row or people.insert(session, name, external_id, note, at)
            if first is not None:
                first(session, row.id)
            photo = self._admitted(session, row.id, photo)
            broken = replace and templates.drop_defective(session, self.sealer, pipelines, row.id)
            added = templates.insert(session, self.sealer, pipelines, row.id, payload, photo)
            day = None if new else from_day or at.date()
            joined = all_groups.add_member(session, row.id, groups, day=day, at=at, by=by)
            others = replace and templates.drop_others(session, row.id, pipelines, added.template_id)
            dropped = broken or others
            if dropped:
                self._ask_before_deleting(session, row.id)
            outcome = _outcome(new=new, changed=added.changed, replaced=dropped)
            if added.changed or joined or dropped:
                _refuse_inactive(row)
                details = {"template": added.template_id, "pipeline": pipelines[0], "outcome": outcome}
                record(session, at=at, by=by, action=PERSON_ENROLLED, subject=row.id, details=details)
                self.store.bump(session)
            return EnrolResult(people.info(session, self.pipelines, row), added.template_id, outcome)

    def add_template(
        self,
        person: str | int,
        vector: NDArray[np.float32],
        cohort_mean: float,
        *,
        quality: Mapping[str, Any],
        source: str,
        source_sha256: str,
        crop: bytes | None,
        landmarks: NDArray[np.float32] | None = None,
        at: datetime,
        by: str,
        made_by: str | None = None,
    ) -> AddedTemplate:
        """One more template, vector (d,) of unit length, crop and `made_by` as for `enroll`; the same photo adds none.

        Raises PersonUnknown, TemplateInvalid, WrongEncoder, and what `admits` does.
        """
        payload, pipelines = templates.pack(vector, cohort_mean), self._own(made_by)
        photo = templates.Photo(quality, source, source_sha256, crop, at, landmarks)
        with self.store.atomic() as session:
            row = people.find_row(session, person)
            photo = self._admitted(session, row.id, photo)
            added = templates.insert(session, self.sealer, pipelines, row.id, payload, photo)
            if added.changed:
                details = {"template": added.template_id, "pipeline": pipelines[0]}
                record(session, at=at, by=by, action="template.add", subject=row.id, details=details)
                self.store.bump(session)
            return added

    def find_source(self, person: str | int, source_sha256: str) -> int | None:
        """The template this photo gave for this person before, or None: a bulk run skips it unseen."""
        with self.store.reading() as session:
            row = people.find_row(session, person)
            return templates.find_source(session, row.id, self.pipelines, source_sha256)

    def templates_of(self, person: str | int) -> list[TemplateInfo]:
        """What is known of a person's templates, of every pipeline."""
        with self.store.reading() as session:
            return templates.of_person(session, people.find_row(session, person).id)

    def load(self, ids: list[int] | None = None, *, active: bool | None = True) -> Templates:
        """This pipeline's templates of active people (None: of all), opened, all or those in `ids`."""
        with self.store.reading() as session:
            if not templates.any_of(session, self.pipelines):
                return templates.nothing()
            return templates.load(session, self.sealer, self.pipelines, ids, active=active)

    def load_parts(self, ids: list[int] | None = None) -> Iterator[Templates]:
        """As `load` of active people, some at a time, for galleries that are too great to be opened at once."""
        with self.store.reading() as session:
            if templates.any_of(session, self.pipelines):
                yield from templates.parts(session, self.sealer, self.pipelines, ids)

    def load_of(self, person: str | int, *, active: bool | None = True) -> Templates:
        """This pipeline's templates of one person, opened; none of somebody inactive unless asked for as in `load`."""
        with self.store.reading():
            own = [each.id for each in self.templates_of(person) if each.pipeline_id in self.pipelines]
            return self.load(own, active=active) if own else templates.nothing()

    def owners(self) -> dict[int, int]:
        """Template id to person id of this pipeline's templates of active people; needs no key."""
        with self.store.reading() as session:
            return templates.owners(session, self.pipelines)

    def crops(self, pipeline_id: str, *, lacking: bool = False, missing: bool = False) -> Iterator[StoredCrop]:
        """The kept crops of another pipeline's templates, opened one by one, to embed them anew.

        Which they are is settled by the call: all, or with ``lacking`` those of active people who have no template of
        this one, or with ``missing`` those of photos that have given their person none of this one. The gallery may be
        written to between two of them. One that does not open is left out; `verify` names it.
        """
        with self.store.reading() as session:
            own = self.pipelines
            ids = templates.with_crop(
                session, pipeline_id, without=own if lacking else None, beside=own if missing else None
            )
        return self._opened(ids)

    def _opened(self, ids: Iterable[int]) -> Iterator[StoredCrop]:
        for template in ids:
            try:
                with self.store.reading() as session:
                    crop = templates.open_crop(session, self.sealer, template)
            except TemplateAltered:
                continue
            if crop is not None:
                yield crop

    def renewable(self) -> dict[str, int]:
        """By other pipeline, how many kept crops active people have who lack a template of this one; needs no key."""
        with self.store.reading() as session:
            return templates.renewable(session, self.pipelines)

    def missing(self) -> dict[str, int]:
        """By other pipeline, how many kept crops there are of photos without a template of this one; needs no key."""
        with self.store.reading() as session:
            return templates.missing(session, self.pipelines)

    def filed(self) -> list[Filed]:
        """Of which photos active people have templates of this pipeline; needs no key."""
        with self.store.reading() as session:
            return templates.filed(session, self.pipelines)

    def reached(self) -> Reached:
        """How many of the active people with a template this pipeline reaches, and how many it could; needs no key."""
        with self.store.reading() as session:
            return templates.reached(session, self.pipelines)

    def crop(self, template_id: int) -> bytes | None:
        """The encoded picture of one template's crop, opened; None where none is kept."""
        with self.store.reading() as session:
            found = templates.open_crop(session, self.sealer, template_id)
            return None if found is None else found.picture

    def drop_template(self, person: str | int, template_id: int, *, at: datetime, by: str) -> bool:
        """Delete one template of a person with its crop; false where this person has none of this number.

        Bytes of it are overwritten in the file, as with `remove`.
        """
        with self._changing() as session:
            row = people.find_row(session, person)
            if not templates.drop(session, row.id, template_id):
                return False
            self._ask_before_deleting(session, row.id)
            record(session, at=at, by=by, action=TEMPLATE_REMOVED, subject=row.id, details={"template": template_id})
            self.store.plan_erasure()
        self.store.finish_erasure()
        return True

    def adopt(self, old: str, new: str, *, at: datetime, by: str) -> int:
        """File the templates of pipeline `old` under `new`, which is the same by another name; returns how many.

        They are sealed anew. One that does not open stays as it is, and so does one whose photo is filed under `new`
        already. Raises WrongEncoder where they do not fit those under `new`, and what `Vault.unlock` does.
        """
        with self.store.reading() as session:
            if old == new or not templates.any_of(session, (old,)):
                return 0
        with self.store.atomic() as session:
            count = resealing.adopt(session, self.sealer, old, new)
            if count:
                self.store.bump(session)
                details = {"from": old, "to": new, "templates": count}
                record(session, at=at, by=by, action="pipeline.adopt", subject="gallery", details=details)
            return count

    def adopt_former(self, *, at: datetime, by: str) -> int:
        """As `adopt`, of what the pipeline was formerly called.

        Nothing depends on it, as both names are read: what stands in its way (another program that writes, a key that
        is missing) leaves it for the next time, for those to tell of it who cannot do without.
        """
        if self.formerly is None:
            return 0
        with suppress(GalleryError):
            return self.adopt(self.formerly, self.pipeline_id, at=at, by=by)
        return 0

    def drop_pipeline(self, pipeline_id: str, *, at: datetime, by: str) -> int:
        """Delete every template of a pipeline no longer in use; returns how many went."""
        with self._changing() as session:
            count = templates.drop_pipeline(session, pipeline_id)
            details = {"pipeline": pipeline_id, "templates": count}
            record(session, at=at, by=by, action="pipeline.drop", subject="gallery", details=details)
            self.store.plan_erasure()
        self.store.finish_erasure()
        return count

    # Look-alikes

    def remember_lookalike(self, one: str | int, other: str | int, score: float, *, at: datetime, by: str) -> bool:
        """Remember that these two are too close to tell apart without a look; the highest score counts.

        A pair that somebody has looked at and cleared is remembered again only where it has come closer than it was
        then. Returns whether it is remembered now.
        """
        with self._changing() as session:
            first, second = lookalikes.pair(session, one, other)
            if not lookalikes.remember(session, first, second, score, at):
                return False
            record(session, at=at, by=by, action=LOOKALIKE_ADDED, subject=first, details={"other": second})
            return True

    def clear_lookalike(self, one: str | int, other: str | int, *, at: datetime, by: str) -> Lookalike:
        """Forget a pair, because somebody has looked and can tell the two apart; returns what was remembered.

        The log keeps the score, so that the same photos do not bring the pair back. Raises PersonUnknown,
        PersonAmbiguous, and LookalikeUnknown where the two are not remembered.
        """
        with self._changing() as session:
            first, second = lookalikes.pair(session, one, other)
            found = lookalikes.forget(session, first, second)
            if found is None:
                raise LookalikeUnknown(f"{one}, {other}", "these two are not remembered as look-alikes")
            details = {"other": second, "score": found.score}
            record(session, at=at, by=by, action=LOOKALIKE_CLEARED, subject=first, details=details)
            return found

    def lookalikes(self) -> list[Lookalike]:
        """All remembered pairs, the closest first."""
        with self.store.reading() as session:
            return lookalikes.all_pairs(session)

    def are_lookalikes(self, one: int, other: int) -> bool:
        """Whether the pair of internal ids is remembered."""
        with self.store.reading() as session:
            return lookalikes.known(session, *sorted((one, other)))

    # The whole

    def stats(self) -> Stats:
        """Counts of everything; needs no key."""
        return verify.stats(self.store, self.pipelines)

    def verify(self) -> list[Defect]:
        """Every defect found, each with the command that repairs it; changes nothing."""
        return verify.verify(self.store, self.vault, self.pipelines, self.admits)

    def repair(self, *, at: datetime, by: str) -> list[Defect]:
        """Mend what can be mended without a person's decision; returns what is left."""
        verify.repair(self.store, self.vault, at=at, by=by)
        return self.verify()

    def export(self, path: Path, *, at: datetime, passphrase: str | None = None) -> archive.Exported:
        """Write people and groups to the new archive `path`, with a passphrase also the templates."""
        return archive.export(self.store, self.vault, path, at=at, passphrase=passphrase)

    def import_(
        self, path: Path, *, at: datetime, by: str, passphrase: str | None = None, from_day: date | None = None
    ) -> archive.Imported:
        """Take in an archive in one atomic step; what is there already stays as it is.

        Who is here already joins groups of the archive ``from_day`` on, without one on the day of ``at`` itself. Whom
        `admits` refuses comes without templates, and is named.
        """
        taking = archive.Taking(at, by, from_day or at.date(), self._admitted)
        return archive.import_(self.store, self.vault, self.pipelines, path, taking, passphrase=passphrase)


def _refuse_inactive(row: "Person") -> None:
    if not row.active:
        raise PersonInactive(row.external_id, f"{row.name} was set inactive, and a photo does not bring them back")


def _outcome(*, new: bool, changed: bool, replaced: bool) -> Outcome:
    if new:
        return "enrolled"
    if replaced:
        return "replaced"
    return "added" if changed else "unchanged"
