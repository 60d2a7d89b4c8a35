"""Who acts, who has come by which door, and what they may do."""

from attendance.access.actor import Actor
from attendance.access.rights import RIGHTS, Right, may, needs
from attendance.access.visitor import ALL_GROUPS, Role, Visitor, for_all_or, may_see

__all__ = ["ALL_GROUPS", "RIGHTS", "Actor", "Right", "Role", "Visitor", "for_all_or", "may", "may_see", "needs"]
