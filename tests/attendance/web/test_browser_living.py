"""Whether a living face was there, in a browser: the pages that tell it are accessible, fit, and can be printed."""

import pytest
from browser_world import accessible, fits
from living_world import LIVE, PLANE, STILL, TURNED, UNTURNED, Door


@pytest.fixture
def door(app, pipeline, draw) -> Door:
    """A mark with a note, two reviews, and a mark after turns of the head; sightings 1 to 4."""
    for number, name in enumerate(("Ada", "Bob", "Cid", "Dan"), 1):
        app.enroll(draw(f"{number}.png", (number,), seed=number), name=name, external_id=f"P-{number}")
    found = Door(app, pipeline, draw)
    found.see(1)
    found.see(2, {"planar": PLANE, "surround": STILL}, distrust=("virtual_camera",))
    found.see(3, {"planar": STILL, "turns": UNTURNED}, asked=True, challenge="turns", wanted="require")
    found.see(4, {"planar": LIVE, "turns": TURNED}, asked=True, challenge="turns")
    return found


PAGES = ("/why/1", "/why/2", "/why/3", "/why/4", "/review", "/review/2", "/marks/{}", "/settings/set/liveness")


def test_pages_are_accessible_and_fit(door, tab):
    """No violation in either theme, with all that was measured unfolded, and no scrolling to the side."""
    for path in PAGES:
        tab.goto(path.format(door.seen[0].mark))
        for each in tab.locator("details:not([open]) > summary").all():
            each.click()
        accessible(tab)
        fits(tab)


@pytest.mark.usefixtures("door")
def test_on_paper_all_that_was_measured_is_there(tab):
    """What is folded on the screen is printed, as evidence is."""
    tab.goto("/why/2")
    measured = tab.get_by_text("What a curved face's turn adds")
    assert not measured.is_visible()
    tab.emulate_media(media="print")
    assert measured.is_visible()
    assert tab.get_by_text("It moved as a flat picture does").is_visible()
