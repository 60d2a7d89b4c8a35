"""What all tables are made of: their common ground, and columns that SQLite and PostgreSQL keep alike."""

import json
from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, DateTime, Dialect, Integer, MetaData, Text, TypeDecorator
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeEngine

from gallery.errors import GalleryDamaged

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


WHOLE: TypeEngine[int] = BigInteger().with_variant(Integer, "sqlite")
"""Whole numbers of 64 bits, as SQLite's always are; there the name matters, as only an INTEGER counts up by itself."""


class Instant(TypeDecorator[datetime]):
    """An aware datetime, kept in UTC; a naive one is refused with ValueError."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """To UTC, or ValueError."""
        if value is None:
            return None
        if value.utcoffset() is None:
            raise ValueError(f"expected an aware datetime, got the naive {value.isoformat()}")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Aware, in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class JsonText(TypeDecorator[Any]):
    """A JSON value kept as readable text with sorted keys; NaN and infinities are refused with ValueError."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002
        """To text, or ValueError."""
        return None if value is None else json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002
        """From text; raises GalleryDamaged where it is no JSON."""
        try:
            return None if value is None else json.loads(value)
        except ValueError as error:
            raise GalleryDamaged("attendance.db", "a stored value is not the JSON it should be") from error


class Base(DeclarativeBase):
    """Common ground of the models."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar = {int: WHOLE}
