"""What every refusal is: a stable id, an exit code, where, what is wrong, and what to do. It knows no other package."""

from refusal.base import Refusal
from refusal.text import one_line, sentence, told
from refusal.tree import drawn, members, named

__all__ = ["Refusal", "drawn", "members", "named", "one_line", "sentence", "told"]
