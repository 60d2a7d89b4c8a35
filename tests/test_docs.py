"""The pages under docs/ tell what the code does: rendered tables are current, links lead somewhere."""

import ast
import importlib.util
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer

import attendance.errors
import enroll.errors
import gallery.errors
from attendance import privacy_errors, service_errors
from attendance.judge import decision, voting

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.glob("*.md"), *(ROOT / "train").glob("*.md")])


def load_renderer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_render", DOCS / "render.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", ["errors.md", "settings.md", "commands.md", "rights.md"])
def test_rendered_pages_are_current(page: str) -> None:
    """Every error id, setting, command and right is documented as the code has it: docs/render.py renews them."""
    assert load_renderer().PAGES[page]() == (DOCS / page).read_text(encoding="utf-8")


def test_an_id_means_one_thing() -> None:
    """Each error id stands once in the tables of docs/errors.md and once in its drawings, training's, too."""
    page = load_renderer().errors()
    ids = re.findall(r"^\| `(\w+\.\w+)` \|", page, re.MULTILINE)
    assert len(ids) > 100
    assert sorted(set(ids)) == sorted(ids) == sorted(re.findall(r"^\W*[A-Z]\w+ +(\w+\.\w+)$", page, re.MULTILINE))


def test_training_errors_need_no_training_libraries() -> None:
    """The list of training's errors is read without PyTorch, so that the page renders without the extra."""
    code = "import sys, train.errors; print(sorted({'torch', 'numpy', 'timm'} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "[]" == run.stdout.strip()


def test_every_reason_is_documented() -> None:
    """Each reason code that a decision may carry stands in docs/errors.md."""
    constants = {
        value
        for module in (decision, voting)
        for name, value in vars(module).items()
        if name.isupper() and isinstance(value, str) and re.fullmatch(r"[a-z]+(_[a-z]+)+", value)
    }
    quality = re.findall(
        r'^ {8}"([a-z_]+)": ', (ROOT / "enroll" / "screens" / "quality.py").read_text(encoding="utf-8"), re.MULTILINE
    )
    documented = set(re.findall(r"`([a-z_]+)`", (DOCS / "errors.md").read_text(encoding="utf-8")))
    assert {"close_call", "few_frames", "mark_voided", "blurred"} <= constants | set(quality)
    assert set() == (constants | set(quality)) - documented


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """A relative link or picture of a page names a file of the repository."""
    targets = re.findall(r"\]\((?!https?://|#|mailto:)([^)#\s]+)", page.read_text(encoding="utf-8"))
    assert [] == [target for target in targets if not (page.parent / target).exists()]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_line_is_longer_than_a_screen(page: Path) -> None:
    """Prose is broken within 150 characters; only tables and what is to be copied may be wider."""
    lines = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL).splitlines()
    assert [] == [line for line in lines if len(line) > 150 and not line.startswith("|")]


