"""What doctor says of a gallery that comes near the most people that the encoder's card tells a threshold for."""

import pytest

from attendance.services.doctor_threshold import threshold_findings
from attendance.settings import Settings
from enroll.card import ScoreModel, Tail
from gallery.values import Reached

MODEL = ScoreModel(600, 180_000, ((0.5, -0.2), (0.01, 0.0)), Tail(0.06, 0.001, 0.0, 0.03))
TRACKS = MODEL.most_people(0.003 / 4) - 30


class Crowd:
    """A gallery of which only the number of people is asked."""

    def __init__(self, people: int) -> None:
        self.people = people

    def reached(self) -> Reached:
        return Reached(self.people, 0, 0)


@pytest.mark.parametrize(
    ("people", "expected"),
    [
        (1000, []),
        (TRACKS // 2, []),
        (TRACKS // 2 + 1, [(None, 0)]),
        (TRACKS, [(None, 0)]),
        (TRACKS + 1, [("judge.too_many", 1)]),
    ],
)
def test_doctor_warns_before_and_refuses_beyond(people, expected):
    """From half of what is supported on it is told, beyond it is a finding; a small gallery hears nothing."""
    found = threshold_findings(Crowd(people), MODEL, Settings())
    assert expected == [(each.id, each.exit_code) for each in found]


def test_by_hand_nothing_is_said():
    """A threshold set by hand knows no limit."""
    assert [] == list(threshold_findings(Crowd(10**9), MODEL, Settings(match_threshold=0.5)))
