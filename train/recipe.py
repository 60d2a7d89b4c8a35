"""A recipe: everything that decides a run, in one TOML file, checked before work starts."""

import dataclasses
import hashlib
import json
import tomllib
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from train.errors import DataMissing, RecipeInvalid

Options = dict[str, Any]
RECIPES = Path(__file__).parent / "recipes"
RECIPE_COPY = "recipe.toml"
WEIGHTS = "model.pt"
"""What a run keeps in its folder: its recipe, and when it is finished its weights."""


@dataclass(frozen=True)
class Data:
    """Which pictures: a `kind` of `train.data.load` and its path and options.

    `teacher`: `start`, the face networks as the recipe finds them; `published`, MobileFaceNet and 0095 as published;
    `published-three`, SFace beside them; a shipped encoder by its name or folder; or none.
    Of faces, `aligned` says whose landmarks cut the crops: `stored` as they lie there, `landmarks` as the product does.
    """

    kind: str
    path: str = ""
    teacher: str = ""
    options: Options = field(default_factory=dict)


@dataclass(frozen=True)
class Model:
    """Which network: a `kind` of `train.models` and its options.

    `initial` is a file of weights, or ImageNet's by a name of `train.nets.pretrained`.
    """

    kind: str
    initial: str = ""
    options: Options = field(default_factory=dict)


@dataclass(frozen=True)
class Part:
    """A sampler or a loss by name, with its options; `weight` counts for losses alone."""

    kind: str
    weight: float = 1.0
    options: Options = field(default_factory=dict)


@dataclass(frozen=True)
class Stage:
    """One stretch of training with one set of losses.

    `trainable` lists prefixes of parameter names (empty: all); `inputs` is `pixels` or `features` (outputs of the
    frozen lower half, in the workbench of all below the head, cached for so many `views`); `average` is the share of
    the trained weights in the mean of start (published weights, for parts of another run) and end that the stage
    leaves behind.
    """

    name: str
    steps: int
    lr: float
    samples: tuple[Part, ...]
    losses: tuple[Part, ...]
    weight_decay: float = 0.0
    warmup: int = 0
    clip: float = 0.0
    ema: float = 0.0
    average: float = 1.0
    trainable: tuple[str, ...] = ()
    frozen_batchnorm: bool = False
    inputs: str = "pixels"
    views: int = 1
    precision: str = "float32"
    evaluate_every: int = 0

    def __post_init__(self) -> None:
        where = f"stage {self.name}"
        if self.steps < 1 or self.lr <= 0:
            raise RecipeInvalid(where, f"expected steps >= 1 and lr > 0, got {self.steps} and {self.lr}")
        if not 0 <= self.ema < 1 or not 0 <= self.average <= 1:
            raise RecipeInvalid(
                where, f"expected ema in [0, 1) and average in [0, 1], got {self.ema} and {self.average}"
            )
        if self.precision not in {"float32", "bfloat16"}:
            raise RecipeInvalid(where, f"expected precision float32 or bfloat16, got {self.precision!r}")
        if not self.samples or not self.losses:
            raise RecipeInvalid(where, "expected at least one [[stage.samples]] and one [[stage.losses]]")


@dataclass(frozen=True)
class Recipe:
    """A whole run. `augment` holds fields of `train.data.augment.Augmentation`; empty: pictures as they are.

    Without a stage nothing is trained: published networks, or parts of another run, are joined as they stand.

    `evaluate` holds what the task's evaluation wants to know; it leaves the weights, and so the digest, as they are.
    """

    name: str
    data: Data
    model: Model
    stage: tuple[Stage, ...] = ()
    task: str = "faces"
    seed: int = 1
    device: str = "auto"
    threads: int = 0
    checkpoint_minutes: float = 3.0
    augment: Options = field(default_factory=dict)
    evaluate: Options = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.stage and self.model.kind != "joined":
            raise RecipeInvalid(self.name, "expected at least one [[stage]]; a model of kind joined may do without")

    @property
    def digest(self) -> str:
        """Sixteen hex digits that change with whatever changes the figures."""
        facts = dataclasses.asdict(self)
        for free in ("device", "threads", "checkpoint_minutes", "evaluate"):
            del facts[free]
        del facts["data"]["path"]
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]


