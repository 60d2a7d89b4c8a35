"""`attendance privacy`: what is written, in which language and form."""

import json

import pytest


@pytest.mark.parametrize(("name", "begins"), [("r.md", b"# Record"), ("r.html", b"<!doctype"), ("r.pdf", b"%PDF")])
def test_the_form_is_that_of_the_name(command, draw, tmp_path, name, begins):
    """Markdown, a page or pages to print, by the file's ending."""
    command("enroll", draw("ada.png", (1,)), "--name", "Ada")
    code, out, err = command("privacy", "report", tmp_path / name)
    said = f"wrote {tmp_path / name}: fill in what stands in [brackets], and ask your lawyer\n"
    assert (0, "", said) == (code, out, err)
    assert (tmp_path / name).read_bytes().startswith(begins)


def test_parts_and_language(command, draw, tmp_path):
    """Only the drafts that were asked for, in German, and told as JSON."""
    command("enroll", draw("ada.png", (1,)), "--name", "Ada")
    file = tmp_path / "notice.md"
    code, out, _ = command("privacy", "report", file, "--language", "de", "--part", "notice", "--json")
    assert (0, {"file": str(file), "language": "de", "format": "md", "parts": ["notice"]}) == (code, json.loads(out))
    text = file.read_text(encoding="utf-8")
    assert (1, True) == (text.count("\n# ") + text.startswith("# "), text.startswith("# Hinweis"))


def test_what_is_refused(command, draw, tmp_path):
    """Another ending is wrong usage; a file that is there stays; a home must be there."""
    assert 3 == command("privacy", "report", tmp_path / "r.md")[0]
    command("enroll", draw("ada.png", (1,)), "--name", "Ada")
    assert 2 == command("privacy", "report", tmp_path / "r.doc")[0]
    (tmp_path / "r.md").write_text("mine")
    assert "output.failed" in command("privacy", "report", tmp_path / "r.md")[2]
    assert "mine" == (tmp_path / "r.md").read_text()
    assert 0 == command("privacy", "report", tmp_path / "r", "--format", "html")[0]
