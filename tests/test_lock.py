"""What is locked for an audited installation covers what the product says it needs."""

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
EXTRAS = ("web", "reports", "mqtt", "postgres")
LOCKED = re.compile(
    r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;]+)[^\\\n]*(?P<hashes>(?:\\\n\s+--hash=sha256:[0-9a-f]{64}\s?)*)",
    re.MULTILINE,
)


def locked() -> dict[str, re.Match[str]]:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    return {canonicalize_name(found["name"]): found for found in LOCKED.finditer(text)}


def wanted() -> list[Requirement]:
    told = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = told["optional-dependencies"]
    return [Requirement(each) for each in (*told["dependencies"], *(line for name in EXTRAS for line in extras[name]))]


def test_the_lock_covers_what_the_product_needs() -> None:
    """Every dependency of the product and of the extras of an audited installation is locked to a version it allows."""
    found = locked()
    missing = [each.name for each in wanted() if canonicalize_name(each.name) not in found]
    other = [
        each.name
        for each in wanted()
        if each.name not in missing and found[canonicalize_name(each.name)]["version"] not in each.specifier
    ]
    assert ([], []) == (missing, other), "run: make lock"


def test_everything_locked_has_hashes() -> None:
    """Nothing is installed from the lock but the very files that were looked at."""
    assert [] == [name for name, found in locked().items() if "--hash=sha256:" not in found["hashes"]]
