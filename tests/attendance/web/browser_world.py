"""A real browser before the real service: what tests of pages open, and what every page must keep to.

`new_tab` opens a page that is signed in; whatever it does wrong by itself (a request to another host, an error on the
console, a breach of the content policy, a request that fails) fails the test at its end. `accessible` and `fits` look
at the page that is open. One browser serves all tests of a process; each tab has a profile of its own.
"""

import asyncio
import os
import re
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest

WIDTHS = (320, 390, 1440)
"""Of a small phone, a phone and a desk, in CSS pixels."""
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
"""The rules of axe that pages are held to: WCAG 2.2, levels A and AA."""
_ALWAYS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # nothing reaches another host, whatever a page asks
)
_ABORTED = "net::ERR_ABORTED"  # a page that is left ends what it was loading


@cache
def chromium() -> str | None:
    """Where the browser is, or None where there is none."""
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")


class Browsers:
    """The browsers of a test process, one for each set of arguments; started when first asked for."""

    def __init__(self) -> None:
        self._playwright: Any = None
        self._loop: Any = None
        self._open: dict[tuple[str, ...], Any] = {}

    def get(self, *arguments: str) -> Any:
        """The browser that was started with these arguments beside the usual ones."""
        if self._playwright is None:
            from playwright.sync_api import sync_playwright

            self._playwright = sync_playwright().start()
            self._loop = asyncio._get_running_loop()
        if arguments not in self._open:
            self._open[arguments] = self._playwright.chromium.launch(
                executable_path=chromium(), args=[*_ALWAYS, *arguments]
            )
        return self._open[arguments]

    def wake(self) -> None:
        """Before a test that uses them: Playwright's loop is this thread's."""
        if self._loop is not None:
            asyncio._set_running_loop(self._loop)

    def rest(self) -> None:
        """After it: other tests of this process may run loops of their own."""
        asyncio._set_running_loop(None)

    def close(self) -> None:
        """Close them all."""
        if self._playwright is None:
            return
        self.wake()
        for each in self._open.values():
            each.close()
        self._playwright.stop()
        self.rest()


@dataclass
class Served:
    """The service as it runs in a thread of this process, at ``url``."""

    site: Any
    made: Any
    url: str

    @property
    def app(self) -> Any:
        """The opened home."""
        return self.site.app


def serve(site: Any) -> Iterator[Served]:
    """Serve a site on a free port of this computer until the generator is closed."""
    import uvicorn

    from attendance.web.build import build

    with closing(socket.socket()) as listening:
        listening.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        site.public = url
        made = build(site)
        config = uvicorn.Config(made, log_level="error", access_log=False, timeout_graceful_shutdown=2)
        server = uvicorn.Server(config)
        running = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        running.start()
        until(lambda: server.started)
        try:
            yield Served(site, made, url)
        finally:
            site.closing.set()
            server.should_exit = True
            running.join(10)


def until(told: Callable[[], Any], *, seconds: float = 10) -> Any:
    """What ``told`` tells as soon as that is true of anything; fails the test where it never is."""
    last = time.monotonic() + seconds
    while not (found := told()):
        if time.monotonic() > last:
            pytest.fail(f"waited {seconds} s in vain")
        time.sleep(0.02)
    return found


def nothing_of(found: list[str], what: str) -> None:
    """Fail the test where anything was found."""
    if found:
        pytest.fail("\n  ".join([f"what {what}:", *found]))


@dataclass
class Tabs:
    """Opens tabs of one service, and knows what went wrong in them."""

    browsers: Browsers
    served: Served
    sign_in: Callable[..., dict[str, str]]
    wrong: list[str] = field(default_factory=list)
    contexts: list[Any] = field(default_factory=list)

    def open(
        self,
        role: str | None = "admin",
        groups: tuple[str, ...] = (),
        *,
        script: bool = True,
        theme: str = "light",
        width: int = 1440,
        height: int = 900,
        arguments: tuple[str, ...] = (),
        permissions: tuple[str, ...] = (),
        allow: tuple[str, ...] = (),
    ) -> Any:
        """A page of a new profile, signed in by ``role`` (None: nobody is).

        ``arguments`` are the browser's, such as those of a fake camera; ``permissions`` are granted to the page. What
        matches one of the patterns ``allow`` may go wrong: "status of 404".
        """
        context = self.browsers.get(*arguments).new_context(
            base_url=self.served.url,
            java_script_enabled=script,
            color_scheme=theme,
            viewport={"width": width, "height": height},
            permissions=list(permissions),
            reduced_motion="reduce",
            locale="en-GB",
        )
        context.set_default_timeout(8000)
        self.contexts.append(context)
        if role is not None:
            cookies = self.sign_in(role, groups)
            context.add_cookies([{"name": k, "value": v, "url": self.served.url} for k, v in cookies.items()])
        return self._watched(context.new_page(), allow)

    def _watched(self, page: Any, allow: tuple[str, ...]) -> Any:
        def note(text: str) -> None:
            if not any(re.search(each, text) for each in allow):
                self.wrong.append(f"{text} (on {page.url})")

        def asked(request: Any) -> None:
            if not request.url.startswith((self.served.url, "data:", "blob:", "about:")):
                note(f"asked another host: {request.url}")

        def failed(request: Any) -> None:
            if request.failure != _ABORTED:
                note(f"failed: {request.method} {request.url} {request.failure}")

        page.on("request", asked)
        page.on("requestfailed", failed)
        page.on("console", lambda said: note(f"console: {said.text}") if said.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: note(f"script: {error}"))
        return page

    def sound(self) -> None:
        """Fail the test where anything went wrong until now, once."""
        wrong, self.wrong = self.wrong, []
        nothing_of(wrong, "the page did by itself")

    def close(self) -> None:
        """Close what was opened; fails the test where anything went wrong."""
        for each in self.contexts:
            each.close()
        self.sound()


