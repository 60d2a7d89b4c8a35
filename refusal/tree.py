"""The tree of classes below a base: all of them, those that have an id, and drawn."""

from collections.abc import Iterator

from refusal.base import Refusal

__all__ = ["drawn", "members", "named"]

Kind = type[Refusal]


def named(*bases: Kind) -> list[Kind]:
    """The classes at and below the bases that have an id of their own, sorted by id."""
    kinds = {kind for base in bases for kind in members(base) if "id" in vars(kind)}
    return sorted(kinds, key=lambda kind: kind.id)


def members(base: Kind) -> Iterator[Kind]:
    """The class and all below it, families as well, each before its own members."""
    yield base
    for kind in _below(base):
        yield from members(kind)


def drawn(base: Kind) -> list[str]:
    """The tree as lines of text, members in the order in which they are made: name, then the id where there is one.

    Those of other modules than their family's come after its own, by module, whichever was imported first.
    """
    return [_labelled("", base), *_branches(base, "")]


def _branches(base: Kind, indent: str) -> Iterator[str]:
    kinds = _below(base)
    for kind in kinds:
        last = kind is kinds[-1]
        yield _labelled(indent + ("└── " if last else "├── "), kind)
        yield from _branches(kind, indent + ("    " if last else "│   "))


def _below(base: Kind) -> list[Kind]:
    return sorted(base.__subclasses__(), key=lambda kind: (kind.__module__ != base.__module__, kind.__module__))


def _labelled(branch: str, kind: Kind) -> str:
    name = f"{branch}{kind.__name__}"
    return f"{name:<32} {kind.id}" if "id" in vars(kind) else name
