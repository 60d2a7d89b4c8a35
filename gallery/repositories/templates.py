"""Templates in and out of their sealed rows.

The sealed payload is the vector as float32 little-endian followed by its cohort mean as float32; that of a chip's crop
is its five landmarks, x and y each, as float32 little-endian followed by the encoded picture.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Delete, Select, delete, exists, func, select
from sqlalchemy.orm import Session, aliased

from gallery.errors import TemplateAltered, TemplateInvalid, WrongEncoder
from gallery.repositories import changes, vectors
from gallery.repositories.batches import in_batches
from gallery.schema import Crop, Person, Template
from gallery.values import (
    AddedTemplate,
    CropForm,
    Filed,
    OpenedTemplate,
    Pipelines,
    Reached,
    SealedTemplate,
    StoredCrop,
    TemplateInfo,
    Templates,
)

if TYPE_CHECKING:
    from gallery.ports import Cipher

VECTOR, CROP = "vector", "crop"
A_PART: Final = 8192
"""Templates that are opened at a time."""
_NUMBER = np.dtype("<f4")
_UNIT_TOLERANCE = 1e-3
_LANDMARKS = (5, 2)
_LANDMARK_BYTES = 40


@dataclass(frozen=True)
class Photo:
    """What a template was made from, and when.

    `crop` is the encoded picture of the face, where it is kept: a chip where its `landmarks` (5, 2) are given, in its
    pixels, else aligned.
    """

    quality: Mapping[str, Any]
    source: str
    source_sha256: str
    crop: bytes | None
    at: datetime
    landmarks: NDArray[np.float32] | None = None

    @property
    def form(self) -> CropForm:
        """How the face lies in the crop."""
        return "aligned" if self.landmarks is None else "chip"

    @property
    def kept(self) -> bytes | None:
        """The payload of the crop; raises TemplateInvalid for landmarks of another shape, or not finite."""
        if self.crop is None or self.landmarks is None:
            return self.crop
        points = np.asarray(self.landmarks)
        if points.shape != _LANDMARKS or not np.isfinite(points).all():
            raise TemplateInvalid("crop", f"expected landmarks of finite numbers {_LANDMARKS}, got {points.shape}")
        return points.astype(_NUMBER).tobytes() + self.crop


def pack(vector: NDArray[np.float32], cohort_mean: float) -> bytes:
    """The payload of a template of shape (d,) and unit length; raises TemplateInvalid otherwise."""
    values = np.asarray(vector)
    if values.ndim != 1 or not values.size:
        raise TemplateInvalid("template", f"expected shape (d,), got {values.shape}")
    packed = np.append(values, cohort_mean).astype(_NUMBER)
    if not np.isfinite(packed).all():
        raise TemplateInvalid("template", "it holds a number that is not finite")
    length = float(np.linalg.norm(packed[:-1]))
    if abs(length - 1) > _UNIT_TOLERANCE:
        raise TemplateInvalid("template", f"expected unit length, got {length:.4f}")
    return packed.tobytes()


def _check_dimension(session: Session, pipelines: Pipelines, payload: bytes, sealed: bytes) -> None:
    query = select(func.length(Template.vector)).where(Template.pipeline_id.in_(pipelines)).limit(1)
    stored = session.scalar(query)
    if stored is not None and stored != len(sealed):
        stored = _usual_length(session, pipelines)  # that one may be the altered one
    if stored is not None and stored != len(sealed):
        actual = len(payload) // _NUMBER.itemsize - 1
        expected = actual + (stored - len(sealed)) // _NUMBER.itemsize
        raise WrongEncoder(pipelines[0], f"its templates have {expected} numbers, this one has {actual}")


def _usual_length(session: Session, pipelines: Pipelines) -> int | None:
    length = func.length(Template.vector)
    query = select(length).where(Template.pipeline_id.in_(pipelines)).group_by(length)
    return session.scalar(query.order_by(func.count().desc()).limit(1))


def find_source(session: Session, person_id: int, pipelines: Pipelines, source_sha256: str) -> int | None:
    """The id of the template that this photo gave for this person before, or None."""
    query = select(Template.id).where(
        Template.person_id == person_id,
        Template.pipeline_id.in_(pipelines),
        Template.source_sha256 == source_sha256,
    )
    return session.scalar(query.order_by(Template.id).limit(1))


def insert(
    session: Session,
    cipher: "Cipher",
    pipelines: Pipelines,
    person_id: int,
    payload: bytes,
    photo: Photo,
) -> AddedTemplate:
    """File a packed template, sealed, unless the same photo was filed for this person before.

    It is filed under the first of the names of its pipeline.
    """
    known = find_source(session, person_id, pipelines, photo.source_sha256)
    if known is not None:
        return AddedTemplate(known, changed=False)
    kept, pipeline_id = photo.kept, pipelines[0]
    vector = cipher.seal(payload, person=person_id, pipeline_id=pipeline_id, purpose=VECTOR)
    _check_dimension(session, pipelines, payload, vector)
    row = Template(
        person_id=person_id,
        pipeline_id=pipeline_id,
        vector=vector,
        quality=dict(photo.quality),
        source=photo.source,
        source_sha256=photo.source_sha256,
        created=photo.at,
    )
    session.add(row)
    session.flush()
    if vectors.is_there(session):
        vectors.add(session, pipeline_id, _as_arrays(pipelines, [(row.id, person_id)], [payload], []))
    if kept is not None:
        sealed = cipher.seal(kept, person=person_id, pipeline_id=pipeline_id, purpose=CROP)
        session.add(Crop(template_id=row.id, form=photo.form, picture=sealed))
    changes.note(session, [person_id])
    return AddedTemplate(row.id, changed=True)


def reseal(session: Session, cipher: "Cipher", template: Template, person_id: int) -> None:
    """Move a template to another person: opened for the old one, sealed for the new one."""
    old, pipeline = template.person_id, template.pipeline_id

    def moved(sealed: bytes, purpose: str) -> bytes:
        plain = cipher.open(sealed, person=old, pipeline_id=pipeline, purpose=purpose)
        return cipher.seal(plain, person=person_id, pipeline_id=pipeline, purpose=purpose)

    template.vector = moved(template.vector, VECTOR)
    crop = session.get(Crop, template.id)
    if crop is not None:
        crop.picture = moved(crop.picture, CROP)
    template.person_id = person_id
    session.flush()


def _owning(pipelines: Pipelines) -> Select[Any]:
    query = select(Template.id, Template.person_id).join(Person, Person.id == Template.person_id)
    return query.where(Template.pipeline_id.in_(pipelines), Person.active)


def owners(session: Session, pipelines: Pipelines) -> dict[int, int]:
    """Template id to person id, for active people and this pipeline alone."""
    return {row[0]: row[1] for row in session.execute(_owning(pipelines))}


def owners_among(session: Session, pipelines: Pipelines, people: Collection[int]) -> dict[int, int]:
    """As `owners`, of these people alone."""
    query = _owning(pipelines)
    found = (session.execute(query.where(Template.person_id.in_(some))) for some in in_batches(people))
    return {row[0]: row[1] for rows in found for row in rows}


def owners_of(session: Session, ids: Collection[int]) -> dict[int, int]:
    """Template id to person id, of these templates."""
    query = select(Template.id, Template.person_id)
    found = (session.execute(query.where(Template.id.in_(some))) for some in in_batches(ids))
    return {row[0]: row[1] for rows in found for row in rows}


def owner_arrays(session: Session, pipelines: Pipelines) -> NDArray[np.int64]:
    """As `owners`, as rows of template id and person id (n, 2)."""
    result = session.execute(_owning(pipelines).execution_options(yield_per=A_PART))
    told = [np.array([tuple(row) for row in some], np.int64) for some in result.partitions()]
    return np.concatenate([np.empty((0, 2), np.int64), *told])


def count(session: Session, pipelines: Pipelines) -> int:
    """How many templates this pipeline has, of whomever."""
    return session.scalar(select(func.count()).where(Template.pipeline_id.in_(pipelines))) or 0


def _rows(session: Session, pipelines: Pipelines, ids: Sequence[int] | None, *, active: bool | None) -> Iterator[Any]:
    query = (
        select(Template.id, Template.person_id, Template.pipeline_id, Template.vector)
        .join(Person, Person.id == Template.person_id)
        .where(Template.pipeline_id.concat("").in_(pipelines))  # as it is, SQLite goes by its index and reads them all
        .order_by(Template.id)
    )
    query = query if active is None else query.where(Person.active == active)
    if ids is None:
        yield from session.execute(query.execution_options(yield_per=A_PART))
        return
    for some in in_batches(ids):
        yield from session.execute(query.where(Template.id.in_(some)))


def any_of(session: Session, pipelines: Pipelines | None = None) -> bool:
    """Whether this pipeline (None: any) has a template at all."""
    query = select(Template.id).limit(1)
    query = query if pipelines is None else query.where(Template.pipeline_id.in_(pipelines))
    return session.scalar(query) is not None


def counts(session: Session, pipelines: Pipelines, ids: Sequence[int] | None) -> dict[int, int]:
    """How many templates of this pipeline people have, by person id; of everybody where `ids` is None."""
    query = select(Template.person_id, func.count()).where(Template.pipeline_id.in_(pipelines))
    query = query.group_by(Template.person_id)
    rows = session.execute(query if ids is None else query.where(Template.person_id.in_(ids)))
    return {row[0]: row[1] for row in rows}


def count_by_pipeline(session: Session) -> dict[str, int]:
    """How many templates each pipeline has."""
    query = select(Template.pipeline_id, func.count()).group_by(Template.pipeline_id)
    return {row[0]: row[1] for row in session.execute(query)}


def nothing() -> Templates:
    """No templates."""
    return _as_arrays(("",), [], [], [])


def load(
    session: Session,
    cipher: "Cipher",
    pipelines: Pipelines,
    ids: Sequence[int] | None = None,
    *,
    active: bool | None = True,
) -> Templates:
    """Open the templates of active people (None: of all) under this pipeline, all of them or those in `ids`.

    One that does not open, or does not hold a finite unit vector, is named in `altered` and left out.
    Raises WrongEncoder where the stored dimensions differ.
    """
    return _joined(list(parts(session, cipher, pipelines, ids, active=active)))


def parts(
    session: Session,
    cipher: "Cipher",
    pipelines: Pipelines,
    ids: Sequence[int] | None = None,
    *,
    active: bool | None = True,
) -> Iterator[Templates]:
    """As `load`, at most `A_PART` at a time, so that no more than those are in memory."""
    rows = _rows(session, pipelines, ids, active=active)
    dimensions = set[int]()
    while some := list(islice(rows, A_PART)):
        part = _opened_part(cipher, pipelines, some)
        dimensions |= {part.vectors.shape[1]} if len(part.ids) else set()
        _refuse_mixed(pipelines, dimensions)
        yield part


def _refuse_mixed(pipelines: Pipelines, dimensions: set[int]) -> None:
    if len(dimensions) > 1:
        raise WrongEncoder(pipelines[0], f"its templates have different dimensions: {sorted(dimensions)}")


def _opened_part(cipher: "Cipher", pipelines: Pipelines, rows: Sequence[Any]) -> Templates:
    people: list[tuple[int, int]] = []
    plains: list[bytes] = []
    altered: list[int] = []
    for template, person, pipeline, sealed in rows:
        try:
            plain = cipher.open(sealed, person=person, pipeline_id=pipeline, purpose=VECTOR)
        except TemplateAltered:
            altered.append(template)
            continue
        people.append((template, person))
        plains.append(plain)
    return _as_arrays(pipelines, people, plains, altered)


def _joined(found: list[Templates]) -> Templates:
    filled = [part for part in found if len(part.ids)]
    altered = tuple(sorted(template for part in found for template in part.altered))
    if not filled:
        return replace(nothing(), altered=altered)
    ids, people, vectors, means = (
        np.concatenate([getattr(part, column) for part in filled])
        for column in ("ids", "people", "vectors", "cohort_means")
    )
    return Templates(ids, people, vectors, means, altered)


def _as_arrays(
    pipelines: Pipelines, pairs: list[tuple[int, int]], plains: list[bytes], altered: list[int]
) -> Templates:
    _refuse_mixed(pipelines, {len(plain) // _NUMBER.itemsize - 1 for plain in plains})
    ids, people = np.array(pairs, np.int64).reshape(-1, 2).T
    table = np.frombuffer(b"".join(plains), _NUMBER).reshape(len(plains), -1 if plains else 1)
    vectors, cohort_means = table[:, :-1].astype(np.float32), table[:, -1].astype(np.float32)
    sound = np.isfinite(table).all(axis=1)
    sound &= np.abs(np.linalg.norm(vectors, axis=1) - 1) <= _UNIT_TOLERANCE
    altered += [int(template) for template in ids[~sound]]
    return Templates(ids[sound], people[sound], vectors[sound], cohort_means[sound], tuple(sorted(altered)))


def _form(told: str | None) -> CropForm:
    return "chip" if told == "chip" else "aligned"


def _info(row: Template, *, has_crop: bool) -> TemplateInfo:
    return TemplateInfo(
        row.id, row.person_id, row.pipeline_id, row.quality, row.source, row.source_sha256, row.created, has_crop
    )


def of_person(session: Session, person_id: int) -> list[TemplateInfo]:
    """What is known of a person's templates, of every pipeline, without opening them."""
    query = (
        select(Template, Crop.template_id)
        .outerjoin(Crop, Crop.template_id == Template.id)
        .where(Template.person_id == person_id)
        .order_by(Template.id)
    )
    return [_info(row, has_crop=crop is not None) for row, crop in session.execute(query)]


