"""Every face that was judged and every finished track, written once; and the sealed faces somebody must look at."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import takewhile
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Text, and_, delete, exists, func, insert, or_, select, type_coerce
from sqlalchemy.orm import Session, aliased

from gallery import sending
from gallery.repositories import news
from gallery.repositories.batches import A_BATCH, in_batches
from gallery.schema import CorrectionRow, MarkRow, SightingCrop, SightingRow
from gallery.servicetables import NewsRow
from gallery.values import ScoredKey, Sighting

if TYPE_CHECKING:
    from gallery.ports import Cipher

PURPOSE: Final = "sighting"
_REOPENED: Final = "restore"
JUDGED: Final = "judged"
"""Under which the measurements of a face keep, beside them, what it takes to decide the same again."""
_NEWS: Final[Mapping[str, str]] = MappingProxyType({"review": news.REVIEW_WAITING, "unknown": news.FACE_UNKNOWN})
"""By ruling, the kind of news of it: of what somebody is to look at."""

_TABLE: Final[Any] = SightingRow.__table__
_INSERT: Final = insert(_TABLE).returning(_TABLE.c.id)
_NUMBERED: Final = insert(_TABLE).inline()


ONE: Final = sending.numbers(_TABLE.name, 1)
"""What tells, asked with the beginning of a step, the id of the one sighting that is to come; see `add`.

