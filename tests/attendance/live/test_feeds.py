"""Where frames come from: opened once, closed whatever happens, conditions told as they change."""

import pytest
from live_world import ScriptedCamera, World

from attendance.cameras import CameraState
from attendance.errors import CameraMissing
from attendance.live import Back, CameraFeed, Condition, FileFeed, Lost


def test_a_camera_that_cannot_be_opened_is_closed():
    """What a camera began before it failed to open is ended, and its error comes out."""
    camera = ScriptedCamera(World([]))

    def fails():
        raise CameraMissing("cam", "none")

    camera.open = fails
    with pytest.raises(CameraMissing), CameraFeed(camera):
        pytest.fail("nothing was opened")
    assert camera.closed


def test_a_condition_is_told_once():
    """Each change of how a camera does is told before the frames that follow it, and only the change."""
    world = World([[]] * 4)
    away = (CameraState.OFFLINE, "gone", 1.0)
    with CameraFeed(ScriptedCamera(world, {2: away})) as feed:
        items = [each.number if hasattr(each, "number") else each for each in feed]
    online, ended = Condition(CameraState.ONLINE, ""), Condition(CameraState.ENDED, "")
    lost, back = Lost(CameraState.OFFLINE, "gone"), Back(CameraState.ONLINE, "")
    assert [online, 0, 1, lost, None, back, 2, 3, ended] == items


def test_a_file_that_is_not_open_has_no_frames(tmp_path):
    """A feed of a file that is not open has neither rate nor frames, and has started nothing."""
    feed = FileFeed(tmp_path / "none.mp4", World([]))
    assert ([], 0.0, 0) == (list(feed), feed.fps, feed.declared)
