"""The screen's colours: no flashes, and an order that nobody can guess."""

from itertools import pairwise

import numpy as np
import pytest

from attendance.liveness.colours import COLOURS, STEP_S, Order

A_FLASH = 0.1  # of relative luminance: from there on two opposing changes are a flash (WCAG 2.2, 2.3.1)


def relative(css: str) -> tuple[list[float], float]:
    """The linear light of a colour as a page writes it, and its relative luminance, by WCAG's own words."""
    parts = [int(css[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    light = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts]
    return light, 0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2]


def test_no_change_is_a_flash() -> None:
    """As a page writes them, all colours are as light as each other, to a tenth of what a flash is."""
    levels = [relative(each.css)[1] for each in COLOURS]
    assert max(levels) - min(levels) <= A_FLASH / 8
    assert [pytest.approx(each.luminance, abs=0.004) for each in COLOURS] == levels


def test_no_red_is_saturated() -> None:
    """Red is less than 0.8 of each colour's light."""
    for each in COLOURS:
        light, _ = relative(each.css)
        assert light[0] / sum(light) < 0.7
        assert pytest.approx(each.redness, abs=0.01) == light[0] / sum(light)


def test_red_and_blue_are_two_orders() -> None:
    """Each pair of high and low stands for one colour."""
    assert {(True, False), (False, True), (True, True), (False, False)} == {
        (each.light[0] > 0.5, each.light[2] > 0.5) for each in COLOURS
    }


def test_two_changes_a_second_at_most() -> None:
    """However often it is asked, no second has more than two, and no colour is followed by itself."""
    clock = np.random.default_rng(3)
    order, now, shown = Order(), 100.0, []
    while now < 160:
        shown.append((now, order.due(now)))
        now += clock.uniform(0.005, 0.3)
    changes = [at for (_, old), (at, new) in pairwise(shown) if new != old]
    assert min(b - a for a, b in pairwise(changes)) >= STEP_S
    assert max(sum(at <= each < at + 1 for each in changes) for at in changes) == 2


def test_each_colour_is_as_likely_as_the_others() -> None:
    """What comes next is one of the three others, each a third of the time."""
    order = Order()
    shown = [order.due(float(step)) for step in range(6001)]
    steps = [(new - old) % len(COLOURS) for old, new in pairwise(shown)]
    assert set(steps) == {1, 2, 3}
    assert all(1800 <= steps.count(each) <= 2200 for each in (1, 2, 3))  # 5.5 standard deviations


def test_nothing_is_drawn_before_it_is_due() -> None:
    """Who reads the program's memory finds no colour that is still to come."""
    drawn: list[int] = []
    order = Order(lambda n: drawn.append(n) or 0)
    for now in (0.0, 0.2, 0.5, 0.6, 0.9):
        order.due(now)
    assert [4, 3] == drawn
