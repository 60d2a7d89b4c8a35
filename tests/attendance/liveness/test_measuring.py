"""Figures of presentations, beside a plain recount."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.liveness.bounds import Share, upper_bound
from attendance.liveness.measuring import (
    ASKING,
    GENUINE,
    RULINGS,
    SETTINGS,
    Cost,
    Counts,
    Figures,
    Presentation,
    counted,
    counts_from,
    species_name,
)

ALL = frozenset(SETTINGS)


def some(species: str, ruling: str | None, times: int, *marked: str, person: int = 0) -> list[Presentation]:
    return [Presentation(species, ruling, frozenset(marked), person)] * times


PRINTS = [*some("print", "attack", 24, "off"), *some("print", "unsure", 6, "off", "review")]
PHONES = [*some("phone", "live", 3, *SETTINGS), *some("phone", "attack", 6, "off"), *some("phone", None, 1)]
PEOPLE = [
    *some("live", "live", 8, *SETTINGS, person=1),
    *some("live", "unsure", 2, "off", "review", person=1),
    *some("live", "live", 9, *SETTINGS, person=2),
    *some("live", None, 1, person=2),
    *some("guest", "attack", 1, person=3),
    *some("guest", "live", 4, person=3),
]
FIGURES = Figures(counted([*PHONES, *PRINTS, *PEOPLE]))


def test_apcer_counts_what_a_setting_takes_for_a_living_face() -> None:
    """With `review` unsure ones are marked, so they are errors; with `require` live ones alone; others are left out."""
    assert Share(6, 30) == FIGURES.apcer("print", "review")
    assert Share(0, 30) == FIGURES.apcer("print", "require")
    assert Share(3, 9) == FIGURES.apcer("phone", "require")
    assert FIGURES.apcer("print", "require").text == "<= 9.5 %"


def test_a_mark_counts_whatever_is_found_after_it() -> None:
    """A picture that was marked while it was unsure, and ruled an attack later, was taken for a living face."""
    (found,) = counted(some("print", "attack", 4, "off", "review"))
    assert {"off": 4, "review": 4, "require": 0} == found.taken
    assert Share(4, 4) == Figures((found,)).apcer("print", "review")
    assert Share(0, 4) == Figures((found,)).apcer("print", "require")


def test_the_worst_species_counts() -> None:
    """It is the one with the highest share, and of those alike the one that was presented the fewest times."""
    assert FIGURES.worst("review") == "phone"
    even = Figures(counted([*some("print", "attack", 30), *some("cutout", "attack", 5), *some("bent", "attack", 9)]))
    assert even.worst("require") == "cutout"
    assert Figures(()).worst("require") is None


def test_bpcer_by_presentation_and_by_person() -> None:
    """People who are not enrolled count, too; a person is held as soon as one presentation is."""
    assert Share(1, 24) == FIGURES.bpcer("review")
    assert Share(3, 24) == FIGURES.bpcer("require")
    assert Share(2, 10) == FIGURES.bpcer("require", 1)
    assert Share(0, 9) == FIGURES.bpcer("require", 2)
    assert Share(2, 3) == FIGURES.people_held("require")
    assert Share(1, 3) == FIGURES.people_held("review")


def test_what_could_not_be_judged_counts_apart() -> None:
    """Of ten phones one had no face, of 25 genuine presentations one."""
    assert Share(1, 10) == FIGURES.apnrr("phone")
    assert Share(1, 25) == FIGURES.bpnrr()


def test_the_whole_counts_every_presentation() -> None:
    """A face that was never found is a miss of the person, and a picture by which nobody was marked."""
    assert Share(9, 10) == FIGURES.iapir("phone", "off")
    assert Share(3, 10) == FIGURES.iapir("phone", "review")
    assert Share(1, 20) == FIGURES.fnir("off")
    assert Share(3, 20) == FIGURES.fnir("require")
    assert Share(0, 5) == FIGURES.guests_marked("off")


def test_riapar_adds_attacks_that_are_marked_and_people_who_are_not() -> None:
    """It is 1 + IAPIR - (1 - FNIR) of the worst species, with a bound that adds both bounds."""
    assert FIGURES.worst_marked("off") == "print"
    value, bound = FIGURES.riapar("off")
    assert value == pytest.approx(1 + 30 / 30 - (1 - 1 / 20))
    value, bound = FIGURES.riapar("require")
    assert value == pytest.approx(3 / 10 + 3 / 20)
    assert bound == pytest.approx(upper_bound(3, 10, 0.025) + upper_bound(3, 20, 0.025))


@pytest.mark.parametrize("marks", [(), tuple(SETTINGS)])
def test_a_door_that_marks_nobody_or_everybody_has_a_riapar_of_one(marks: tuple[str, ...]) -> None:
    """Neither is worth anything."""
    made = [*some("print", "live", 5, *marks), *some("live", "live", 5, *marks, person=1)]
    value, _ = Figures(counted(made)).riapar("review")
    assert value == 1


def test_nothing_is_told_from_nothing() -> None:
    """Without pictures, people or a single ruling there are no figures."""
    nobody, nothing = Figures(counted(PRINTS)), Figures(counted(PEOPLE))
    assert nobody.bpcer("review") is None
    assert nobody.fnir("review") is None
    assert nobody.riapar("review") is None
    assert nobody.cost("review") is None
    assert nobody.bpnrr() is None
    assert nothing.riapar("review") is None
    assert nothing.species == ()
    assert Figures(counted(some("print", None, 3))).apcer("print", "review") is None


def test_what_a_setting_costs() -> None:
    """Of people and of pictures: marked, held by liveness, missed whatever it says."""
    assert Cost(19, 0, 1) == FIGURES.cost("off")
    assert Cost(19, 0, 1) == FIGURES.cost("review")
    assert Cost(17, 2, 1) == FIGURES.cost("require")
    assert Cost(0, 30, 0) == FIGURES.cost("require", "print")
    assert Cost(3, 6, 1) == FIGURES.cost("review", "phone")
    assert {"marked": 3, "held": 6, "missed": 1, "of": 10} == FIGURES.cost("review", "phone").to_dict()


def test_known_species_come_first() -> None:
    """Then others as they were met; people are no species."""
    made = [*some("mask", "live", 1), *PHONES, *PRINTS, *PEOPLE, *some("balloon", "live", 1)]
    assert ("print", "phone", "mask", "balloon") == Figures(counted(made)).species


presentations = st.builds(
    lambda species, person, ruling, marked: Presentation(
        species, ruling, marked if ruling else frozenset(), person if species in GENUINE else 0
    ),
    st.sampled_from(["print", "phone", "mask", *GENUINE]),
    st.integers(1, 3),
    st.sampled_from([*RULINGS, None]),
    st.frozensets(st.sampled_from(SETTINGS)),
)


@given(st.lists(presentations, max_size=60))
def test_figures_equal_a_plain_recount(made: Sequence[Presentation]) -> None:
    """Each share is what a loop over the presentations counts; plain values lose nothing."""
    figures = Figures(counted(made))
    assert figures.counts == tuple(counts_from(each.to_dict()) for each in figures.counts)
    for setting in ASKING:
        bona_fide = {"live", "unsure"} if setting == "review" else {"live"}
        for species in figures.species:
            judged = [each for each in made if each.species == species and each.ruling is not None]
            taken = sum(each.ruling in bona_fide or setting in each.marked for each in judged)
            assert figures.apcer(species, setting) == (Share(taken, len(judged)) if judged else None)
        people = [each for each in made if each.species in GENUINE and each.ruling is not None]
        refused = sum(each.ruling not in bona_fide and setting not in each.marked for each in people)
        assert figures.bpcer(setting) == (Share(refused, len(people)) if people else None)
        enrolled = [each for each in made if each.species == "live"]
        cost = figures.cost(setting)
        assert (cost.of if cost else 0) == len(enrolled)


@pytest.mark.parametrize(
    "wrong",
    [
        {"species": "Print", "ruling": "live"},
        {"species": "", "ruling": "live"},
        {"species": "print", "ruling": "fake"},
        {"species": "print", "ruling": None, "marked": ALL},
        {"species": "print", "ruling": "live", "marked": frozenset({"on"})},
        {"species": "print", "ruling": "live", "person": 1},
        {"species": "live", "ruling": "live"},
        {"species": "live", "ruling": "live", "person": -1},
    ],
)
def test_presentations_that_cannot_be_are_refused(wrong: dict) -> None:
    """A picture has no person, a person a number, and nothing is marked by what was not judged."""
    with pytest.raises(ValueError, match="expected"):
        Presentation(**wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"rulings": {"live": -1}},
        {"rulings": {"fake": 1}},
        {"rulings": {"live": 1.0}},
        {"rulings": {"live": 1}, "marked": {"off": 2}},
        {"rulings": {"live": 1}, "taken": {"review": 2}},
        {"taken": {"on": 0}},
        {"unjudged": -1},
        {"unjudged": True},
        {"person": 2},
    ],
)
def test_counts_that_cannot_be_are_refused(wrong: dict) -> None:
    """What is read back is checked as what is made."""
    with pytest.raises(ValueError, match="expected"):
        Counts("print", **wrong)


@pytest.mark.parametrize("wrong", [{}, {"species": "print"}, {"species": 3, "number": 0, "rulings": {}}])
def test_plain_values_that_are_none_are_refused(wrong: dict) -> None:
    """An entry of the log that another version wrote is told, not guessed at."""
    with pytest.raises(ValueError, match="counts: expected"):
        counts_from(wrong)


def test_each_is_counted_once() -> None:
    """Two counts of one species are a mistake."""
    with pytest.raises(ValueError, match="each species and person once"):
        Figures((Counts("print"), Counts("print")))


def test_names_of_species() -> None:
    """Letters, digits and hyphens, in small."""
    assert species_name(" Paper-Mask2 ") == "paper-mask2"
    for wrong in ("", "-x", "a b", "ä", "x" * 33, "a/b"):
        with pytest.raises(ValueError, match="species: expected"):
            species_name(wrong)
