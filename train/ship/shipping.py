"""`attendance train export` and `calibrate`: an encoder that the product loads, its cohort, score model and card."""

import datetime as dt
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from enroll.pipeline import finder_id
from enroll.registry import load_encoder
from train.data.augment import Augmentation
from train.data.faces import cache_folder
from train.data.pictures import Pictures
from train.data.realigned import load_pictures
from train.data.typical import typical_crops
from train.errors import RecipeInvalid
from train.nets.export import export_onnx
from train.nets.models import PARTS_FROM, is_encoder, part_sources, trained_model
from train.nets.published import TEACHERS
from train.recipe import RECIPE_COPY, Recipe, load_recipe
from train.score.cameras import calibrated, level_of, with_cameras
from train.score.cohort import COHORT_K, training_cohort
from train.score.embedding import crops_of, kept_vectors
from train.score.encoders import Plain
from train.ship.cards import install, write_card

FACES_COMPARED = 32  # development faces on which the file is compared with the network
RANGE_CROPS = 256  # training crops that tell how far numbers reach that are computed in integers

TERMS = {
    "lfw": "Labeled Faces in the Wild, View 1 training people; photos from news agencies, for research",
    "celeba": "CelebA; non-commercial research only",
    "vggface2": "VGGFace2 part; non-commercial research, withdrawn by its authors",
    "pins": "Pins Face Recognition, Kaggle; photos crawled from the web, no licence of the photos",
    "fairface": "FairFace; CC BY 4.0",
    "aaf": "All-Age-Faces; research only",
}
OWN_TERMS = "the user's own photos; as the people in them agreed to"
INITIAL = {
    "mobilefacenet": "foamliu/MobileFaceNet, trained by its author on MS-Celeb-1M",
    "retail-0095": "Intel Open Model Zoo, face-reidentification-retail-0095",
    "sface": "OpenCV Zoo, face_recognition_sface_2021dec, of Zhong and Deng; their paper trains on CASIA-WebFace, "
    "VGGFace2 and MS-Celeb-1M",
}
INITIAL["sface-narrow"] = f"{INITIAL['sface']}; channels left out"
WEAKNESSES = (
    "Children resemble each other more than adults do: expect more false matches and reviews among them.",
    "Faces under about 40 px, profiles beyond 60 degrees, masks and heavy blur are recognised markedly less often.",
    "Measured mostly on press photos of adults; twins and close relatives are not told apart reliably.",
    "Trained on sets collected without the consent of the people in them; some allow non-commercial research only.",
    "FNIR at fixed FPIR misses the project's own aims (see train/README.md); those at FPIR 0.1 % have wide intervals.",
    "The starting weights were published by others, whose training photos may show the people of the test sets.",
    "On groups that none of the cohort's sets covers, expect many times the false matches of press photos of adults.",
)


def ship(
    run: Path,
    to: Path,
    identifier: str,
    folder: Path,
    *,
    mirror: bool = False,
    storage: str = "float16",
    integers: bool = False,
) -> str:
    """Export a run's encoder into `to` with cohort, score model and card; returns what to tell the user.

    With `integers` SFace's pointwise layers compute in 8 bits, their ranges seen on training crops. Everything is made
    from the file that ships, in a folder of its own, and moved to `to` when it is whole.
    """
    recipe = load_recipe(run / RECIPE_COPY)
    if recipe.task != "faces":
        raise RecipeInvalid(
            str(run),
            "only encoders, detectors and landmark networks are exported; see `attendance train demo` for others",
        )
    network = trained_model(run, folder)
    pictures = load_pictures(folder, drop_heldout=True)
    to.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{to.name}.", dir=to.parent) as made:
        file = Path(made, "encoder.onnx")
        seen = typical_crops(pictures, RANGE_CROPS, Augmentation(**recipe.augment)) if integers else None
        off = export_onnx(network, file, storage=storage, faces=_faces(pictures), integers_by=seen)
        _describe(Plain(identifier, file, mirror=mirror), pictures, _facts(recipe, identifier))
        install(Path(made), to)
    return f"{to}: {identifier}, differs from PyTorch by {off:.1e}"


