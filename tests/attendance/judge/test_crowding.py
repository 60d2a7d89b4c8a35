"""Whoever resembles many of those enrolled needs a higher score: against a naive rule, and in a gallery."""

import dataclasses
import math

import numpy as np
import pytest

from attendance import Attendance
from attendance.judge.crowding import raised_by

CROWD = 25


@pytest.fixture
def card(fake):
    """The card of the pipeline without models, with a score model that knows half of all comparisons to exceed -0.1."""
    plain = fake.card()
    quantiles = ((0.5, -0.1), *plain.score_model.quantiles)
    return dataclasses.replace(plain, score_model=dataclasses.replace(plain.score_model, quantiles=quantiles))


@pytest.fixture
def model(card):
    return card.score_model


@pytest.fixture
def pipeline(fake, card):
    return fake.FakePipeline(fake.FakeEncoder(card))


def naive(model, scores) -> float:
    """Sort, take the fifth, compare with where the model puts the fifth of so many, less three standard errors."""
    fifth = sorted(scores)[-5]
    return max(0.0, fifth - model.score_at(5 / len(scores)) - 3 * model.tail.scale / math.sqrt(5))


@pytest.mark.parametrize("number", [19, 100, 1000])
def test_it_is_the_naive_rule(model, number):
    """The fifth highest score beyond what the model and chance explain is what a mark needs more."""
    scores = np.random.default_rng(number).normal(0.3, 0.1, number)
    assert 0 < naive(model, scores)
    assert naive(model, scores) == pytest.approx(raised_by(model, scores))


def test_strangers_as_the_model_says_raise_nothing(model):
    """Scores drawn from the model itself leave the threshold as it is for more than nine people in ten."""
    random = np.random.default_rng(5)
    drawn = [[model.score_at(rate) for rate in random.uniform(1e-6, 1, 200)] for _ in range(100)]
    assert 90 <= sum(raised_by(model, scores) == 0 for scores in drawn)


def test_relatives_raise_nothing(model):
    """Four people who are very much alike among many who are not change nothing for each other."""
    assert 0 == raised_by(model, [0.9] * 4 + [-0.2] * 100)


def test_few_people_raise_nothing(model):
    """Of fewer than twenty people nobody can tell: a family would decide."""
    assert 0 == raised_by(model, [0.9] * 18)
    assert 0 < raised_by(model, [0.9] * 19)


def test_a_model_that_knows_too_little_raises_nothing(fake):
    """Where a model's quantiles begin at 3 %, the fifth of 100 others cannot be compared with it."""
    assert 0 == raised_by(fake.card().score_model, [0.9] * 100)
    assert 0 < raised_by(fake.card().score_model, [0.9] * 200)


def test_a_model_that_knows_just_enough(fake):
    """Quantiles that begin at a quarter are enough for the fifth of 20 others, and not for that of 19."""
    plain = fake.card().score_model
    quarter = dataclasses.replace(plain, quantiles=((0.25, 0.0), *plain.quantiles))
    assert 0 == raised_by(quarter, [0.9] * 19)
    assert pytest.approx(0.9 - 3 * plain.tail.scale / math.sqrt(5)) == raised_by(quarter, [0.9] * 20)


@pytest.fixture
def crowd(app, draw):
    """25 people who score 0.36 with each other, of group A, and Zed, who is like none of them."""
    for number in range(1, CROWD + 1):
        photo = draw(f"{number}.png", (number, 80), seed=number)
        app.enroll(photo, name=f"P{number}", groups=["A"], allow_duplicate=True)
    app.enroll(draw("zed.png", (60,), seed=60), name="Zed")
    return app


def test_a_stranger_like_the_crowd_is_not_named(crowd, draw):
    """A stranger whom the score model alone would let pass for one of many people alike stays unknown."""
    (found,) = crowd.check(draw("stranger.png", (40, 70)))
    assert crowd.policy().threshold < found.score < found.threshold
    assert "present" != found.decision


