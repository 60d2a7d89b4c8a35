"""The page Similarity in a real browser: on a phone and a desk, with and without a script."""

import pytest
from browser_world import accessible, fits
from similarity_world import exported, picture

from attendance import Attendance


@pytest.fixture
def app(home, clock, pipeline, tmp_path):
    """A home with two models, of which the second takes three pictures."""
    models = [exported(tmp_path / "colours"), exported(tmp_path / "three", name="of-three", task="three")]
    flags = {"guard_people": 0, "similarity": ",".join(map(str, models))}
    with Attendance.open(home, clock=clock, pipeline=pipeline, flags=flags) as opened:
        yield opened


@pytest.fixture
def files(tmp_path):
    """Three pictures of which the first and the last are alike, and what is none."""
    found = {}
    for name, data in {"dark": picture(0), "light": picture(255), "dim": picture(30), "plan": b"%PDF-1.7\n"}.items():
        found[name] = tmp_path / f"{name}.png"
        found[name].write_bytes(data)
    return found


def choose(tab, *chosen):
    """Choose pictures and send them."""
    for place, file in zip(("First", "Second", "Third"), chosen, strict=False):
        tab.get_by_label(f"{place} picture").set_input_files(file)
    tab.get_by_role("button", name="Compare", exact=True).click()


def test_pictures_are_compared_on_a_phone_without_a_script(new_tab, files):
    """The menu leads there; a link changes the model, and the answer shows what was compared."""
    tab = new_tab("teacher", ("7a",), script=False, width=390)
    tab.goto("/people")
    tab.get_by_role("button", name="Menu").click()
    tab.get_by_role("link", name="Similarity").click()
    tab.get_by_role("link", name="of-three").click()
    choose(tab, files["dark"], files["light"], files["dim"])
    tab.get_by_role("heading", name="At least two of the three are of one class").wait_for()
    assert ["1 and 2", "1 and 3", "2 and 3"] == tab.locator("tbody th").all_inner_texts()
    assert ["different", "alike", "different"] == tab.locator("tbody .chip").all_inner_texts()


def test_every_state_of_the_page_is_accessible_and_fits(new_tab, files):
    """The form, the answer, whose pictures are really shown, and what is wrong."""
    tab = new_tab(allow=("status of 422",))
    tab.goto("/similarity")
    accessible(tab)
    fits(tab)
    choose(tab, files["dark"], files["light"], files["dim"])
    tab.get_by_role("heading", name="At least two of the three").wait_for()
    assert [16] * 3 == tab.locator(".compared img").evaluate_all("all => all.map(each => each.naturalWidth)")
    accessible(tab)
    fits(tab)
    choose(tab, files["dark"], files["plan"])
    tab.get_by_text("Second picture (plan.png) was not taken").wait_for()
    accessible(tab)
    fits(tab)