def first_crops(session: Session, ids: Collection[int]) -> dict[int, int]:
    """By person the earliest of their templates whose crop is kept."""
    query = select(Template.person_id, func.min(Template.id)).join(Crop, Crop.template_id == Template.id)
    rows = session.execute(query.where(Template.person_id.in_(ids)).group_by(Template.person_id))
    return {row[0]: row[1] for row in rows}


def open_crop(session: Session, cipher: "Cipher", template_id: int) -> StoredCrop | None:
    """The crop of a template, opened; None where none is kept."""
    row, crop = session.get(Template, template_id), session.get(Crop, template_id)
    if row is None or crop is None:
        return None
    plain = cipher.open(crop.picture, person=row.person_id, pipeline_id=row.pipeline_id, purpose=CROP)
    return StoredCrop(_info(row, has_crop=True), *unpacked(plain, crop.form))


def opened(session: Session, cipher: "Cipher", person_id: int) -> list[OpenedTemplate]:
    """A person's templates of every pipeline with their crops; what does not open is None."""
    query = select(Template).where(Template.person_id == person_id).order_by(Template.id)
    return [_opened(session, cipher, row) for row in session.scalars(query)]


def _opened(session: Session, cipher: "Cipher", row: Template) -> OpenedTemplate:
    vector = cohort_mean = crop = None
    has_crop = session.get(Crop, row.id) is not None
    with suppress(TemplateAltered):
        crop = open_crop(session, cipher, row.id)
    with suppress(TemplateAltered):
        plain = cipher.open(row.vector, person=row.person_id, pipeline_id=row.pipeline_id, purpose=VECTOR)
        numbers = np.frombuffer(plain, _NUMBER).astype(np.float32)
        vector, cohort_mean = numbers[:-1], float(numbers[-1])
    return OpenedTemplate(_info(row, has_crop=has_crop), vector, cohort_mean, crop)


