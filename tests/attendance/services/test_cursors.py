"""Cursors of lists."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.service_errors import PageCursor
from attendance.services.cursors import Cursors


@pytest.mark.parametrize("place", [0, 2**53, "x", ["2026-03-02", "a"], [1, "ö"]])
def test_a_cursor_tells_its_place(app, place):
    """What a cursor was made of is read from it, by whoever opens the home, and by no other list."""
    made = app.cursors.after("list", place)

    assert place == Cursors(app.gallery).read("list", made)
    with pytest.raises(PageCursor):
        app.cursors.read("other", made)


def test_a_text_that_was_not_given_out_is_none(app):
    """Whatever else comes is refused, whether it is changed by a bit or made up."""
    made = app.cursors.after("list", 7)

    @given(
        st.text()
        | st.integers(0, len(made) - 1).map(lambda at: made[:at] + ("A" if made[at] != "A" else "B") + made[at + 1 :])
    )
    def refused(text: str) -> None:
        try:
            assert 7 == app.cursors.read("list", text)
            assert text.rstrip("=")[:-1] == made[:-1]  # the last sign holds bits that mean nothing
        except PageCursor:
            pass

    refused()


def test_another_home_gives_out_others(app, tmp_path, clock, pipeline):
    """A cursor of one home is none in another."""
    from attendance import Attendance

    with Attendance.open(tmp_path / "other", clock=clock, pipeline=pipeline) as other, pytest.raises(PageCursor):
        other.cursors.read("list", app.cursors.after("list", 7))
