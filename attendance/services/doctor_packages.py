"""Doctor's look at what is installed: the versions of everything that runs here, and what is missing."""

import platform
import sqlite3
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from attendance.services.doctor_finding import Finding

PACKAGES: Final = (
    "alembic",
    "cryptography",
    "faiss-cpu",
    "numpy",
    "onnxruntime",
    "opencv-python",
    "pi-heif",
    "pillow",
    "platformdirs",
    "python-dateutil",
    "rich",
    "scipy",
    "sqlalchemy",
    "typer",
    "tzdata",
    "xlsxwriter",
)
SERVER_PACKAGES: Final = ("psycopg", "psycopg-binary", "psycopg-c", "pgvector")
"""What reaches a database on a server; who keeps a file needs none of it."""


def package_findings() -> Iterator[Finding]:
    """The versions in one line, and one finding for each library that everybody needs and that is not there."""
    found = {name: _version(name) for name in (*PACKAGES, *SERVER_PACKAGES)}
    system = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {platform.platform()}"
    told = ", ".join(f"{name} {number}" for name, number in found.items() if number is not None)
    own = _version("attendance") or "(not installed, run from its folder)"
    yield Finding("versions", f"attendance {own}, {system}; {told}")
    for name in PACKAGES:
        if found[name] is None:
            yield Finding("versions", f"{name} is not installed", "package.missing", f"pip install {name}", 1)


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