def unpacked(plain: bytes, form: str) -> tuple[bytes, NDArray[np.float32] | None]:
    """Picture and landmarks (5, 2) of a crop's payload; an aligned one has none."""
    if form == "aligned":
        return plain, None
    points = np.frombuffer(plain[:_LANDMARK_BYTES], _NUMBER).reshape(_LANDMARKS)
    return plain[_LANDMARK_BYTES:], points.astype(np.float32)


def with_crop(
    session: Session, pipeline_id: str, *, without: Pipelines | None = None, beside: Pipelines | None = None
) -> Sequence[int]:
    """The ids of a pipeline's templates whose crop is kept, in order.

    Of all, or of active people `without` a template of another one, or of photos that have none of it `beside`.
    """
    query = select(Template.id).join(Crop, Crop.template_id == Template.id).where(Template.pipeline_id == pipeline_id)
    if without is not None:
        query = query.where(Template.person_id.in_(_active_without(without)))
    if beside is not None:
        query = query.where(~_beside(beside))
    return session.scalars(query.order_by(Template.id)).all()


def _beside(pipelines: Pipelines) -> Any:
    """Whether the photo of a `Template` has given its person a template of this pipeline, too."""
    own = aliased(Template)
    same = (own.person_id == Template.person_id, own.source_sha256 == Template.source_sha256)
    return exists().where(*same, own.pipeline_id.in_(pipelines))