def recalibrate(encoder: Path, identifier: str, folder: Path) -> str:
    """Make cohort, cameras and score model of a shipped encoder anew, under another id; returns what to tell the user.

    For crops that are cut otherwise than before, as by another detector: the network stays as it is to the bit, and
    what its card tells of where it comes from; figures go, as they were measured with what went. Raises EncoderError
    where the folder holds no sound encoder, and RecipeInvalid for its present id, which templates are bound to.
    """
    card = load_encoder(encoder).card
    if card.id == identifier:
        raise RecipeInvalid(identifier, "an encoder calibrated anew needs an id of its own: scores do not compare")
    pictures = load_pictures(folder, drop_heldout=True)
    kept = ("recipe", "teachers", "initial_weights", "weaknesses")
    facts = {name: card.raw[name] for name in kept} | {"id": identifier, "revision": revision()}
    with tempfile.TemporaryDirectory(prefix=f".{encoder.name}.", dir=encoder.resolve().parent) as made:
        file = Path(shutil.copy(encoder / card.encoder.name, Path(made, "encoder.onnx")))
        _describe(Plain(identifier, file, mirror=card.mirror), pictures, facts)
        install(Path(made), encoder)
    return f"{encoder}: {identifier}, the network as it was, calibrated anew"


def _faces(pictures: Pictures) -> np.ndarray | None:
    rows = pictures.rows("dev")[:FACES_COMPARED]
    return crops_of(pictures.pixels, rows) if len(rows) else None


def _describe(encoder: Plain, pictures: Pictures, origin: Mapping[str, Any]) -> None:
    """Cohort, score model and card beside the encoder's file; `origin` is where the card says it comes from."""
    clean = training_cohort(pictures, lambda rows: kept_vectors(encoder, pictures, rows, cache_folder()))
    cohort, cameras = with_cameras(encoder, pictures, clean)
    k = min(COHORT_K, len(clean))
    level = level_of(encoder, pictures, cohort, k)
    facts = {
        **origin,
        "finder": finder_id(),
        "created": dt.datetime.now(tz=dt.UTC).date().isoformat(),
        "data": [{"set": name, "terms": TERMS.get(name, OWN_TERMS)} for name in _sets(pictures)],
        "figures": {},
        "score_model": calibrated(encoder, pictures, cohort, k, level),
    }
    source = f"spherical k-means of training photos ({', '.join(_sets(pictures))})"
    write_card(
        encoder.file.parent,
        facts,
        cohort=cohort,
        k=k,
        mirror=encoder.mirror,
        cohort_source=source,
        cameras=cameras,
        level=level,
    )


def _facts(recipe: Recipe, identifier: str) -> dict[str, Any]:
    """What the card tells of where the encoder comes from."""
    started = [INITIAL[part] for part in recipe.model.options.get("parts", ())]
    return {
        "id": identifier,
        "recipe": recipe.name,
        "revision": revision(),
        "teachers": [{"name": name, "terms": "Apache-2.0"} for name in taught_by(recipe)],
        "initial_weights": [{"name": name, "licence": "Apache-2.0"} for name in started],
        "weaknesses": list(WEAKNESSES),
    }


def taught_by(recipe: Recipe) -> list[str]:
    """The networks that taught: those that the recipe names, and those of an encoder that it takes parts from."""
    names = TEACHERS.get(recipe.data.teacher, ())
    if recipe.data.teacher == "start":
        names = tuple(recipe.model.options.get("parts", ()))
    own = [INITIAL[name] for name in names]
    if recipe.data.teacher and is_encoder(recipe.data.teacher):
        card = load_encoder(recipe.data.teacher).card.raw
        own = [f"encoder {card['id']}", *(each["name"] for each in (*card["initial_weights"], *card["teachers"]))]
        own = list(dict.fromkeys(own))
    options = recipe.model.options
    sources = part_sources(options.get(PARTS_FROM, ""), options.get("parts", ()))
    return list(dict.fromkeys([*own, *(name for source in sources for name in _teachers_of(source))]))


def _teachers_of(source: str) -> list[str]:
    """Who taught the shipped encoder, or the run, that parts were taken from."""
    if is_encoder(source):
        return [teacher["name"] for teacher in load_encoder(source).card.raw["teachers"]]
    kept = Path(source, RECIPE_COPY)
    return taught_by(load_recipe(kept)) if kept.is_file() else []


def _sets(pictures: Pictures) -> list[str]:
    return sorted(set(pictures.columns["set"][pictures.rows("train")].tolist()))


def revision() -> str:
    """The commit that this was made from."""
    done = subprocess.run(
        ["git", "rev-parse", "HEAD"],  # noqa: S607 - whichever git the user has # nosec B607
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parent,
    )
    return done.stdout.strip() or "unknown"
