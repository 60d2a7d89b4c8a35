"""Commands are built as they are asked for, and answer as if all were built."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from attendance.cli.root import COMMANDS, commands, parser, parser_of


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_built_alone_is_that_of_all_together(name):
    """Its help, with its options or the commands in it, is the same."""
    alone, whole = (CliRunner().invoke(each, [name, "--help"]) for each in (commands([name]), commands()))
    assert (whole.exit_code, whole.output) == (alone.exit_code, alone.output)
    assert [name] == list(parser(name).commands)


def test_all_are_there():
    """The whole command line has each command of the table, and no other."""
    assert sorted(COMMANDS) == sorted(parser().commands)


@pytest.mark.parametrize("words", [[], ["--help"], ["--version"], ["chek", "photo.jpg"], ["-h", "check"]])
def test_words_that_begin_with_no_command_are_for_all_of_them(words):
    """Help lists all commands, and a mistyped one is answered by those that may be meant."""
    assert parser() is parser_of(words)


def test_a_command_imports_no_other():
    """What checks a photo loads neither what keeps receivers nor what makes backups."""
    code = (
        "import sys\nfrom attendance.cli.root import parser_of\nparser_of(['check', 'x.jpg'])\n"
        "print(*(name.removeprefix('attendance.cli.') for name in sys.modules))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "check" in told
    assert not {"receiver", "backup", "gallery", "serve"} & set(told)