def load_recipe(path: Path) -> Recipe:
    """Read and check a recipe; raises RecipeInvalid with the entry that is wrong.

    `base = "face-fast"` starts from another recipe: tables and stages are changed entry by entry, other lists
    (samples, losses) replaced.
    """
    table: Options = {}
    for changes in reversed(_with_bases(path).values()):
        table = _changed(table, {name: entry for name, entry in changes.items() if name != "base"})
    recipe = _build(Recipe, table, str(path))
    assert isinstance(recipe, Recipe)  # noqa: S101 - tells the type checker what `_build` made
    return recipe


def recipe_bases(path: Path) -> list[Path]:
    """Files of the recipe that this one starts from, of the one that that starts from, and so on."""
    return list(_with_bases(path))[1:]


def finished_weights(run: Path) -> Path:
    """The weights of a finished run of `fit`; raises DataMissing where it is not finished."""
    for name in (RECIPE_COPY, WEIGHTS):
        if not (run / name).is_file():
            raise DataMissing(str(run), f"no finished run of `attendance train fit`: {name} is missing")
    return run / WEIGHTS


def _with_bases(path: Path) -> dict[Path, Options]:
    """A recipe's table and those of its bases, by file, each read once, its own first."""
    found = {path: _read(path)}
    while (base := _base(path, found[path])) is not None:
        if base in found:
            raise RecipeInvalid(str(path), f"base: {base.stem} starts from itself")
        found[base] = _read(base)
        path = base
    return found


def _base(path: Path, table: Options) -> Path | None:
    """Beside the recipe, or among those that come with the program."""
    name = table.get("base")
    if name is None:
        return None
    if not isinstance(name, str) or Path(name).name != name:
        raise RecipeInvalid(str(path), f"base: expected the name of a recipe, got {name!r}")
    beside = path.parent / f"{name}.toml"
    return beside if beside.is_file() else RECIPES / f"{name}.toml"


def _read(path: Path) -> Options:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RecipeInvalid(str(path), str(error)) from error


def _changed(base: Options, changes: Options) -> Options:
    """`base` with `changes`: what is a table in both is changed entry by entry, and so is each stage in its place."""
    merged = dict(base)
    for name, entry in changes.items():
        old = base.get(name)
        if isinstance(old, dict) and isinstance(entry, dict):
            merged[name] = _changed(old, entry)
        elif name == "stage" and isinstance(old, list) and isinstance(entry, list):
            merged[name] = [_changed(was, now) for was, now in zip(old, entry, strict=False)] + entry[len(old) :]
        else:
            merged[name] = entry
    return merged


def _build(kind: Any, value: Any, where: str) -> Any:
    """A value of the annotated type from what TOML gave; tables become dataclasses, unknown entries are refused."""
    origin = typing.get_origin(kind) or kind
    if dataclasses.is_dataclass(origin):
        return _build_table(typing.cast("type", origin), value, where)
    if origin is tuple:
        if not isinstance(value, list):
            raise RecipeInvalid(where, f"expected a list, got {value!r}")
        return tuple(_build(typing.get_args(kind)[0], item, f"{where}[{i}]") for i, item in enumerate(value))
    if origin is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if (
        isinstance(origin, types.UnionType)
        or not isinstance(value, origin)
        or (origin is int and isinstance(value, bool))
    ):
        raise RecipeInvalid(where, f"expected {getattr(origin, '__name__', origin)}, got {value!r}")
    return value


def _build_table(kind: type, value: Any, where: str) -> Any:
    if not isinstance(value, Mapping):
        raise RecipeInvalid(where, f"expected a table, got {value!r}")
    hints = typing.get_type_hints(kind)
    unknown = sorted(set(value) - set(hints))
    if unknown and "options" in hints:  # what a table does not name itself are options of its kind
        value = {**{k: v for k, v in value.items() if k in hints}, "options": {k: value[k] for k in unknown}}
    elif unknown:
        raise RecipeInvalid(where, f"unknown entry {unknown[0]!r}; expected some of {', '.join(sorted(hints))}")
    try:
        return kind(**{name: _build(hints[name], entry, f"{where}: {name}") for name, entry in value.items()})
    except TypeError as error:
        raise RecipeInvalid(where, str(error).rpartition("__init__() ")[2]) from error
