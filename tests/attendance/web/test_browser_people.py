"""People in a real browser: added by upload and by a camera, and without a script."""

import dataclasses

import numpy as np
import pytest
from browser_world import accessible, fits, until

FAKE_CAMERA = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")


@pytest.fixture
def ada(app, draw):
    return app.people.find(app.enroll(draw("ada.png", (7,)), name="Ada Lovelace", groups=["7a"]).person.key)


def test_somebody_is_added_by_upload(app, new_tab, draw) -> None:
    """Name, group, photo, one button; their page shows the face."""
    tab = new_tab()
    tab.goto("/people")
    tab.get_by_role("link", name="Add somebody").click()
    tab.get_by_label("Name", exact=True).fill("Ada Lovelace")
    tab.get_by_label("A new group").fill("7a")
    tab.get_by_label("Photos").set_input_files(draw("ada.png", (7,)))
    tab.get_by_role("button", name="Add", exact=True).click()
    tab.get_by_role("heading", name="Ada Lovelace").wait_for()
    face = tab.locator(".portrait img.face")
    until(lambda: face.evaluate("each => each.complete && each.naturalWidth > 0"))
    assert ("7a",) == app.people.find("Ada Lovelace").groups


def test_somebody_is_added_by_the_camera(app, pipeline, new_tab) -> None:
    """The camera is opened, a photo taken, taken again, and sent with the form."""
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[0, 0] = 7, 100, 0
    plain = type(pipeline).enrol_face
    sizes = []

    def seen(photo, *, multi="portrait"):
        sizes.append(photo.pixels.shape)
        return plain(pipeline, dataclasses.replace(photo, pixels=pixels), multi=multi)

    pipeline.enrol_face = seen
    tab = new_tab(arguments=FAKE_CAMERA, permissions=("camera",))
    tab.goto("/people/add")
    tab.get_by_label("Name", exact=True).fill("Ada")
    tab.get_by_role("button", name="Use the camera").click()
    tab.get_by_role("button", name="Take the photo").click()
    tab.get_by_role("button", name="Take another one").click()
    tab.get_by_role("button", name="Take the photo").click()
    tab.get_by_text("It is sent with the form").wait_for()
    tab.get_by_role("button", name="Add", exact=True).click()
    tab.get_by_role("heading", name="Ada").wait_for()
    assert 1 == app.people.find("Ada").templates
    assert 1 == len(sizes)
    assert min(sizes[0][:2]) >= 240


def test_without_a_script_somebody_is_added_found_and_erased(app, new_tab, draw) -> None:
    """Forms and links are enough, the double's question among them."""
    tab = new_tab(script=False, allow=("status of 409",))
    for name, seed in (("Ada", 0), ("Bea", 1)):
        tab.goto("/people/add")
        tab.get_by_label("Name", exact=True).fill(name)
        tab.get_by_label("Photos").set_input_files(draw(f"{seed}.png", (7,), seed=seed))
        tab.get_by_role("button", name="Add", exact=True).click()
    tab.get_by_role("button", name="They are two people").click()
    tab.get_by_role("heading", name="Bea").wait_for()
    tab.goto("/people")
    tab.get_by_label("Name or id").fill("béa")
    tab.get_by_role("button", name="Search").click()
    tab.get_by_role("link", name="Bea").click()
    tab.get_by_role("link", name="Erase").click()
    tab.get_by_label("Type the name").fill("Bea")
    tab.get_by_role("button", name="Erase for good").click()
    tab.get_by_text("Bea is erased").wait_for()
    assert ["Ada"] == [each.name for each in app.people.all(gone_too=True)]


def test_reasons_are_seen_where_the_photo_was_chosen(new_tab, draw) -> None:
    """A photo that is no good comes back with what to do, and the name is still there."""
    tab = new_tab(allow=("status of 422",))
    tab.goto("/people/add")
    tab.get_by_label("Name", exact=True).fill("Ada")
    tab.get_by_label("Photos").set_input_files(draw("bad.png", (7, 100, 1)))
    tab.get_by_role("button", name="Add", exact=True).click()
    tab.get_by_text("Hold still").wait_for()
    assert "Ada" == tab.get_by_label("Name", exact=True).input_value()


def test_the_menu_of_a_phone_needs_no_script(new_tab) -> None:
    """At 320 pixels the links are behind a button, and are reached by it."""
    tab = new_tab(script=False, width=320, height=640)
    tab.goto("/people")
    assert not tab.get_by_role("link", name="Today").is_visible()
    tab.get_by_role("button", name="Menu").click()
    tab.get_by_role("link", name="Today").click()
    tab.wait_for_url("**/")


PAGES = ("/people", "/people/add", "/people/bulk", "/people/{}", "/people/{}/merge?q=b", "/people/{}/erase")


def test_pages_of_people_are_accessible_and_fit(app, draw, tab, ada) -> None:
    """Axe finds nothing, in the light and in the dark, and no page needs scrolling to the side."""
    app.enroll(draw("bob.png", (8,)), name="Bob " + "Byron" * 30, groups=["7b"])
    app.by_hand.enter(app.actor, ada.id)
    for path in PAGES:
        tab.goto(path.format(ada.id))
        accessible(tab)
        fits(tab)
