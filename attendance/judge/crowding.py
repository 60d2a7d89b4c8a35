"""How crowded it is around a person enrolled: whoever resembles many others needs a higher score to be marked.

A score model is made from one set of people. Children, relatives and people of one region are more alike in every
encoder, and a cohort that knows few of them evens that out in part only. Those enrolled show it: where the fifth of a
person's closest others scores more than the model says that the fifth of so many strangers does, those who come by and
are like them will, too, and a mark of this person needs as much more. Adults among children need no more for it.
"""

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from enroll.card import ScoreModel

CLOSEST: Final = 5
"""Which of the others decides: relatives, twins and a person enrolled twice come before."""
FEWEST_OTHERS: Final = 19
"""Of fewer, a family decides."""
MOST_OTHERS: Final = 1000
"""More would change nothing but the time that it takes."""
BY_CHANCE: Final = 3.0
"""Standard errors that chance is granted: on development people no more photos are missed then (train/GROUPS.md)."""


def raised_by(model: "ScoreModel", scores: "ArrayLike") -> float:
    """What a mark of a person needs more, in units of score, by their scores (n,) with the others enrolled; 0 or more.

    The standard error of the fifth score is about the tail's scale over the root of five: that of an exponential tail.
    Nothing is raised where the model's quantiles begin at a smaller share than five of so many.
    """
    values = np.asarray(scores, np.float64)
    known = max((fmr for fmr, _ in model.quantiles), default=model.tail.rate)
    if len(values) < FEWEST_OTHERS or len(values) * known < CLOSEST:
        return 0.0
    found = float(np.partition(values, len(values) - CLOSEST)[-CLOSEST])
    by_chance = BY_CHANCE * model.tail.scale / CLOSEST**0.5
    return max(0.0, found - model.score_at(CLOSEST / len(values)) - by_chance)
