"""The one table that is not sealed: the templates' vectors, for a server that searches them itself by pgvector.

It is made where somebody has chosen that, and belongs to no revision of the schema. Whoever owns the database, or reads
a copy of it, can read these vectors. What is filed is filed here in the same step, what is deleted goes with it, and
before a search whatever is missing or left over is put right: sealed rows stay the only truth.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Row, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from gallery.errors import PgvectorMissing
from gallery.values import Pipelines, Templates

TABLE: Final = "attendance_vector"
LEAST: Final = (0, 8, 4)
"""The extension's versions before it lose or damage what an index of theirs holds."""
DIGITS: Final = 2.0**-11
"""Half of the last digit of a half-precision number of 1: what rounding a unit vector moves it by, at most."""
_MOST: Final = 16_000
"""As many numbers as the extension lets a `halfvec` have."""
_MAKE: Final = f"""
CREATE TABLE IF NOT EXISTS {TABLE} (
    pipeline varchar(200) NOT NULL,
    template_id bigint NOT NULL REFERENCES template (id) ON DELETE CASCADE,
    vector halfvec NOT NULL,
    half_mean real NOT NULL,
    PRIMARY KEY (pipeline, template_id)
) PARTITION BY LIST (pipeline)
"""
_MAKE_INDEX: Final = f"CREATE INDEX IF NOT EXISTS ix_{TABLE}_template ON {TABLE} (template_id)"
# What follows names nothing but the table above.
_INSERT: Final = f"""
INSERT INTO {TABLE} VALUES (:pipeline, :template, CAST(:vector AS halfvec), :half_mean) ON CONFLICT DO NOTHING
"""  # noqa: S608 # nosec B608
_STALE: Final = f"""
DELETE FROM {TABLE} v USING template t WHERE v.template_id = t.id AND v.pipeline <> t.pipeline_id
"""  # noqa: S608 # nosec B608
_LACKING: Final = f"""
SELECT t.pipeline_id, t.id FROM template t WHERE t.pipeline_id = ANY(:names) AND NOT EXISTS
    (SELECT FROM {TABLE} v WHERE v.template_id = t.id AND v.pipeline = t.pipeline_id)
ORDER BY t.id
"""  # noqa: S608 # nosec B608
_NEAREST: Final = f"""
SELECT template_id, half_mean - (vector <#> CAST(:probe AS halfvec)) AS score FROM {TABLE}
WHERE pipeline = ANY(:names) {{among}} ORDER BY score DESC, template_id LIMIT :width
"""  # noqa: S608 # nosec B608
_OF_ALL: Final = text(_NEAREST.format(among=""))
_OF_SOME: Final = text(
    _NEAREST.format(among="AND template_id IN (SELECT id FROM template WHERE person_id = ANY(:people))")
)
_VERSION: Final = """
SELECT coalesce(installed_version, default_version) FROM pg_available_extensions WHERE name = 'vector'
"""


def is_there(session: Session) -> bool:
    """Whether the table has been made; false on another engine."""
    if session.get_bind().dialect.name != "postgresql":
        return False
    return bool(session.scalars(text("SELECT to_regclass(:name) IS NOT NULL"), {"name": TABLE}).one())


def version(session: Session) -> str | None:
    """The version of the extension that this database has, or could have; None without it."""
    found = text(
        "SELECT coalesce(installed_version, default_version) FROM pg_available_extensions WHERE name = 'vector'"
    )
    told: str | None = session.scalars(found).one_or_none()
    return told


def may_be_made(session: Session) -> bool:
    """Whether the extension is in this database, or this account may put it there; asked without doing so."""
    query = """
        SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'vector')
            OR (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
            OR (has_database_privilege(current_database(), 'CREATE') AND EXISTS (
                SELECT FROM pg_available_extension_versions WHERE name = 'vector' AND trusted))
    """
    return bool(session.scalars(text(query)).one())


def fits(told: str | None) -> bool:
    """Whether a version of the extension may be used."""
    if told is None:
        return False
    return tuple(int(part) for part in told.split(".") if part.isdigit()) >= LEAST


