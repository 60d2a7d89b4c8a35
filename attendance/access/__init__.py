"""Who asks, in which roles, through which door."""

from attendance.access.actor import Actor

__all__ = ["Actor"]
