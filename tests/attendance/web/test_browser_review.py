"""Reviews in a browser: by keyboard alone, many at once, taken back, by two people, and with scripts switched off."""

import pytest
from browser_world import accessible, fits, until

from attendance.access import Actor
from gallery import history

UNSURE = 25  # percent: above the review threshold of three people, below the one of a mark


@pytest.fixture
def people(app, draw):
    """Ada of 7a, Bob of 7b and Cid of neither are enrolled."""
    for number, (name, group) in enumerate((("Ada", ["7a"]), ("Bob", ["7b"]), ("Cid", [])), 1):
        app.enroll(draw(f"{name}.png", (number,), seed=number), name=name, external_id=f"E-{number}", groups=group)
    return app


@pytest.fixture
def unsure(people, draw):
    """Faces that may be these people, each in a picture of its own: ``unsure(1, 2)``; their numbers."""

    def look(*faces: int) -> list[int]:
        pictures = [draw(f"door{face}.png", (face, UNSURE), seed=60 + face) for face in set(faces)]
        by_face = dict(zip(set(faces), pictures, strict=True))
        seen = [decision for face in faces for decision in people.check(by_face[face])]
        return [each.sighting for each in seen]

    return look


def waiting(app) -> list[int]:
    return [each.sighting.id for each in app.reviews.waiting()]


def said(app, number: int) -> list[tuple[str, str]]:
    with app.store.reading() as view:
        told = [(e.action, e.by) for e in history(view, subject=number) if e.action.startswith("sighting.")]
    return [(action.removeprefix("sighting."), by) for action, by in told]


@pytest.mark.slow
def test_a_hundred_reviews_by_keyboard_alone(people, unsure, tab):
    """Right, a stranger and somebody else, a hundred times without the mouse: every one is told with who said so."""
    numbers = unsure(*[1 + each % 3 for each in range(100)])
    tab.goto("/review")
    tab.keyboard.press("j")
    for place, number in enumerate(numbers):
        tab.wait_for_selector(f"#review-{number}:focus")
        if place % 10 == 9:
            tab.keyboard.press("s")
            tab.keyboard.type("Cid")
            tab.wait_for_selector("#who-found button:only-child, #who-found li:only-child button")
            tab.keyboard.press("Enter")
        else:
            tab.keyboard.press("x" if place % 3 == 2 else "Enter")
        if place < 99:
            tab.wait_for_selector(f"#review-{numbers[place + 1]}:focus")
    tab.wait_for_selector("text=Nothing waits")
    assert [] == waiting(people)
    third = ["dismiss" if each % 3 == 2 else "confirm" for each in range(100)]
    wanted = [third[each] if each % 10 != 9 else "confirm" if each % 3 == 2 else "reassign" for each in range(100)]
    assert [[(kind, "admin")] for kind in wanted] == [said(people, each) for each in numbers]


def test_many_at_once(people, unsure, tab):
    """All are ticked by one key each, settled by one button, and each is an event of its own."""
    first, second, third = unsure(1, 2, 3)
    tab.goto("/review")
    for _ in range(2):
        tab.keyboard.press("j")
        tab.keyboard.press(" ")
    assert "2 ticked:" == tab.locator("#ticked").inner_text()
    tab.get_by_role("button", name="All right").click()
    tab.wait_for_selector("text=2 reviews settled.")
    assert [third] == waiting(people)
    assert [[("confirm", "admin")]] * 2 == [said(people, each) for each in (first, second)]


def test_what_was_said_is_taken_back_by_key(people, unsure, tab):
    """U brings the last one back, again and again, also when the page was loaded anew."""
    first, second, third = unsure(1, 2, 3)
    tab.goto("/review")
    tab.keyboard.press("j")
    tab.keyboard.press("Enter")
    tab.wait_for_selector(f"#review-{second}:focus")
    tab.keyboard.press("x")
    tab.wait_for_selector(f"#review-{third}:focus")
    tab.keyboard.press("u")
    tab.wait_for_selector(f"#review-{second}:focus")
    assert [second, third] == waiting(people)
    tab.reload()
    tab.keyboard.press("u")
    tab.wait_for_selector(f"#review-{first}")
    assert [first, second, third] == waiting(people)
    assert [("confirm", "admin"), ("reopen", "admin")] == said(people, first)


def test_the_second_reviewer_hears_who_was_first(people, unsure, new_tab):
    """Both have the page open; the later word changes nothing, and is answered by the earlier one."""
    (number,) = unsure(1)
    early, late = new_tab("admin"), new_tab("teacher", ("7a",), allow=("status of 409",))
    for each in (early, late):
        each.goto("/review")
        each.keyboard.press("j")
    early.keyboard.press("Enter")
    early.wait_for_selector("text=Ada is marked")
    late.keyboard.press("x")
    told = late.get_by_role("alert").inner_text()
    assert "admin has looked at it" in told
    assert [("confirm", "admin")] == said(people, number)


