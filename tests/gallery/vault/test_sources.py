"""Where wrapping keys come from."""

import sys

from gallery.vault.sources import Sources


def test_a_command_is_not_told_other_secrets(tmp_path, monkeypatch):
    """It gets what it signs in with, and neither keys nor passphrases that this program was given beside it."""
    told = tmp_path / "told"
    program = tmp_path / "program.py"
    program.write_text(
        f"import os, pathlib\npathlib.Path({str(told)!r}).write_text(' '.join(sorted(os.environ)))\nprint('ab' * 32)\n"
    )
    secrets = ("ATTENDANCE_KEY", "ATTENDANCE_KEY_PASSPHRASE", "ATTENDANCE_PASSPHRASE")
    for name in (*secrets, "VAULT_TOKEN"):
        monkeypatch.setenv(name, "ab" * 32)
    sources = Sources({"ATTENDANCE_KEY_COMMAND": f"'{sys.executable}' '{program}'"})

    assert bytes.fromhex("ab" * 32) == sources.secret("command", "key")
    found = told.read_text().split()
    assert ["VAULT_TOKEN"] == [each for each in (*secrets, "VAULT_TOKEN") if each in found]