Several are stored in one statement, which tells their ids.
"""


def add(session: Session, new: Sequence[Sighting], *, entered: datetime | None = None) -> list[int]:
    """Store them; their ids, in order. What somebody is to look at is told, as of ``entered``."""
    if not new:
        return []
    ahead = sending.told(session, *ONE) if len(new) == 1 else None
    ids = _inserted(session, new) if ahead is None else _put(session, new, [number for (number,) in ahead])
    told = zip(ids, new, strict=True)
    news.add(session, [_new(number, each, entered) for number, each in told if each.ruling in _NEWS])
    return ids


def _put(session: Session, new: Sequence[Sighting], ids: Sequence[int]) -> list[int]:
    for number, each in zip(ids, new, strict=True):
        sending.put(session, _NUMBERED, {"id": number, **_columns(each)})
    return list(ids)


def _inserted(session: Session, new: Sequence[Sighting]) -> list[int]:
    found = session.scalars(_INSERT, [_columns(each) for each in new])
    return sorted(found)  # they rise row by row; in which order they are told no engine promises


def _new(number: int, each: Sighting, entered: datetime | None) -> news.New:
    return news.New(entered or each.at, _NEWS[each.ruling], str(number), each.person, each.place)


def _columns(each: Sighting) -> dict[str, Any]:
    return {
        "at": each.at,
        "place_id": each.place,
        "means": each.means,
        "source": each.source,
        "frame": each.frame,
        "track": each.track,
        "box": None if each.box is None else list(each.box),
        "session_id": each.session,
        "ruling": each.ruling,
        "reasons": list(each.reasons),
        "person_id": each.person,
        "score": each.score,
        "cosine": each.cosine,
        "threshold": each.threshold,
        "margin": each.margin,
        "target_fpir": each.target_fpir,
        "gallery_size": each.gallery_size,
        "candidates": [candidate._asdict() for candidate in each.candidates],
        "quality": {**each.quality, **({JUDGED: dict(each.judged)} if each.judged else {})},
        "pipeline_id": each.pipeline,
        "retention": each.retention,
        "site": each.site,
    }


def sighted(row: SightingRow) -> Sighting:
    """What the row says."""
    return Sighting(
        id=row.id,
        at=row.at,
        place=row.place_id,
        means=row.means,  # type: ignore[arg-type]
        source=row.source,
        frame=row.frame,
        track=row.track,
        box=row.box,
        session=row.session_id,
        ruling=row.ruling,  # type: ignore[arg-type]
        reasons=tuple(row.reasons),
        person=row.person_id,
        score=row.score,
        cosine=row.cosine,
        threshold=row.threshold,
        margin=row.margin,
        target_fpir=row.target_fpir,
        gallery_size=row.gallery_size,
        candidates=tuple(ScoredKey(each["key"], each["score"], each["cosine"]) for each in row.candidates),
        quality={key: value for key, value in row.quality.items() if key != JUDGED},
        judged=row.quality.get(JUDGED, {}),
        pipeline=row.pipeline_id,
        site=row.site,
    )


def by_id(session: Session, number: int) -> Sighting | None:
    """The sighting of this number, or None."""
    row = session.get(SightingRow, number)
    return None if row is None else sighted(row)


def numbered(session: Session, numbers: Collection[int]) -> dict[int, Sighting]:
    """Those of these numbers, by number."""
    found = dict[int, Sighting]()
    for some in in_batches(sorted(numbers)):
        query = select(SightingRow).where(SightingRow.id.in_(some))
        found |= {row.id: sighted(row) for row in session.scalars(query)}
    return found


def of_person(session: Session, person: int) -> list[Sighting]:
    """Those that name the person, were given to them afterwards, or have a mark of theirs, in order of time."""
    query = select(SightingRow).where(_of(person)).order_by(SightingRow.at, SightingRow.id)
    return [sighted(row) for row in session.scalars(query)]


def _of(person: int) -> Any:
    given = exists().where(CorrectionRow.sighting_id == SightingRow.id, CorrectionRow.person_id == person)
    marked = exists().where(MarkRow.sighting_id == SightingRow.id, MarkRow.person_id == person)
    return or_(and_(SightingRow.person_id.is_not(None), SightingRow.person_id == person), given, marked)


def newest_at(session: Session, place: int, most: int) -> list[Sighting]:
    """The newest of those at a place, at most so many, the newest first."""
    query = select(SightingRow).where(SightingRow.place_id == place).order_by(SightingRow.id.desc()).limit(most)
    return [sighted(row) for row in session.scalars(query)]


def rulings_at(session: Session, place: int, since: datetime) -> Counter[str]:
    """How often each ruling was given at a place since an instant; older ones are not read."""
    query = select(SightingRow.at, SightingRow.ruling).where(SightingRow.place_id == place)
    with session.execute(query.order_by(SightingRow.id.desc()).execution_options(yield_per=A_BATCH)) as rows:
        return Counter(ruling for _, ruling in takewhile(lambda row: row[0] >= since, rows))


def compared(session: Session, person: int, keys: Collection[int]) -> int:
    """How many others have the person of these internal ids among those they were found to be most alike."""
    text = type_coerce(SightingRow.candidates, Text)
    told = or_(*(text.like(f'%"key": {key}%') for key in sorted(keys)))  # most need not be read as JSON
    query = select(SightingRow.candidates).where(told, ~_of(person)).execution_options(yield_per=A_BATCH)
    with session.execute(query) as rows:
        return sum(any(each["key"] in keys for each in found) for (found,) in rows)


def waiting(session: Session, limit: int | None = None) -> list[Sighting]:
    """Those of a review that nobody has said anything of, or that were opened again, oldest first; all or the first."""
    query = select(SightingRow).where(SightingRow.ruling == "review", ~_corrected())
    return [sighted(row) for row in session.scalars(query.order_by(SightingRow.at, SightingRow.id).limit(limit))]


def settled(session: Session, *, limit: int) -> list[Sighting]:
    """Those of which somebody has said what they are, what was said last first."""
    latest = select(func.max(CorrectionRow.id)).where(CorrectionRow.sighting_id == SightingRow.id).scalar_subquery()
    query = select(SightingRow).where(_corrected()).order_by(latest.desc()).limit(limit)
    return [sighted(row) for row in session.scalars(query)]


def unknown(session: Session, begin: datetime, end: datetime) -> list[Sighting]:
    """Faces of begin <= at < end that were nobody's and are kept, of which nobody has said anything; newest first."""
    kept = exists().where(SightingCrop.sighting_id == SightingRow.id)
    query = select(SightingRow).where(SightingRow.ruling == "unknown", kept, ~_corrected())
    within = query.where(SightingRow.at >= begin, SightingRow.at < end)
    return [sighted(row) for row in session.scalars(within.order_by(SightingRow.at.desc(), SightingRow.id.desc()))]


def count_waiting(session: Session) -> int:
    """How many of them there are."""
    query = select(func.count()).select_from(SightingRow).where(SightingRow.ruling == "review", ~_corrected())
    return session.scalar(query) or 0


def waiting_people(session: Session) -> list[int | None]:
    """By internal id whom each of them names, in no order."""
    return list(session.scalars(select(SightingRow.person_id).where(SightingRow.ruling == "review", ~_corrected())))


