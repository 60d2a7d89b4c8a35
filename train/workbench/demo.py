"""`attendance train demo RUN`: starts Streamlit on the page of `train.workbench.page`, on this machine alone."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

from train.errors import DataMissing, DemoMissing
from train.recipe import finished_weights

PAGE = Path(__file__).with_name("page.py")


def serve(run: Path, pictures: Path | None, port: int, *, browser: bool) -> int:
    """Serve the page until interrupted; returns Streamlit's exit code.

    Raises DemoMissing without Streamlit, DataMissing where `run` is no finished run or `pictures` no folder.
    """
    finished_weights(run)
    if pictures is not None and not pictures.is_dir():
        raise DataMissing(str(pictures), "no such folder of pictures")
    if importlib.util.find_spec("streamlit") is None:
        raise DemoMissing("demo", "streamlit is not installed")
    arguments = command(run, pictures, port, browser=browser)
    return subprocess.call(arguments, env=_environment())  # noqa: S603 - our own arguments


def command(run: Path, pictures: Path | None, port: int, *, browser: bool) -> list[str]:
    """The command that serves the page: bound to this machine, no usage statistics, no file watching."""
    flags = {
        "server.address": "127.0.0.1",
        "server.port": str(port),
        "server.headless": str(not browser).lower(),
        "server.fileWatcherType": "none",
        "server.maxUploadSize": "50",
        "client.toolbarMode": "viewer",
        "browser.gatherUsageStats": "false",
    }
    options = [f"--{name}={value}" for name, value in flags.items()]
    chosen = [str(pictures.resolve())] if pictures else []
    return [sys.executable, "-m", "streamlit", "run", str(PAGE), *options, "--", str(run.resolve()), *chosen]


def _environment() -> dict[str, str]:
    """The page imports `train` from where this process has it."""
    root = str(Path(__file__).resolve().parents[2])
    return {**os.environ, "PYTHONPATH": os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])}