def make(session: Session, where: str) -> None:
    """The empty table, where it is not there yet; raises PgvectorMissing."""
    told = version(session)
    if not fits(told):
        least = ".".join(map(str, LEAST))
        has = "has no pgvector" if told is None else f"has pgvector {told}"
        raise PgvectorMissing(where, f"the server {has}, and at least {least} is needed")
    try:
        with session.begin_nested():
            session.execute(text("CREATE EXTENSION IF NOT EXISTS vector"))
    except SQLAlchemyError as error:
        raise PgvectorMissing(where, "the extension may not be made by this account") from error
    session.execute(text(_MAKE))
    session.execute(text(_MAKE_INDEX))


def drop(session: Session) -> bool:
    """Delete the table with all vectors; whether there was one."""
    if not is_there(session):
        return False
    session.execute(text(f"DROP TABLE {TABLE}"))
    return True


def count(session: Session) -> int:
    """How many vectors lie in it."""
    return int(session.scalars(text(f"SELECT count(*) FROM {TABLE}")).one())  # noqa: S608 - our own name # nosec B608


def add(session: Session, pipeline: str, found: Templates) -> None:
    """Put in templates of a pipeline, in a partition of its own; those there already stay."""
    if not len(found.ids):
        return
    _refuse_large(found.vectors)
    _part(session, pipeline)
    rows = zip(found.ids.tolist(), found.vectors, (-found.cohort_means / 2).tolist(), strict=True)
    session.execute(
        text(_INSERT),
        [
            {"pipeline": pipeline, "template": number, "vector": written(vector), "half_mean": half}
            for number, vector, half in rows
        ],
    )


def _refuse_large(vectors: NDArray[np.float32]) -> None:
    if vectors.shape[1] > _MOST:
        raise PgvectorMissing("vectors", f"pgvector keeps {_MOST} numbers at most, these have {vectors.shape[1]}")


def _part(session: Session, pipeline: str) -> None:
    """The partition of a pipeline, made where it is not there.

    It is made apart and then attached: made as a part at once it would have to wait for whoever reads the others.
    """
    name = session.scalars(text("SELECT md5(:pipeline)"), {"pipeline": pipeline}).one()[:16]
    part = f"{TABLE}_{name}"
    if session.scalars(text("SELECT to_regclass(:name) IS NULL"), {"name": part}).one():
        quoted = session.scalars(text("SELECT quote_literal(:pipeline)"), {"pipeline": pipeline}).one()
        session.execute(text(f"CREATE TABLE {part} (LIKE {TABLE} INCLUDING ALL)"))
        value = quoted.replace(":", "\\:")
        session.execute(text(f"ALTER TABLE {TABLE} ATTACH PARTITION {part} FOR VALUES IN ({value})"))


def written(vector: NDArray[np.float32]) -> str:
    """A vector (d,) as the extension reads it."""
    return "[" + ",".join(f"{number:.6g}" for number in vector.tolist()) + "]"


def lacking(session: Session, pipelines: Pipelines) -> dict[str, list[int]]:
    """By name of the pipeline, the templates that are to be put in."""
    found: dict[str, list[int]] = {}
    for pipeline, number in session.execute(text(_LACKING), {"names": list(pipelines)}):
        found.setdefault(pipeline, []).append(number)
    return found


def drop_stale(session: Session) -> None:
    """Take out those that are filed under another name of their pipeline since."""
    session.execute(text(_STALE))


def nearest(
    session: Session,
    pipelines: Pipelines,
    probe: NDArray[np.float32],
    width: int,
    people: Iterable[int] | None = None,
) -> Sequence[Row[int, float]]:
    """The templates (id, score without the probe's part) nearest to a probe (d,), of everybody or of some people.

    Every vector is compared, those of inactive people, too: the scores are those of numbers rounded to half precision,
    and nothing is left out.
    """
    told = {"names": list(pipelines), "probe": written(probe), "width": width}
    if people is None:
        return session.execute(_OF_ALL, told).all()
    return session.execute(_OF_SOME, {**told, "people": sorted(people)}).all()
