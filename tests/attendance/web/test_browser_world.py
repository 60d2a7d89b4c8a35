"""The browser of the tests: what it opens, and that it notices what a page does wrong."""

import pytest
from browser_world import accessible, fits, violations


@pytest.fixture
def rough(browsers, served, cookies_of):
    """Tabs whose faults are looked at instead of failing the test."""
    from browser_world import Tabs

    tabs = Tabs(browsers, served, cookies_of)
    yield tabs
    tabs.wrong.clear()
    tabs.close()


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("fetch('http://example.org/').catch(() => 0)", "violates the following Content Security Policy"),
        ("location = 'http://example.org/'", "asked another host: http://example.org/"),
        ("console.error('ouch')", "console: ouch"),
        ("setTimeout(() => { throw new Error('broken') }, 0)", "script: broken"),
        ("document.body.insertAdjacentHTML('beforeend', '<p>text</p>')", "TrustedHTML"),
        ("fetch('/nothing-here')", "status of 404"),
    ],
)
def test_what_a_page_does_wrong_is_noticed(rough, script, told):
    """A request elsewhere, an error, a breach of the content policy and a failed request each leave a note."""
    page = rough.open()
    page.goto("/nothing-here")
    rough.wrong.clear()
    page.evaluate(f"() => {{ try {{ {script} }} catch {{}} }}")
    page.wait_for_timeout(150)
    assert any(told in each for each in rough.wrong), rough.wrong


def test_axe_finds_what_is_not_accessible(rough):
    """A picture without words and grey on grey are found."""
    page = rough.open()
    page.goto("/nothing-here")
    page.evaluate("() => document.body.append(document.createElement('img'))")
    assert any(each.startswith("image-alt") for each in violations(page))


def test_what_sticks_out_is_found(rough):
    """A page that needs scrolling to the side does not fit."""
    page = rough.open()
    page.goto("/nothing-here")
    page.evaluate("() => { document.querySelector('h1').style.width = '2000px' }")
    with pytest.raises(pytest.fail.Exception, match="at 320"):
        fits(page)


def test_an_error_page_is_accessible_and_fits(new_tab):
    """What is said of an address where nothing is can be read by everybody, on every screen."""
    page = new_tab(allow=("status of 404",))
    page.goto("/nothing-here")
    accessible(page)
    fits(page)


def test_scripts_can_be_switched_off(new_tab):
    """Without scripts a page opens all the same."""
    page = new_tab("teacher", script=False, allow=("status of 404",))
    page.goto("/nothing-here")
    assert "There is no such page" == page.locator("h1").inner_text()


def test_other_tests_may_run_loops_of_their_own_in_between(tab, browsers):
    """A browser that is open does not hold this thread's event loop for ever."""
    import asyncio

    browsers.rest()
    asyncio.run(asyncio.sleep(0))
    browsers.wake()
    assert "about:blank" == tab.url