def missing(session: Session, pipelines: Pipelines) -> dict[str, int]:
    """By other pipeline, how many kept crops there are of photos that have no template of this one."""
    query = select(Template.pipeline_id, func.count()).join(Crop, Crop.template_id == Template.id)
    query = query.where(Template.pipeline_id.not_in(pipelines), ~_beside(pipelines))
    return {row[0]: row[1] for row in session.execute(query.group_by(Template.pipeline_id))}


def filed(session: Session, pipelines: Pipelines) -> list[Filed]:
    """Of which photos active people have templates of this pipeline, in order."""
    query = select(Template.id, Template.person_id, Template.source_sha256)
    query = query.join(Person, Person.id == Template.person_id).where(Person.active)
    query = query.where(Template.pipeline_id.in_(pipelines))
    return [Filed(*row) for row in session.execute(query.order_by(Template.id))]


def reached(session: Session, pipelines: Pipelines) -> Reached:
    """How many active people have a template of this pipeline, could have one by a kept crop, or have others alone."""
    without, kept = _active_without(pipelines), select(Template.person_id).join(Crop, Crop.template_id == Template.id)
    own = select(func.count(Template.person_id.distinct())).join(Person, Person.id == Template.person_id)
    others = select(func.count(Template.person_id.distinct())).where(Template.person_id.in_(without))
    have = session.scalar(own.where(Person.active, Template.pipeline_id.in_(pipelines))) or 0
    waiting = session.scalar(others.where(Template.person_id.in_(kept))) or 0
    return Reached(have, waiting, (session.scalar(others) or 0) - waiting)


