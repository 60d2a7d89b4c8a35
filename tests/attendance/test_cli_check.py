"""What `attendance check` says before it judges: by which threshold, what that means, and how well it is known."""

import pytest

from attendance import Attendance
from attendance.cli.check import announce


@pytest.fixture
def said(app, home, clock, pipeline, draw, capsys):
    """What is announced for a home of two people with these settings; the model has counted a million comparisons."""
    app.enroll(draw("a.png", (1,)), name="Ada")
    app.enroll(draw("b.png", (2,)), name="Bob")
    app.close()

    def call(**flags: float) -> str:
        with Attendance.open(home, clock=clock, pipeline=pipeline, flags=flags) as opened:
            announce(opened, None, None)
        return capsys.readouterr().err

    return call


def test_a_counted_threshold_is_said_plainly(said):
    """Where enough comparisons were counted the line tells the target and what it means, and nothing else."""
    assert (
        "encoder fake-1 · 2 people · threshold 0.250 for a target FPIR of 0.60%: "
        "of 1,000 strangers about 6 would be taken for somebody\n"
    ) == said(guard_people=0, target_fpir=1 - (1 - 0.003) ** 2)


def test_guarding_people_count_for_what_was_counted(said):
    """What was counted is told of the threshold at work, which the people added to the gallery's size raise."""
    assert "calculated" not in said(guard_people=998)  # 3 of a million: 8.8 would fit
    assert "about 3 would be taken for somebody (calculated; counting alone allows up to 9.6)\n" in said(
        guard_people=1198
    )


def test_a_calculated_threshold_says_what_counting_allows(said):
    """Where hardly a measured comparison reached the threshold, the line says how many strangers fit the count."""
    line = said(guard_people=99_998)
    assert line.endswith("about 3 would be taken for somebody (calculated; counting alone allows up to 311)\n")
    assert 1 == line.count("\n")


def test_a_threshold_set_by_hand_says_so_too(said):
    """A threshold set by hand is no promise either: beyond all that was counted the line says what might be."""
    assert "set by hand: of 1,000 strangers about 6 would be taken for somebody\n" in said(match_threshold=0.25)
    assert (
        "set by hand: of 1,000 strangers about 2e-06 would be taken for somebody (calculated; counting alone"
        in said(match_threshold=1.5)
    )


def test_why_nobody_is_searched(app, clock, draw, capsys):
    """An empty search says why: nobody enrolled, nobody active, nobody active in the group."""

    def last() -> str:
        announce(app, group, None)
        return capsys.readouterr().err.splitlines()[-1]

    group = None
    assert "nobody is enrolled yet; everybody will be unknown" == last()
    app.enroll(draw("a.png", (1,)), name="Ada", groups=["7b"])
    app.gallery.set_active("Ada", False, at=clock.utc(), by="test")
    assert last().startswith("everybody enrolled is inactive ('attendance gallery activate PERSON')")
    app.enroll(draw("b.png", (2,)), name="Bob")
    group = "7b"
    assert "nobody active in group 7b has a template; everybody will be unknown" == last()
