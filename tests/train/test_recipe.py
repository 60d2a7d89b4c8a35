"""Recipes that start from another one, and the recipes that ship."""

import pytest

pytest.importorskip("torch")

from train.errors import RecipeInvalid
from train.recipe import RECIPES, load_recipe, recipe_bases

BASE = """
name = "base"
seed = 3
[data]
kind = "faces"
teacher = "start"
[model]
kind = "joined"
[[stage]]
name = "one"
steps = 10
lr = 0.1
[[stage.samples]]
kind = "epochs"
size = 8
[[stage.losses]]
kind = "triplet"
mining = "random"
[[stage.losses]]
kind = "arcface"
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "base.toml").write_text(BASE, encoding="utf-8")
    return tmp_path


def write(folder, text):
    path = folder / "changed.toml"
    path.write_text('base = "base"\n' + text, encoding="utf-8")
    return path


def test_a_recipe_changes_what_it_names(folder):
    """Entries of tables and of the stage in its place change, lists are replaced, everything else stays."""
    path = write(folder, '[data]\nteacher = ""\n[[stage]]\nsteps = 20\n[[stage.losses]]\nkind = "supcon"\n')
    base, changed = load_recipe(folder / "base.toml"), load_recipe(path)
    (stage,) = changed.stage
    assert ("base", 3, "faces", "") == (changed.name, changed.seed, changed.data.kind, changed.data.teacher)
    assert (20, 0.1, base.stage[0].samples) == (stage.steps, stage.lr, stage.samples)
    assert ["supcon"] == [loss.kind for loss in stage.losses]
    assert base.digest != changed.digest


def test_a_second_stage_is_added(folder):
    """Stages beyond those of the base are its own."""
    more = '[[stage]]\n[[stage]]\nname = "two"\nsteps = 5\nlr = 0.2\n'
    more += '[[stage.samples]]\nkind = "epochs"\n[[stage.losses]]\nkind = "triplet"\n'
    changed = load_recipe(write(folder, more))
    assert [("one", 10), ("two", 5)] == [(stage.name, stage.steps) for stage in changed.stage]


def test_a_base_is_looked_for_beside_the_recipe_then_among_those_that_ship(folder):
    """A run keeps its base beside its recipe, and a recipe of one's own may start from a shipped one."""
    assert [folder / "base.toml"] == recipe_bases(write(folder, ""))
    path = folder / "own.toml"
    path.write_text('base = "face-fast"\nname = "own"\n', encoding="utf-8")
    assert [RECIPES / "face-fast.toml", RECIPES / "face-default.toml"] == recipe_bases(path)
    assert load_recipe(path).model == load_recipe(RECIPES / "face-fast.toml").model


def test_a_circle_of_bases_is_refused(folder):
    """Two recipes that start from each other have no beginning."""
    (folder / "base.toml").write_text('base = "changed"\n' + BASE, encoding="utf-8")
    with pytest.raises(RecipeInvalid, match="starts from itself"):
        load_recipe(write(folder, ""))


@pytest.mark.parametrize(
    ("text", "message"), [("base = 3", "expected the name"), ('base = "../x"', "expected the name")]
)
def test_a_base_is_a_name(folder, text, message):
    """No number, and no way out of the folder."""
    path = folder / "wrong.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RecipeInvalid, match=message):
        load_recipe(path)


def test_a_missing_base_is_named(folder):
    """The error says which file was looked for."""
    path = folder / "wrong.toml"
    path.write_text('base = "nobody"', encoding="utf-8")
    with pytest.raises(RecipeInvalid, match=r"nobody\.toml"):
        load_recipe(path)


@pytest.mark.parametrize("path", sorted(RECIPES.rglob("*.toml")), ids=lambda path: path.stem)
def test_shipped_recipes_load_under_their_own_names(path):
    """Every recipe that ships is well formed and is called what its file is called."""
    assert load_recipe(path).name == path.stem
