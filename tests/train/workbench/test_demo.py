"""The demo page: in Streamlit's own harness, and in a real browser where Chromium is installed."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")
pytest.importorskip("matplotlib")
pytest.importorskip("streamlit", reason="the extra `demo` (streamlit) is not installed")

from PIL import Image

from train.errors import DataMissing, DemoMissing
from train.recipe import load_recipe
from train.workbench import demo
from train.workbench import report as runreport
from train.workbench.run import fit_workbench

RECIPE = """
name = "demo-run"
task = "pairs"
device = "cpu"
[data]
kind = "folder"
side = 28
grey = true
dev = 0.25
test = 0.25
[model]
kind = "siamese"
dim = 4
relu = true
widths = [4, 8, 8, 8]
[evaluate]
distance = "euclidean"
points = 40
[[stage]]
name = "contrastive"
steps = 30
lr = 0.01
samples = [{ kind = "pairs", count = 200, size = 16 }]
losses = [{ kind = "contrastive", margin = 2.0 }]
"""
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--window-size=1200,1700",
)  # fmt: skip


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Four generated classes with ten pictures each."""
    folder = tmp_path_factory.mktemp("pictures")
    random = np.random.default_rng(9)
    for name in ("bars", "dots", "rings", "waves"):
        pattern = random.integers(0, 256, (7, 7)).repeat(4, 0).repeat(4, 1)
        (folder / name).mkdir()
        for i in range(10):
            noisy = np.clip(pattern + random.normal(0, 30, pattern.shape), 0, 255).astype(np.uint8)
            Image.fromarray(noisy).save(folder / name / f"{i}.png")
    return folder


@pytest.fixture(scope="module")
def run(pictures, tmp_path_factory):
    """A small finished run."""
    folder = tmp_path_factory.mktemp("demo") / "run"
    folder.mkdir()
    (folder / "recipe.toml").write_text(RECIPE, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runreport, "_figures", lambda *_: {})
        fit_workbench(load_recipe(folder / "recipe.toml"), folder, pictures)
    return folder


def test_a_folder_without_a_run_is_refused(tmp_path):
    """The page is not served for a folder that holds no finished run."""
    with pytest.raises(DataMissing, match="no finished run"):
        demo.serve(tmp_path, None, 8501, browser=False)


def test_without_streamlit_one_line_says_what_to_install(run, monkeypatch):
    """Where the extra is missing, the error's help names it."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(DemoMissing) as error:
        demo.serve(run, None, 8501, browser=False)
    assert "attendance[train,demo]" in error.value.help


def test_the_page_is_served_to_this_machine_alone(run):
    """The command binds to the loopback address and sends no statistics."""
    command = demo.command(run, None, 9000, browser=False)
    assert "--server.address=127.0.0.1" in command
    assert "--browser.gatherUsageStats=false" in command


@pytest.fixture
def served(run, pictures):
    """The page on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    root = str(Path(demo.__file__).resolve().parents[2])
    server = subprocess.Popen(
        demo.command(run, pictures, port, browser=False),
        env={**os.environ, "PYTHONPATH": root},
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    try:
        _wait_for(f"http://127.0.0.1:{port}/_stcore/health")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.kill()  # it keeps nothing
        server.wait()


@pytest.fixture
def browser(tmp_path):
    """Chromium, headless, with an empty profile."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    binary, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if binary is None or driver is None:
        pytest.skip("chromium and chromedriver are not installed")
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for flag in (*FLAGS, f"--user-data-dir={tmp_path / 'profile'}"):
        options.add_argument(flag)
    chrome = webdriver.Chrome(options, webdriver.ChromeService(driver))
    yield chrome
    chrome.quit()


def test_in_a_real_browser(served, browser, pictures):
    """Two uploaded pictures get a distance and a decision, a third turns the question; a folder gives neighbours."""
    browser.get(served)
    _until(browser, lambda: len(_uploads(browser)) == 3)
    for number, name in enumerate(("bars/0.png", "bars/1.png")):
        _uploads(browser)[number].send_keys(str(pictures / name))
        time.sleep(1)
    _until(browser, lambda: "Same class" in _text(browser) or "Different classes" in _text(browser))
    assert "Distance 1 to 2" in _text(browser)
    _uploads(browser)[2].send_keys(str(pictures / "dots" / "0.png"))
    _until(browser, lambda: "Distance 2 to 3" in _text(browser))
    assert "At least two are of one class" in _text(browser)
    _until(browser, lambda: "bars/0 (asked)" in _text(browser))
    assert re.search(r"At least two are of one class: \d and \d are closest", _text(browser))
    assert re.search(r"right for \d+\.\d% of 40 balanced test pairs, where chance is 50%", _text(browser))
    _until(browser, lambda: 12 == len(re.findall(r"\d\.\d{3} · (?:alike|different)", _text(browser))))
    shown = [line for line in _text(browser).splitlines() if re.fullmatch(r"[a-z]+/\d", line)]
    assert sum(line.startswith("bars/") for line in shown[:6]) >= 4
    if "ATTENDANCE_SCREENSHOTS" in os.environ:
        browser.save_screenshot(str(Path(os.environ["ATTENDANCE_SCREENSHOTS"]) / "demo.png"))


def test_a_file_that_is_no_picture_is_named(served, browser, tmp_path):
    """A text with a picture's name is refused on the page by name; the page stays usable."""
    (tmp_path / "fake.png").write_text("no picture", encoding="utf-8")
    browser.get(served)
    _until(browser, lambda: len(_uploads(browser)) == 3)
    _uploads(browser)[0].send_keys(str(tmp_path / "fake.png"))
    _until(browser, lambda: "fake.png: not a picture" in _text(browser))
    assert "Give at least two pictures." in _text(browser)


def _uploads(browser):
    return browser.find_elements("css selector", "input[type=file]")


def _text(browser):
    return browser.find_element("tag name", "body").text


def _until(browser, condition, seconds=300):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            pytest.fail(f"not within {seconds} s; the page says: {_text(browser)[:600]}")
        time.sleep(0.3)


def _wait_for(url, seconds=300):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own address
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.3)
    pytest.fail(f"{url} did not answer within {seconds} s ({sys.executable})")
