"""The page of the API in a browser."""

from browser_world import accessible, fits


def test_operations_are_found_by_words(tab):
    """The search leaves those that hold all words, and a link to one opens it; open, it is accessible and fits."""
    tab.goto("/api/docs#add_mark")
    assert tab.locator("#add_mark").get_attribute("open") is not None
    tab.fill("#api-search", "marks:write void")

    assert ["void_mark"] == [each.get_attribute("id") for each in tab.locator(".operation:visible").all()]
    assert "1 of " in tab.inner_text("#api-found")
    tab.fill("#api-search", "")
    accessible(tab)
    fits(tab)


def test_the_page_tells_all_without_scripts(new_tab):
    """With JavaScript off there is no search, and everything else."""
    tab = new_tab(script=False)
    tab.goto("/api/docs")
    tab.locator("#add_mark summary").click()

    assert not tab.locator("#api-search").is_visible()
    assert "Idempotency-Key" in tab.inner_text("#add_mark")
