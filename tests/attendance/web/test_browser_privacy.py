"""The officer's page and the button for cards in a browser: accessible, and fit for every screen."""

from browser_world import accessible, fits

from attendance.access import Actor

CLERK = Actor("clerk")


def test_the_page_fits_and_is_accessible(app, new_tab):
    """With receivers, a long name of the site and counts it stays within phone and desk, and axe finds nothing."""
    app.receivers.add(CLERK, "Human resources " * 8, "http://127.0.0.1:9/in", allow_private=True)
    for number in range(3):
        app.gallery.add_person(f"P{number}", groups=["7b"], at=app.clock.utc(), by="t")
    page = new_tab()
    page.goto("/settings/privacy")
    page.wait_for_selector("h1:text('Privacy')")
    accessible(page)
    fits(page)
    page.set_viewport_size({"width": 320, "height": 800})
    narrowest = page.evaluate(
        "Math.min(...[...document.querySelectorAll('main dd, main td:not(.number)')].map((each) => each.clientWidth))"
    )
    assert narrowest > 70


def test_cards_come_as_a_file(app, new_tab):
    """The button of the people's page hands out a PDF of the group that is shown."""
    app.gallery.add_person("Ada", groups=["7b"], at=app.clock.utc(), by="t")
    page = new_tab()
    page.goto("/people?group=7b")
    accessible(page)
    fits(page)
    with page.expect_download() as waiting:
        page.click("text=Print QR cards of 7b")
    assert "qr-cards-7b.pdf" == waiting.value.suggested_filename
    assert [("Ada", "qr")] == [(each.person.name, each.kind) for each in app.credentials.all()]