def violations(tab: Any, rules: tuple[str, ...] = ()) -> list[str]:
    """What axe finds wrong with the page that is open, by these rules or by all of WCAG 2.2 AA."""
    only = {"type": "rule", "values": list(rules)} if rules else {"type": "tag", "values": list(TAGS)}
    if not tab.evaluate("() => typeof axe === 'object'"):
        tab.evaluate(_axe())
    found = tab.evaluate(
        "options => axe.run(document, options).then(done => done.violations.flatMap("
        "each => each.nodes.map(node => `${each.id}: ${node.target.join(' ')}: ${node.failureSummary}`)))",
        {"runOnly": only, "resultTypes": ["violations"], "elementRef": False},
    )
    return [re.sub(r"\s+", " ", each) for each in found]


@cache
def _axe() -> str:
    from axe_playwright_python.base import AXE_SCRIPT

    return AXE_SCRIPT


STILL = """() => document.getAnimations().every(
  each => each.playState !== "running" || each.effect.getComputedTiming().endTime === Infinity)"""


def accessible(tab: Any) -> None:
    """The page that is open keeps to WCAG 2.2 AA as far as axe knows, in the light and in the dark.

    Only colours differ by theme, so that the dark one is asked for its contrast alone.
    """
    _dress(tab, "light")
    nothing_of(violations(tab), f"axe finds at {tab.url} in the light")
    _dress(tab, "dark")
    nothing_of(violations(tab, ("color-contrast",)), f"axe finds at {tab.url} in the dark")


def _dress(tab: Any, scheme: str) -> None:
    """Show the page in a theme, and wait until no colour is on its way to it any more."""
    tab.emulate_media(color_scheme=scheme)
    until(lambda: tab.evaluate(STILL))


def fits(tab: Any) -> None:
    """The page that is open needs no scrolling to the side, be the window 320, 390 or 1440 pixels wide."""
    size = tab.viewport_size
    try:
        nothing_of([each for width in WIDTHS if (each := _sticking_out(tab, width))], f"sticks out at {tab.url}")
    finally:
        tab.set_viewport_size(size)


def _sticking_out(tab: Any, width: int) -> str:
    tab.set_viewport_size({"width": width, "height": 900})
    found = tab.evaluate(
        """() => {
          const wide = document.documentElement.clientWidth;
          if (document.documentElement.scrollWidth <= wide) return [];
          const out = each => each.getBoundingClientRect().right > wide + 1 || each.scrollWidth > each.clientWidth + 1;
          return [...document.querySelectorAll("body *")].filter(each => each.clientWidth && out(each))
            .map(each => `${each.tagName}.${each.className}#${each.id}`).slice(-4).concat(["(page)"]);
        }"""
    )
    return f"at {width}: {', '.join(found)}" if found else ""


# Fixtures; the conftest of this folder takes them over by name


@pytest.fixture(scope="session")
def all_browsers() -> Iterator[Browsers]:
    """The browsers of this process; skips where there is none."""
    if chromium() is None:
        pytest.skip("no Chromium here (apt-get install chromium, or set CHROMIUM to its path)")
    found = Browsers()
    yield found
    found.close()


@pytest.fixture
def browsers(all_browsers) -> Iterator[Browsers]:
    """Browsers by what they are started with: ``browsers.get("--use-fake-device-for-media-stream")``."""
    all_browsers.wake()
    yield all_browsers
    all_browsers.rest()


@pytest.fixture
def browser(browsers) -> Any:
    """Chromium without a window."""
    return browsers.get()


@pytest.fixture
def served(site) -> Iterator[Served]:
    """The site of this test, really served on a free port."""
    yield from serve(site)


@pytest.fixture
def new_tab(browsers, served, cookies_of) -> Iterator[Callable[..., Any]]:
    """Open a page of the service: ``new_tab("teacher", ("7a",), script=False)``; see `Tabs.open`."""
    tabs = Tabs(browsers, served, cookies_of)
    try:
        yield tabs.open
    finally:
        tabs.close()


@pytest.fixture
def tab(new_tab) -> Any:
    """A page of the service, signed in as an admin."""
    return new_tab()
