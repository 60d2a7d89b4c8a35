"""What every refusal is: a stable id, an exit code, where, what is wrong, what to do; and which names are refused.

It knows no other package.
"""

from refusal.base import Refusal
from refusal.names import usable_name
from refusal.text import counted, one_line, sentence, told
from refusal.tree import drawn, members, named

__all__ = ["Refusal", "counted", "drawn", "members", "named", "one_line", "sentence", "told", "usable_name"]
