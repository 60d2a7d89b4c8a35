"""The live window: whether there can be one is known before it is tried."""

import sys

import pytest

from attendance.show.window import why_no_window


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems always have a display")
def test_no_display():
    """Without a display there is a reason, not a crash."""
    assert "there is no display" == why_no_window({})


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems always have a display")
def test_a_display_that_does_not_answer():
    """A display that is named but not there, which ends the toolkit's process, is found out before."""
    env = {"DISPLAY": ":87", "PATH": "", "QT_QPA_PLATFORM": "xcb"}
    assert "the display cannot be used" == why_no_window(env)
