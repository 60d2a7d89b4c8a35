"""Setup, signing in and another password in a browser, also with scripts switched off."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from browser_world import accessible, fits

from attendance.access import Actor

PASSWORD, OTHER = "correct horse battery", "another horse battery"


def fill(tab, **fields: str) -> None:
    for name, text in fields.items():
        tab.fill(f"[name={name}]", text)


@pytest.mark.parametrize("script", [True, False])
def test_from_the_setup_link_to_a_sign_in(served, new_tab, script):
    """The first account is made, signed out and signed in again."""
    secret = served.app.tokens.begin_setup(Actor("tests"))
    tab = new_tab(None, script=script)
    tab.goto(f"/setup?token={secret}")
    fill(tab, name="Ada Lovelace", password=PASSWORD, again=PASSWORD)
    tab.check("[name=kind][value=trial]")
    tab.click('button:has-text("Make the account")')
    assert f"{served.url}/" == tab.url
    tab.goto("/account")
    tab.click('button:has-text("Sign out everywhere")')
    assert f"{served.url}/sign-in" == tab.url
    tab.goto("/account")
    assert f"{served.url}/sign-in?to=/account" == tab.url
    fill(tab, name="ada lovelace", password=PASSWORD)
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/account")


def test_the_pages_of_accounts_are_accessible_and_fit(served, new_tab):
    """In both themes, on a phone and a desk, with what is wrong told at its field."""
    secret = served.app.tokens.begin_setup(Actor("tests"))
    tab = new_tab(None, allow=("status of 4",))
    tab.goto(f"/setup?token={secret}")
    fill(tab, name="Ada", password="short", again="short")  # noqa: S106
    tab.check("[name=kind][value=school]")
    tab.click('button:has-text("Make the account")')
    assert tab.get_attribute("[name=password]", "aria-invalid") == "true"
    accessible(tab)
    fits(tab)
    fill(tab, password=PASSWORD, again=PASSWORD)
    tab.click('button:has-text("Make the account")')
    tab.goto("/account")
    fill(tab, present="wrong wrong wrong", password=OTHER, again=OTHER)
    tab.click('button:has-text("Change the password")')
    assert tab.get_attribute("[name=present]", "aria-invalid") == "true"
    accessible(tab)
    fits(tab)
    tab.click('button:has-text("Sign out everywhere")')
    fill(tab, name="Ada", password="wrong wrong wrong")  # noqa: S106
    tab.keyboard.press("Enter")
    tab.wait_for_selector("[role=alert]")
    accessible(tab)
    fits(tab)


@pytest.fixture
def elsewhere():
    """Another site of this computer, to whose pages browsers send our cookies along."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><link rel='icon' href='data:,'><title>Elsewhere</title>")

        def log_message(self, *_told) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def test_another_sites_page_can_do_nothing_for_whoever_is_signed_in(served, new_tab, elsewhere):
    """Neither by a script nor by a form, not even with the token of the page's forms, which it cannot read."""
    tab = new_tab(allow=(elsewhere, "status of 403", "ERR_BLOCKED_BY_RESPONSE", "failed: POST"))
    tab.goto("/account")
    token = tab.get_attribute("[name=form_token] >> nth=0", "value")
    tab.goto(elsewhere)
    statuses = []
    tab.on("response", lambda answer: statuses.append(answer.status) if answer.request.method == "POST" else None)
    tab.evaluate(
        """([url, token]) => fetch(`${url}/account/sign-out`, {
          method: "POST", mode: "no-cors", credentials: "include", body: new URLSearchParams({form_token: token}),
        }).catch(() => 0)""",
        [served.url, token],
    )
    with tab.expect_navigation():
        tab.evaluate(
            """([url, token]) => {
              const form = document.createElement("form");
              Object.assign(form, {method: "post", action: `${url}/account/sign-out`});
              const field = Object.assign(document.createElement("input"), {name: "form_token", value: token});
              form.append(field);
              document.body.append(form);
              form.submit();
            }""",
            [served.url, token],
        )
    assert 403 == statuses[-1]
    tab.goto("/account")
    assert f"{served.url}/account" == tab.url
