"""Who acts, and who has come by which door."""

from attendance.access.actor import Actor
from attendance.access.visitor import Role, Visitor, for_all_or, may_see

__all__ = ["Actor", "Role", "Visitor", "for_all_or", "may_see"]
