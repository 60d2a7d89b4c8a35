"""Which text may be the name of a person, a group, a session or a place."""

from gallery.errors import PersonInvalid
from refusal import usable_name


def clean(text: str, what: str) -> str:
    """`text` as names are stored: normal form C, runs of spaces joined, trimmed; raises PersonInvalid for no name."""
    try:
        return usable_name(text)
    except ValueError as problem:
        raise PersonInvalid(what, str(problem)) from problem
