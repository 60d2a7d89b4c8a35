"""Sealing what is stored anew: all of it under another key, or templates under another name of their pipeline."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import delete, exists, func, literal, select, tuple_, update
from sqlalchemy.orm import Session, aliased

from gallery.errors import KeyMissing, TemplateAltered, WrongEncoder
from gallery.privacytables import SecondFactorRow
from gallery.repositories import (
    answers,
    changes,
    credentials,
    places,
    receivers,
    secondfactors,
    secrets,
    sightings,
    templates,
)
from gallery.repositories.batches import A_BATCH
from gallery.repositories.templates import CROP, VECTOR
from gallery.schema import Crop, PlaceRow, SightingCrop, Template
from gallery.servicetables import AnswerRow, ReceiverRow, SecretRow

if TYPE_CHECKING:
    from gallery.ports import Cipher

TOTP: Final = secondfactors.PURPOSE
_BY_SECRETS: Final = ("qr", "badge")
"""Kinds of credentials that hold only with a secret of the home."""


class _Sealed(NamedTuple):
    """Where sealed values lie: the query gives the key of each row, then person, pipeline and value."""

    table: Any
    query: Any
    key: tuple[Any, ...]
    column: Any
    purpose: str


def _own(key: Any, column: Any, purpose: str) -> _Sealed:
    """A column whose values are bound to nothing but the key of their row."""
    return _Sealed(
        key.class_, select(key, key, literal(""), column).where(column.is_not(None)), (key,), column, purpose
    )


def _everything() -> tuple[_Sealed, ...]:
    vectors = select(Template.id, Template.person_id, Template.pipeline_id, Template.vector)
    crops = select(Crop.template_id, Template.person_id, Template.pipeline_id, Crop.picture)
    crops = crops.join(Template, Template.id == Crop.template_id)
    asked = (AnswerRow.token_id, AnswerRow.key)
    return (
        _Sealed(Template, vectors, (Template.id,), Template.vector, VECTOR),
        _Sealed(Crop, crops, (Crop.template_id,), Crop.picture, CROP),
        _own(SightingCrop.sighting_id, SightingCrop.picture, sightings.PURPOSE),
        _own(PlaceRow.id, PlaceRow.address, places.PURPOSE),
        _own(SecretRow.purpose, SecretRow.value, secrets.PURPOSE),
        _own(ReceiverRow.id, ReceiverRow.address, receivers.PURPOSE),
        _own(ReceiverRow.id, ReceiverRow.secret, receivers.SIGNING),
        _own(SecondFactorRow.account_id, SecondFactorRow.secret, TOTP),
        _Sealed(AnswerRow, select(*asked, *asked, AnswerRow.body), asked, AnswerRow.body, answers.PURPOSE),
    )


def anything(session: Session) -> bool:
    """Whether a sealed value is stored at all."""
    others = (sightings.any_crop, places.any_address, secrets.purposes, receivers.sealed, answers.any_kept, _factors)
    return templates.any_of(session) or any(there(session) for there in others)


def _factors(session: Session) -> bool:
    return session.scalar(select(SecondFactorRow.account_id).limit(1)) is not None


def altered_factors(session: Session, cipher: "Cipher") -> list[int]:
    """The accounts whose second factor does not open, by number."""
    found = []
    query = select(SecondFactorRow.account_id, SecondFactorRow.secret).order_by(SecondFactorRow.account_id)
    for account, secret in session.execute(query):
        try:
            cipher.open(secret, person=account, pipeline_id="", purpose=TOTP)
        except TemplateAltered:
            found.append(account)
    return found


def drop_factors(session: Session, which: Collection[int]) -> None:
    """Forget the second factors of these accounts: they are set up anew."""
    session.execute(delete(SecondFactorRow).where(SecondFactorRow.account_id.in_(which)))
    session.expire_all()


def reseal_all(session: Session, old: "Cipher", new: "Cipher") -> int:
    """Seal everything anew; returns how many values that were. Raises TemplateAltered."""
    count = 0
    for table, query, key, column, purpose in _everything():
        for rows in _in_parts(session, query, key):
            fresh = [
                {each.key: value for each, value in zip(key, number, strict=True)}
                | {column.key: _moved(old, new, person, pipeline, sealed, purpose)}
                for *number, person, pipeline, sealed in rows
            ]
            session.execute(update(table), fresh)
            count += len(rows)
    changes.note(session, [])
    session.expire_all()
    return count


def drop_all(session: Session) -> dict[str, int]:
    """Forget everything sealed, as its key is lost; how much of what. People, marks and their names stay.

    QR codes and badges go as well: both are told by secrets that are sealed.
    """
    gone = {
        "templates": len(session.execute(delete(Template).returning(Template.id)).all()),
        "faces": len(session.execute(delete(SightingCrop).returning(SightingCrop.sighting_id)).all()),
        "answers": len(session.execute(delete(AnswerRow).returning(AnswerRow.token_id)).all()),
        "second_factors": len(session.execute(delete(SecondFactorRow).returning(SecondFactorRow.account_id)).all()),
        "secrets": len(session.execute(delete(SecretRow).returning(SecretRow.purpose)).all()),
        "credentials": credentials.drop_kinds(session, _BY_SECRETS),
    }
    changes.note(session, None)
    session.expire_all()
    with_address = session.scalars(select(PlaceRow.id).where(PlaceRow.address.is_not(None))).all()
    places.drop_addresses(session, with_address)
    unreachable = [each.id for each in receivers.sealed(session)]
    receivers.drop_sealed(session, unreachable, KeyMissing.id)
    return gone | {"addresses": len(with_address) + len(unreachable)}


def _moved(old: "Cipher", new: "Cipher", person: int | str, pipeline: str, sealed: bytes, purpose: str) -> bytes:
    plain = old.open(sealed, person=person, pipeline_id=pipeline, purpose=purpose)
    return new.seal(plain, person=person, pipeline_id=pipeline, purpose=purpose)


def adopt(session: Session, cipher: "Cipher", old: str, new: str) -> int:
    """File the templates of pipeline `old` under `new`; how many. One that does not open, or is there, stays.

    A crop that does not open goes with its template as it is. Raises WrongEncoder where they do not fit those
    under `new`.
    """
    _refuse_uneven(session, old, new)
    other = aliased(Template)
    same = (other.person_id == Template.person_id, other.source_sha256 == Template.source_sha256)
    query = (
        select(Template.id, Template.person_id, Template.vector, Crop.picture)
        .outerjoin(Crop, Crop.template_id == Template.id)
        .where(Template.pipeline_id == old, ~exists().where(other.pipeline_id == new, *same))
    )
    count = 0
    for rows in _in_parts(session, query, (Template.id,)):
        count += _adopt_part(session, cipher, rows, old, new)
    changes.note(session, None if count else [])
    session.expire_all()
    return count


def _adopt_part(session: Session, cipher: "Cipher", rows: Sequence[Any], old: str, new: str) -> int:
    vectors, crops = [], []
    for number, person, vector, crop in rows:
        with suppress(TemplateAltered):
            vectors.append(
                {"id": number, "pipeline_id": new, "vector": _named(cipher, person, vector, VECTOR, old, new)}
            )
            if crop is not None:
                crops.append({"template_id": number, "picture": _named(cipher, person, crop, CROP, old, new)})
    if vectors:
        session.execute(update(Template), vectors)
    if crops:
        session.execute(update(Crop), crops)
    return len(vectors)


def _named(cipher: "Cipher", person: int, sealed: bytes, purpose: str, old: str, new: str) -> bytes:
    plain = cipher.open(sealed, person=person, pipeline_id=old, purpose=purpose)
    return cipher.seal(plain, person=person, pipeline_id=new, purpose=purpose)


def _refuse_uneven(session: Session, old: str, new: str) -> None:
    sizes = select(func.length(Template.vector)).where(Template.pipeline_id.in_((old, new))).distinct()
    if len(session.scalars(sizes).all()) > 1:
        raise WrongEncoder(new, f"templates of {old} have another dimension than its own")


def _in_parts(session: Session, query: Any, key: tuple[Any, ...]) -> Iterator[Sequence[Any]]:
    """The rows by rising `key`, the first columns, a bounded number at a time: they may be changed in between."""
    ordered = query.order_by(*key).limit(A_BATCH)
    rows = session.execute(ordered).all()
    while rows:
        yield rows
        rows = session.execute(ordered.where(tuple_(*key) > tuple(rows[-1][: len(key)]))).all()
