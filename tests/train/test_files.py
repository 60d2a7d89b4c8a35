"""Files appear whole or not at all."""

import json

import pytest

from train.files import save_json, whole


def test_the_name_is_taken_in_the_end(tmp_path):
    """Until the block ends the former file is there; afterwards the new one, and nothing beside it."""
    path = tmp_path / "figures.txt"
    path.write_text("old", encoding="utf-8")
    with whole(path) as unfinished:
        unfinished.write_text("new", encoding="utf-8")
        assert "old" == path.read_text(encoding="utf-8")
    assert "new" == path.read_text(encoding="utf-8")
    assert [path] == list(tmp_path.iterdir())


def test_an_error_leaves_what_was_there(tmp_path):
    """After an error half way the former file stands and the unfinished one is gone."""
    path = tmp_path / "card.json"
    save_json(path, {"name": "Zoë"})
    with pytest.raises(TypeError):
        save_json(path, {"name": object()})
    with pytest.raises(ZeroDivisionError):
        half_done(path)
    assert {"name": "Zoë"} == json.loads(path.read_text(encoding="utf-8"))
    assert [path] == list(tmp_path.iterdir())


def half_done(path):
    with whole(path) as unfinished:
        unfinished.write_text("half", encoding="utf-8")
        1 / 0  # noqa: B018 - whatever breaks it
