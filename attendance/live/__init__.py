"""A camera or a video watched live: `Run`, what it needs, and the events that it tells.

It knows nothing of windows, films and command lines, nor of the product around it: `Desk` is all it asks for.
"""

from attendance.live.events import (
    Back,
    Began,
    Condition,
    Decided,
    Dropped,
    Ended,
    Event,
    Idle,
    LiveSummary,
    Lost,
    Marked,
    Opened,
    Seen,
    SeenFace,
    Skipped,
    Stale,
    Voted,
)
from attendance.live.feeds import CameraFeed, FileFeed
from attendance.live.living import LIVENESS, Asking, Prompted
from attendance.live.ports import Desk, Feed
from attendance.live.pushed import PushFeed
from attendance.live.run import Place, Run, RunState, Subscriber

__all__ = [
    "LIVENESS",
    "Asking",
    "Back",
    "Began",
    "CameraFeed",
    "Condition",
    "Decided",
    "Desk",
    "Dropped",
    "Ended",
    "Event",
    "Feed",
    "FileFeed",
    "Idle",
    "LiveSummary",
    "Lost",
    "Marked",
    "Opened",
    "Place",
    "Prompted",
    "PushFeed",
    "Run",
    "RunState",
    "Seen",
    "SeenFace",
    "Skipped",
    "Stale",
    "Subscriber",
    "Voted",
]
