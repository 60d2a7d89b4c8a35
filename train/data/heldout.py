"""The people kept for the final measurement: a set that holds one of them is refused."""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

from train.errors import TestPersonRefused

SHOWN = 5


@cache
def heldout_people() -> frozenset[str]:
    """Canonical names of the 1,711 people of LFW's View 1 test list (`peopleDevTest.txt`)."""
    return frozenset(canonical(line) for line in _lines("lfw_view1_test.txt"))


@cache
def heldout_aliases() -> frozenset[str]:
    """Test people hidden in other sets: persons as `faces.csv` names them, and photos as `set/file`."""
    return frozenset(_lines("lfw_view1_test_aliases.txt"))


def _lines(name: str) -> list[str]:
    text = files("train.data").joinpath(name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def canonical(name: str) -> str:
    """A person's name without case, accents, set prefix and punctuation: `lfw:Al_Pacino` and `al pacino` are one."""
    plain = unicodedata.normalize("NFKD", name.rpartition(":")[2])
    plain = "".join(c for c in plain if not unicodedata.combining(c)).lower()
    return re.sub(r"[\W_]+", " ", plain).strip()  # letters of every script stay


def refuse_heldout(people: Iterable[str], where: str) -> None:
    """Raise `TestPersonRefused` where one of the names is a test person's."""
    leaked = sorted({name for name in people if canonical(name) in heldout_people() or name in heldout_aliases()})
    if leaked:
        more = f" and {len(leaked) - SHOWN} more" if len(leaked) > SHOWN else ""
        raise TestPersonRefused(
            where, f"test people in a training or development set: {', '.join(leaked[:SHOWN])}{more}"
        )
