"""`attendance train export`: a run's weights as an encoder that the product loads."""

import datetime as dt
import subprocess
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from train.calibrate import NonMated, fit_score_model, non_mated
from train.cameras import add_cameras
from train.cohort import cohort_strata, stratified_cohort
from train.data.pictures import Pictures
from train.errors import DataMissing
from train.export import export_onnx, write_card
from train.facetask import FaceTask, embed_pictures
from train.features import state_digest
from train.fitting import face_task
from train.models import load_weights
from train.openset import cohort_means
from train.recipe import load_recipe

COHORT_K = 20
CALIBRATION_SEED = 1

TERMS = {
    "lfw": "Labeled Faces in the Wild, View 1 training people; photos from news agencies, for research",
    "celeba": "CelebA; non-commercial research only",
    "vggface2": "VGGFace2 part; non-commercial research, withdrawn by its authors",
    "pins": "Pins Face Recognition, Kaggle; photos crawled from the web, no licence of the photos",
    "fairface": "FairFace; CC BY 4.0",
    "aaf": "All-Age-Faces; research only",
}
INITIAL = {
    "mobilefacenet": "foamliu/MobileFaceNet, trained by its author on MS-Celeb-1M",
    "retail-0095": "Intel Open Model Zoo, face-reidentification-retail-0095",
}
WEAKNESSES = (
    "Children resemble each other more than adults do: expect more false matches and reviews among them.",
    "Faces under about 40 px, profiles beyond 60 degrees, masks and heavy blur are recognised markedly less often.",
    "Measured mostly on press photos of adults; twins and close relatives are not told apart reliably.",
    "Trained on sets collected without the consent of the people in them; some allow non-commercial research only.",
)


def ship(run: Path, to: Path, identifier: str, folder: Path, *, mirror: bool = False, half: bool = True) -> str:
    """Export the run's network into `to` with cohort, score model and card; returns what to tell the user."""
    weights = run / "model.pt"
    if not weights.is_file():
        raise DataMissing(str(weights), "no finished run; `attendance train fit` writes it")
    recipe = load_recipe(run / "recipe.toml")
    task = face_task(recipe, folder)
    start = task.start_digest
    load_weights(task.model, weights)
    to.mkdir(parents=True, exist_ok=True)
    off = export_onnx(task.model, to / "encoder.onnx", half=half)
    only_head = state_digest(task.joined.parts) == start and not mirror
    vectors = head_vectors(task) if only_head else embed_pictures(task.model, task.pictures.pixels, mirror=mirror)
    embeddings = Embeddings(task.pictures, vectors)
    cohort = embeddings.cohort()
    started = [INITIAL[part] for part in recipe.model.options.get("parts", ())]
    facts = {
        "id": identifier,
        "created": dt.datetime.now(tz=dt.UTC).date().isoformat(),
        "score_model": embeddings.score_model(cohort),
        "recipe": recipe.name,
        "revision": _revision(),
        "data": [{"set": name, "terms": terms} for name, terms in TERMS.items()],
        "teachers": [{"name": name, "terms": "Apache-2.0"} for name in started if recipe.data.teacher],
        "initial_weights": [{"name": name, "licence": "Apache-2.0"} for name in started],
        "figures": {},
        "weaknesses": list(WEAKNESSES),
    }
    source = (
        "spherical k-means of the training photos (LFW View 1 training people, CelebA, VGGFace2, Pins, FairFace, AAF)"
    )
    write_card(to, facts, cohort=cohort, k=COHORT_K, mirror=mirror, cohort_source=source)
    add_cameras(to, task.pictures)
    return f"{to}: {identifier}, differs from PyTorch by {off:.1e}"


def head_vectors(task: FaceTask) -> np.ndarray:
    """Unit embeddings of the whole set from what was cached below the head."""
    with torch.no_grad():
        out = F.normalize(task.joined.head.eval()(torch.from_numpy(task.start_embeddings)))
    return out.numpy()


class Embeddings:
    """A whole set through one network: what cohort and score model are made of."""

    def __init__(self, pictures: Pictures, vectors: np.ndarray) -> None:
        self.pictures = pictures
        self.vectors = vectors

    def cohort(self, without: Collection[str] = ()) -> np.ndarray:
        """Centroids (c, d) float16 of the training photos, without some of the sets where asked."""
        strata = cohort_strata(self.pictures, self.pictures.rows("train"), without)
        return stratified_cohort(self.vectors, strata)

    def score_model(self, cohort: np.ndarray, k: int = COHORT_K) -> Mapping[str, Any]:
        """The card's score model from development people, each compared within their own set.

        People of one school are photographed alike, as people of one set are; pairs across sets would promise too much.
        """
        rows = self.pictures.rows("dev", labelled=True)
        vectors, sets = self.vectors[rows], self.pictures.columns["set"][rows]
        means = cohort_means(vectors, cohort.astype(np.float32), k)
        random = np.random.default_rng(CALIBRATION_SEED)
        parts = [
            non_mated(vectors[own], self.pictures.labels[rows][own], means[own], random)
            for own in (sets == name for name in np.unique(sets))
        ]
        sample = NonMated(np.concatenate([part.scores for part in parts]), sum(part.people for part in parts))
        return fit_score_model(
            sample, "development people of LFW (View 1 training people) and CelebA, each within its set"
        )


def _revision() -> str:
    done = subprocess.run(
        ["git", "rev-parse", "HEAD"],  # noqa: S607 - whichever git the user has
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parent,
    )
    return done.stdout.strip() or "unknown"
