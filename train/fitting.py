"""From a recipe's file to a trained run."""

import shutil
from pathlib import Path

import torch

from train.data.realigned import STORED, load_pictures
from train.errors import RecipeInvalid
from train.fit.facetask import FaceTask, dev_metrics
from train.fit.loop import fit
from train.fit.memory import keep_freed_memory
from train.fit.teaching import asked_encoder
from train.nets.models import is_encoder, make_model, side_by_side, untrained
from train.nets.published import TEACHERS
from train.recipe import RECIPE_COPY, Recipe, load_recipe, recipe_bases


def face_task(recipe: Recipe, folder: Path) -> FaceTask:
    """The recipe's pictures and network, weights at their start; `folder` holds both, or is a manifest beside them."""
    if recipe.data.kind != "faces":
        raise RecipeInvalid("data", f"unknown kind {recipe.data.kind!r} for faces")
    pictures = load_pictures(folder, drop_heldout=True, aligned=str(recipe.data.options.get("aligned", STORED)))
    beside = folder.parent if folder.is_file() else folder
    model, dim = make_model(recipe.model, beside)
    named = recipe.data.teacher
    shipped = named if named and is_encoder(named) else ""
    if named not in {"", "start", shipped, *TEACHERS}:
        raise RecipeInvalid(
            "data",
            f"unknown teacher {named!r}; expected start, a shipped encoder or one of {', '.join(TEACHERS)}",
        )
    teachers = TEACHERS.get(named)
    published = side_by_side(teachers, beside) if teachers else None
    asked = asked_encoder(shipped, pictures, recipe.threads) if shipped else None
    origin = untrained(recipe.model, beside)
    return FaceTask(recipe, pictures, model, dim, published=published, teacher=asked, origin=origin)


def fit_recipe(path: Path, out: Path, folder: Path) -> str:
    """Train by the recipe in `path` into `out`; data are looked for in `folder`. Returns what to tell the user."""
    recipe = load_recipe(path)
    if recipe.threads:
        torch.set_num_threads(recipe.threads)
    keep_freed_memory()
    out.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, out / RECIPE_COPY)
    for base in recipe_bases(path):
        shutil.copyfile(base, out / base.name)
    if recipe.task == "detector":
        from train.detecting.task import fit_detector

        return fit_detector(recipe, out, folder)
    if recipe.task == "landmarks":
        from train.landmarks.task import fit_landmarks

        return fit_landmarks(recipe, out, folder)
    if recipe.task == "liveness":
        from train.liveness.task import fit_liveness

        return fit_liveness(recipe, out, folder)
    if recipe.task == "narrow":
        from train.fit.narrowtask import fit_narrow

        return fit_narrow(recipe, out, folder)
    if recipe.task != "faces":
        from train.workbench.run import fit_workbench

        return str(fit_workbench(recipe, out, folder))
    task = face_task(recipe, folder)
    fit(recipe, task.model, task.jobs(), out, evaluate=lambda model: dev_metrics(model, task.pictures))
    return f"{out}: {recipe.name} trained; weights in {out / 'model.pt'}"