def told_commands(text: str) -> list[str]:
    """The command lines of a page: code spans and lines of code that begin with the program's name."""
    blocks = re.findall(r"^```[^\n]*\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    lines += re.findall(r"^    (attendance .*)$", text, re.MULTILINE)
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    spans = [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", prose)]
    return [each.split("  #")[0].strip() for each in (*spans, *lines) if each.startswith("attendance ")]


def amiss(words: list[str], command: Any) -> str | None:
    """What the parser would not know of a command line, None where it knows all: its commands and its flags."""
    path = []
    while words and getattr(command, "commands", None) and not words[0].startswith("-"):
        path.append(words.pop(0))
        if path[-1] not in command.commands:
            return f"no command {' '.join(path)}"
        command = command.commands[path[-1]]
    known = {"--help", "--debug", "--install-completion"}
    known |= {each for option in command.params for each in (*option.opts, *option.secondary_opts)}
    unknown = [word.split("=")[0] for word in words if word.startswith("-") and word.split("=")[0] not in known]
    return f"no flag {unknown[0]} of {' '.join(path)}" if unknown else None


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_that_pages_tell_are_there(page: Path) -> None:
    """Each command line that a page shows is one of the program's, with flags that its --help lists."""
    from attendance.cli.root import parser
    from train.cli import app as training

    commands = {"": parser(), "train": typer.main.get_command(training)}
    found = {}
    for told in told_commands(page.read_text(encoding="utf-8")):
        words = shlex.split(told.replace("…", ""))[1:]
        if words[0] == "COMMAND":
            continue
        kind = "train" if words[0] == "train" else ""
        found[told] = amiss(words[1:] if kind else words, commands[kind])
    assert {} == {told: why for told, why in found.items() if why is not None}


HELPS = {
    each: text
    for tree in (attendance.errors, privacy_errors, service_errors, enroll.errors, gallery.errors)
    for each, text in tree.HELP.items()
}


def too_many(words: list[str], command: Any) -> str | None:
    """The first word of a command line for which the command has no place, None where each has one."""
    while words and getattr(command, "commands", None):
        command = command.commands[words.pop(0)]
    takes_none = {each for option in command.params if getattr(option, "is_flag", False) for each in option.opts}
    places = sum(99 if each.nargs == -1 else 1 for each in command.params if each.param_type_name == "argument")
    while words:
        word = words.pop(0)
        if word.startswith("-"):
            del words[: "=" not in word and word not in takes_none]
        elif not places:
            return f"no place for {word}"
        else:
            places -= 1
    return None


@pytest.mark.parametrize("id_", [id_ for id_, text in HELPS.items() if "attendance " in text])
def test_commands_that_errors_tell_are_there(id_: str) -> None:
    """What an error says to do can be typed: the command is there, and takes the flags and words it is told with."""
    from attendance.cli.root import parser

    told = [each for each in re.findall(r"['`]attendance ([^'`]+)['`]", HELPS[id_]) if not each.startswith("train")]
    command = parser()
    found = {each: amiss(each.split(), command) or too_many(each.split(), command) for each in told}

    assert {} == {each: why for each, why in found.items() if why is not None}


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ("privacy scan --person NAME", None),
        ("privacy scan FILE", "no place for FILE"),
        ("gallery remove --yes P", None),
        ("gallery remove --yes P Q", "no place for Q"),
        ("consent form FILE PERSON PERSON", None),
    ],
)
def test_a_word_too_many_is_found(told: str, why: str | None) -> None:
    """What a command has no place for is named, so that the test of the errors can fail."""
    from attendance.cli.root import parser

    assert why == too_many(told.split(), parser())


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ("gallery export FILE --person P", None),
        ("gallery vanish P", "no command gallery vanish"),
        ("gallery export FILE --nobody P", "no flag --nobody of gallery export"),
    ],
)
def test_a_command_that_is_not_there_is_found(told: str, why: str | None) -> None:
    """What the program does not know is named, so that the test of the pages can fail."""
    from attendance.cli.root import parser

    assert why == amiss(told.split(), parser())


def test_every_variable_is_documented() -> None:
    """Each ATTENDANCE_ variable that the code reads is a setting's or is named with its meaning in docs/settings.md."""
    read = {
        name
        for package in ("attendance", "enroll", "gallery", "refusal", "train")
        for path in (ROOT / package).rglob("*.py")
        for name in re.findall(r'"(ATTENDANCE_[A-Z_]*[A-Z])"', path.read_text(encoding="utf-8"))
    }
    documented = set(re.findall(r"`(ATTENDANCE_[A-Z_]+)`", (DOCS / "settings.md").read_text(encoding="utf-8")))
    assert {"ATTENDANCE_PASSPHRASE", "ATTENDANCE_TRAIN_CACHE"} <= read
    assert set() == read - documented


def test_pages_render_without_undeclared_libraries() -> None:
    """docs/render.py imports nothing but this project, what it declares and the standard library."""
    code = "import sys; sys.modules['click'] = None; import runpy; runpy.run_path('docs/render.py'); print('fine')"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "fine" == run.stdout.strip()


CALLED = {"PIL": "pillow", "cv2": "opencv-python", "skimage": "scikit-image"}
"""What a package is called in a registry, where that is not its own name."""


def test_the_demo_installs_what_it_imports() -> None:
    """Each library that an example imports is one that the project needs, or that `make demo` installs beside it."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    line = re.search(r"demo-ready:.*\n\t.*install (.*)", (ROOT / "Makefile").read_text(encoding="utf-8"))[1]
    extras = [each for name in re.findall(r"\[(\w+)\]", line) for each in declared["optional-dependencies"][name]]
    there = {re.split(r"[<>=;\[ ]", each)[0] for each in (*declared["dependencies"], *extras, *line.split())}
    files = list((ROOT / "examples").glob("*.py"))
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in files]
    names = {
        name.partition(".")[0]
        for tree in trees
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [str(node.module)]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    own = {*sys.stdlib_module_names, "attendance", "enroll", "gallery", *(path.stem for path in files)}
    assert {"skimage", "matplotlib"} <= names
    assert set() == {CALLED.get(name, name) for name in names - own} - there


def test_promises_name_tests_that_exist() -> None:
    """Each test that docs/promises.md names is there."""
    named = set(re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", (DOCS / "promises.md").read_text(encoding="utf-8")))
    missing = [
        (path, test)
        for path, test in named
        if not (ROOT / path).is_file() or (test and f"def {test}" not in (ROOT / path).read_text(encoding="utf-8"))
    ]
    assert len(named) > 10
    assert [] == missing