def test_void_by_key(people, unsure, tab):
    """V voids the mark that the person named has in the session, where there is one, and does nothing elsewhere."""
    (sure,) = people.check(people.home.parent / "photos" / "Ada.png")
    of_ada, of_bob = unsure(1, 2)
    tab.goto("/review")
    tab.keyboard.press("j")
    tab.keyboard.press("v")
    tab.wait_for_selector("text=Ada's mark of 07:58 is void")
    tab.keyboard.press("v")
    assert [of_bob] == waiting(people)
    assert [("dismiss", "admin")] == said(people, of_ada)
    assert [sure.mark] == [each.id for each in people.marks.of_session(1) if each.is_void]


def test_keys_can_be_switched_off_and_typing_is_no_command(people, unsure, tab):
    """Single letters act only while they are switched on, and never within a field; the page remembers it."""
    numbers = unsure(1, 2)
    tab.goto("/review")
    tab.keyboard.press("?")
    tab.get_by_label("These keys act on this page").uncheck()
    tab.reload()
    for key in ("j", "x", "Enter", "u"):
        tab.keyboard.press(key)
    tab.keyboard.press("?")
    assert not tab.locator("#keys").evaluate("each => each.open")
    assert numbers == waiting(people)


def test_tab_leaves_every_part(unsure, tab):
    """Nothing traps the keyboard: by Tab alone it goes through the reviews and out again."""
    unsure(1, 2)
    tab.goto("/review")
    tab.keyboard.press("j")
    seen = []
    for _ in range(40):
        tab.keyboard.press("Tab")
        seen.append(
            tab.evaluate("document.activeElement.closest('.review')?.dataset.number ?? document.activeElement.tagName")
        )
    assert {"1", "2", "BODY"} <= set(seen)


def test_somebody_else_is_found_and_the_dialog_can_be_left(people, unsure, tab):
    """Esc leaves the search as it was, arrows go through what was found, and the focus comes back."""
    (number,) = unsure(1)
    tab.goto("/review")
    tab.keyboard.press("j")
    tab.keyboard.press("s")
    tab.wait_for_selector("#who-found button >> nth=2")
    accessible(tab)
    tab.keyboard.press("Escape")
    tab.wait_for_selector(f"#review-{number}:focus")
    assert [number] == waiting(people)
    tab.keyboard.press("s")
    tab.wait_for_selector("#who-found button >> nth=2")
    tab.keyboard.press("ArrowDown")
    tab.keyboard.press("ArrowDown")
    tab.keyboard.press("Enter")
    tab.wait_for_selector("text=Bob is marked")
    assert [("reassign", "admin")] == said(people, number)


def test_reviews_without_scripts(people, unsure, new_tab):
    """With scripts switched off each of the words is a form: right, somebody else, many, and taking back."""
    first, second, third, fourth = unsure(1, 2, 3, 1)
    page = new_tab(script=False)
    page.goto("/review")
    page.locator(f"#review-{first}").get_by_role("button", name="Right").click()
    assert "Ada is marked at 07:58." == page.get_by_role("status").first.inner_text()
    page.locator(f"#review-{second}").get_by_role("link", name="Somebody else").click()
    page.get_by_label("Name or id").fill("cid")
    page.get_by_role("button", name="Search").click()
    page.get_by_label("Cid").check()
    page.get_by_role("button", name="It is this person").click()
    for each in (third, fourth):
        page.locator(f"#tick-{each}").check()
    page.get_by_role("button", name="All strangers").click()
    assert [] == waiting(people)
    page.get_by_role("link", name="Settled").click()
    page.get_by_role("button", name=f"Take back review {first}").click()
    assert [first] == waiting(people)
    kinds = [["confirm", "reopen"], ["reassign"], ["dismiss"], ["dismiss"]]
    assert kinds == [[kind for kind, _ in said(people, each)] for each in (first, second, third, fourth)]


def test_a_teacher_has_their_own_reviews_alone(unsure, new_tab):
    """A teacher of 7a sees Ada's review and nothing of Bob's, in the list and by address."""
    of_ada, of_bob = unsure(1, 2)
    page = new_tab("teacher", ("7a",), allow=("status of 404",))
    page.goto("/review")
    assert [str(of_ada)] == page.locator("[data-number]").evaluate_all("all => all.map(each => each.dataset.number)")
    for path in (f"/review/{of_bob}", f"/review/{of_bob}/face", f"/review/{of_bob}/who", f"/why/{of_bob}"):
        assert 404 == page.goto(path).status
    page.goto("/review")
    page.keyboard.press("s")
    page.wait_for_selector("#who-found button")
    assert ["Ada"] == page.locator("#who-found .name").all_inner_texts()


def test_pages_of_reviews_are_accessible_and_fit(people, unsure, tab):
    """Waiting, settled, one, who and why: no violation in either theme, and no scrolling to the side."""
    _, second = unsure(1, 2)
    people.reviews.dismiss(Actor("Grace"), second, keep=True)
    for path in ("/review", "/review/settled", "/review/1", "/review/2", "/review/1/who", "/why/1", "/why/2"):
        tab.goto(path)
        accessible(tab)
        fits(tab)


def test_why_can_be_printed(unsure, tab):
    """On paper it is black on white without navigation, and says how it was decided."""
    unsure(1)
    tab.goto("/why/1")
    tab.emulate_media(media="print")
    assert not tab.locator(".bar").is_visible()
    assert tab.get_by_text("give the same decision").is_visible()
    until(lambda: len(tab.pdf()) > 5000)
