"""What `attendance train export` makes of a run, by its task: encoder, detector, landmarks, similarity, liveness."""

from pathlib import Path

from train.recipe import RECIPE_COPY, load_recipe

SIMILARITY = ("pairs", "three")


def export_run(
    run: Path,
    to: Path,
    identifier: str,
    folder: Path,
    *,
    mirror: bool = False,
    storage: str = "float16",
    integers: bool = False,
) -> str:
    """Write what the run trained into `to`, with its card; returns what to tell the user.

    Raises RecipeInvalid for a folder without a recipe, and what the task's own export raises.
    """
    task = load_recipe(run / RECIPE_COPY).task
    if task == "detector":
        from train.detecting.shipping import ship_detector

        return ship_detector(run, to, identifier, folder)
    if task == "landmarks":
        from train.landmarks.shipping import ship_landmarks

        return ship_landmarks(run, to, identifier, folder)
    if task == "liveness":
        from train.liveness.shipping import ship_liveness

        return ship_liveness(run, to, identifier, folder)
    if task in SIMILARITY:
        from train.workbench.shipping import ship_similarity

        return ship_similarity(run, to, identifier)
    from train.ship.shipping import ship

    return ship(run, to, identifier, folder, mirror=mirror, storage=storage, integers=integers)