def count_unknown(session: Session, since: datetime) -> int:
    """How many faces of nobody enrolled were seen from that instant on, and nobody has said anything of them.

    Asked of the news, which are found by their time.
    """
    told = select(NewsRow.subject).where(NewsRow.kind == news.FACE_UNKNOWN, NewsRow.at >= since)
    open_ = select(func.count()).select_from(SightingRow).where(~_corrected())
    numbers = in_batches([int(each) for each in session.scalars(told)])
    return sum(session.scalar(open_.where(SightingRow.id.in_(some))) or 0 for some in numbers)


def _corrected(until: datetime | None = None) -> Any:
    """Whether the latest word on `SightingRow` says what it is, and was said by then."""
    later = aliased(CorrectionRow)
    again = exists().where(later.sighting_id == CorrectionRow.sighting_id, later.id > CorrectionRow.id)
    said = exists().where(CorrectionRow.sighting_id == SightingRow.id, CorrectionRow.kind != _REOPENED, ~again)
    return said if until is None else said.where(CorrectionRow.at <= until)


# Faces to look at


def keep_crops(session: Session, cipher: "Cipher", pictures: Mapping[int, bytes]) -> None:
    """Keep the faces (encoded pictures) of sightings by number, each sealed for its own."""
    rows = [{"sighting_id": number, "picture": _seal(cipher, number, plain)} for number, plain in pictures.items()]
    if rows:
        session.execute(insert(SightingCrop), rows)


def open_crop(session: Session, cipher: "Cipher", number: int) -> bytes | None:
    """The face of a sighting as an encoded picture; None where none is kept. Raises TemplateAltered."""
    row = session.get(SightingCrop, number)
    return None if row is None else opened(cipher, number, row.picture)


def opened(cipher: "Cipher", number: int, sealed: bytes) -> bytes:
    """The face that was kept of the sighting of this number. Raises TemplateAltered."""
    return cipher.open(sealed, person=number, pipeline_id="", purpose=PURPOSE)


def _seal(cipher: "Cipher", number: int, plain: bytes) -> bytes:
    return cipher.seal(plain, person=number, pipeline_id="", purpose=PURPOSE)


def newest_with_face(session: Session, most: int) -> tuple[list[int], int]:
    """Of the newest sightings, at most so many: those whose face is kept, newest first, and how many others."""
    query = select(SightingRow.id, SightingCrop.sighting_id).outerjoin(SightingCrop)
    found = session.execute(query.order_by(SightingRow.id.desc()).limit(most)).all()
    kept = [number for number, face in found if face is not None]
    return kept, len(found) - len(kept)


def any_crop(session: Session) -> bool:
    """Whether a face is kept at all."""
    return session.scalar(select(SightingCrop.sighting_id).limit(1)) is not None


def crop_ids(session: Session) -> list[int]:
    """Of which sightings a face is kept, in order."""
    return list(session.scalars(select(SightingCrop.sighting_id).order_by(SightingCrop.sighting_id)))


def drop_crops(session: Session, numbers: Collection[int]) -> None:
    """Delete the faces of these sightings."""
    session.execute(delete(SightingCrop).where(SightingCrop.sighting_id.in_(numbers)))


def purge_crops(
    session: Session,
    at: datetime,
    *,
    review_days: int,
    unknown_days: int,
    settled: timedelta = timedelta(0),
    now: Collection[int] = (),
    held: Collection[int] = (),
) -> int:
    """Delete the faces that are not to be kept any more at that instant; how many went.

    That of a review goes when it is `review_days` old, that of a stranger when it is `unknown_days` old, and either as
    soon as somebody has said what it is: so long ago as ``settled``, or at once where it is one of these ``now``. Of
    other rulings none is kept. Those that are of the people ``held`` (internal ids) stay.
    """
    stays = or_(
        and_(SightingRow.ruling == "review", SightingRow.at > at - timedelta(days=review_days)),
        and_(SightingRow.ruling == "unknown", SightingRow.at > at - timedelta(days=unknown_days)),
    )
    stays = and_(stays, ~_corrected(at - settled), SightingRow.id.not_in(now))
    due = select(SightingCrop.sighting_id).join(SightingRow, SightingRow.id == SightingCrop.sighting_id).where(~stays)
    due = due.where(*(~_of(person) for person in sorted(held)))
    numbers = session.scalars(due).all()
    for some in in_batches(numbers):
        drop_crops(session, some)
    return len(numbers)