def renewable(session: Session, pipelines: Pipelines) -> dict[str, int]:
    """By pipeline, how many kept crops there are of active people who have no template of this one."""
    query = select(Template.pipeline_id, func.count()).join(Crop, Crop.template_id == Template.id)
    query = query.where(Template.person_id.in_(_active_without(pipelines))).group_by(Template.pipeline_id)
    return {row[0]: row[1] for row in session.execute(query)}


def _active_without(pipelines: Pipelines) -> Select[Any]:
    have = select(Template.person_id).where(Template.pipeline_id.in_(pipelines))
    return select(Person.id).where(Person.active, Person.id.not_in(have))


def sealed(session: Session, person_id: int | None = None) -> Iterator[SealedTemplate]:
    """Every template (of a person) as it lies in its row, of every pipeline, in order; its crop, where one is kept."""
    query = (
        select(Template, Crop.picture, Crop.form, Person.external_id, Person.name, Person.active)
        .join(Person, Person.id == Template.person_id)
        .outerjoin(Crop, Crop.template_id == Template.id)
        .order_by(Template.id)
    )
    query = query if person_id is None else query.where(Template.person_id == person_id)
    for row, crop, form, ref, name, active in session.execute(query):
        yield SealedTemplate(_info(row, has_crop=crop is not None), ref, name, active, row.vector, crop, _form(form))


def defect(cipher: "Cipher", each: SealedTemplate) -> str | None:
    """The id of the error that a template as it lies in its row comes to; None where it is sound."""
    try:
        plain = cipher.open(each.vector, purpose=VECTOR, **_bound_to(each))
    except TemplateAltered as error:
        return error.id
    numbers = np.frombuffer(plain, _NUMBER) if len(plain) % _NUMBER.itemsize == 0 else np.array([np.nan])
    sound = np.isfinite(numbers).all() and abs(np.linalg.norm(numbers[:-1]) - 1) <= _UNIT_TOLERANCE
    return None if sound else TemplateInvalid.id


def defect_of_crop(cipher: "Cipher", each: SealedTemplate) -> str | None:
    """The id of the error that its crop comes to; None where it is sound, or none is kept."""
    try:
        if each.crop is not None:
            cipher.open(each.crop, purpose=CROP, **_bound_to(each))
    except TemplateAltered as error:
        return error.id
    return None


def _bound_to(each: SealedTemplate) -> dict[str, Any]:
    return {"person": each.template.person_id, "pipeline_id": each.template.pipeline_id}


def drop_defective(session: Session, cipher: "Cipher", pipelines: Pipelines, person_id: int) -> bool:
    """Delete the person's templates that are not sound, of every pipeline; whether there were any.

    One of this pipeline is not sound without its crop; of one of another pipeline such a crop alone goes.
    """
    found = list(sealed(session, person_id))
    broken = [each.template for each in found if defect(cipher, each)]
    bare = [each.template for each in found if defect_of_crop(cipher, each)]
    own = [each for each in bare if each.pipeline_id in pipelines]
    session.execute(delete(Crop).where(Crop.template_id.in_([each.id for each in bare])))
    session.execute(delete(Template).where(Template.id.in_([each.id for each in broken + own])))
    changes.note(session, [person_id] if broken or own else [])
    session.expire_all()
    return bool(broken or bare)


def drop_others(session: Session, person_id: int, pipelines: Pipelines, kept: int) -> bool:
    """Delete the person's templates of this pipeline but one; whether there were any."""
    others = delete(Template).where(
        Template.person_id == person_id, Template.pipeline_id.in_(pipelines), Template.id != kept
    )
    return _gone_of(session, person_id, others)


def drop(session: Session, person_id: int, template_id: int) -> bool:
    """Delete one template of a person; whether there was such a one."""
    one = delete(Template).where(Template.person_id == person_id, Template.id == template_id)
    return _gone_of(session, person_id, one)


def _gone_of(session: Session, person_id: int, some: Delete) -> bool:
    gone = session.execute(some.returning(Template.id)).all()
    changes.note(session, [person_id] if gone else [])
    return bool(gone)


def drop_pipeline(session: Session, pipeline_id: str) -> int:
    """Delete every template of a pipeline; returns how many went."""
    gone = delete(Template).where(Template.pipeline_id == pipeline_id).returning(Template.person_id)
    people = session.scalars(gone).all()
    changes.note(session, set(people))
    return len(people)
