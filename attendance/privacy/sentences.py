"""The sentences of the drafts that depend on what is set: read from the texts beside, by language and key."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files


@cache
def sentences(language: str) -> Mapping[str, str]:
    """What is said in a language, by what it is about; every language has the same keys and the same gaps."""
    return tomllib.loads(
        (files("attendance.privacy") / "texts" / f"sentences.{language}.toml").read_text(encoding="utf-8")
    )