def test_people_of_a_crowd_are_still_known(crowd, draw):
    """One of the crowd is marked; the decision holds the threshold that this person needed."""
    (found,) = crowd.check(draw("door.png", (3, 80), seed=99))
    person = crowd.gallery.find("P3").id
    assert ("present", "P3") == (found.decision, found.person.name)
    assert 0.05 < crowd.judging.raised(person)
    assert found.threshold == pytest.approx(crowd.policy().threshold + crowd.judging.raised(person))


def test_somebody_unlike_the_crowd_needs_no_more(crowd, draw):
    """Where children are many, a teacher is judged as before."""
    assert 0 == crowd.judging.raised(crowd.gallery.find("Zed").id)
    (found,) = crowd.check(draw("door.png", (60, 70), seed=99))
    assert ("present", crowd.policy().threshold) == (found.decision, found.threshold)


def test_a_small_group_is_judged_by_everybody(crowd, draw):
    """In a group of one the person needs as much more as among everybody: who passes by is not of the group."""
    crowd.enroll(draw("3.png", (3, 80), seed=3), name="P3", groups=["B"])
    person = crowd.gallery.find("P3").id
    assert 0 < crowd.judging.raised(person)
    assert crowd.judging.raised(person) == crowd.judging.raised(person, "B")


def test_a_group_of_twenty_is_judged_by_itself(crowd, clock, model):
    """From twenty people on a group tells by itself how alike they are; with nineteen everybody is asked."""
    for number in range(1, 21):
        crowd.gallery.set_groups(f"P{number}", ["A", "B"], at=clock.utc(), by="test")
    person = crowd.gallery.find("P1").id
    everybody = crowd.judging.raised(person)
    assert pytest.approx(raised_by(model, [0.36] * 19), abs=1e-6) == crowd.judging.raised(person, "B")
    assert crowd.judging.raised(person, "B") != everybody
    crowd.gallery.set_groups("P20", ["A"], at=clock.utc(), by="test")
    assert everybody == crowd.judging.raised(person, "B")


def test_twenty_people_are_enough(crowd, clock):
    """Of twenty people enrolled one who is like the others needs more to be marked; of nineteen nobody does."""
    person = crowd.gallery.find("P1").id
    for number in ("Zed", *(f"P{n}" for n in range(21, CROWD + 1))):
        crowd.gallery.remove(number, at=clock.utc(), by="test")
    assert 20 == crowd.policy().gallery_size
    assert 0 < crowd.judging.raised(person)
    crowd.gallery.remove("P20", at=clock.utc(), by="test")
    assert (19, 0) == (crowd.policy().gallery_size, crowd.judging.raised(person))


def test_it_follows_the_gallery(crowd, clock):
    """When the others have left, a person needs no more."""
    assert 0 < crowd.judging.raised(crowd.gallery.find("P1").id)
    for number in range(2, CROWD + 1):
        crowd.gallery.remove(f"P{number}", at=clock.utc(), by="test")
    assert 0 == crowd.judging.raised(crowd.gallery.find("P1").id)


@pytest.mark.usefixtures("crowd")
def test_a_threshold_by_hand_is_not_raised(home, pipeline, clock, draw):
    """What somebody set stays as it was set."""
    with Attendance.open(home, clock=clock, pipeline=pipeline, flags={"match_threshold": 0.4}) as app:
        (found,) = app.check(draw("stranger.png", (40, 70)))
        assert (0.4, 0.0) == (found.threshold, app.judging.raised(app.gallery.find("P1").id))


@pytest.mark.usefixtures("crowd")
def test_showing_a_person_tells_what_a_mark_of_them_needs(crowd):
    """`gallery show` names the threshold of this person."""
    raised = crowd.judging.raised(crowd.gallery.find("P1").id)
    assert crowd.portraits.of("P1").threshold == pytest.approx(crowd.policy().threshold + raised)
