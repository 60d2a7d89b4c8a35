"""What evaluation compares: encoders with a card, runs of `fit`, ONNX files, and peers through adapters."""

import hashlib
import importlib.util
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from enroll._onnx import open_session
from enroll.encoder import OnnxEncoder
from enroll.registry import load_encoder
from train.errors import DataMissing, ExportUnequal, RecipeInvalid
from train.nets.published import FILES, PAIR
from train.recipe import RECIPE_COPY, finished_weights
from train.score.scoring import Scoring, unit

PEER_NETWORKS = {"mobilefacenet": ("mobilefacenet",), "0095": ("retail-0095",), "sface": ("sface",), "pair": PAIR}
"""Published networks of each peer; `pair` is two side by side, nothing trained: where `default` of 2026.3 starts."""
PEERS = (*PEER_NETWORKS, "dlib")
BATCH = 16
DIGITS = 12  # of a file's sha256 in a digest
MEAN, STD = 127.5, 128.0


class Contender(Protocol):
    """An encoder under test. `digest` names what it computes: the same digest, the same vectors."""

    @property
    def name(self) -> str: ...

    @property
    def digest(self) -> str: ...

    @property
    def files(self) -> tuple[Path, ...]:
        """What has to be shipped to embed a crop."""
        ...

    def embed(self, crops: np.ndarray) -> np.ndarray:
        """Vectors (n, d) of crops (n, 112, 112, 3) uint8; of unit length unless a peer compares others."""
        ...

    def scorings(self, vectors: np.ndarray) -> dict[str, Scoring]:
        """Ways to score these vectors: `plain` as its makers do; `with cohort` where it has one."""
        ...


@dataclass(frozen=True)
class Carded:
    """An encoder with a card, as the product loads it."""

    encoder: OnnxEncoder

    @property
    def name(self) -> str:
        """The card's id."""
        return self.encoder.id

    @property
    def digest(self) -> str:
        """The file's sha256, and whether mirror images are averaged in."""
        return self.encoder.card.encoder.sha256[:DIGITS] + ("-mirror" if self.encoder.card.mirror else "")

    @property
    def files(self) -> tuple[Path, ...]:
        """The ONNX file."""
        return (self.encoder.file,)

    def embed(self, crops: np.ndarray) -> np.ndarray:
        """Unit embeddings (n, d)."""
        return self.encoder.embed(crops)

    def scorings(self, vectors: np.ndarray) -> dict[str, Scoring]:
        """The cosine, and the score of the product."""
        return {
            "plain": Scoring(vectors),
            "with cohort": Scoring(vectors, self.encoder.cohort_means(vectors.astype(np.float32))),
        }


@dataclass(frozen=True)
class Plain:
    """An ONNX file without a card, in sessions as the product opens them; cosine."""

    name: str
    file: Path
    threads: int = 0
    mirror: bool = False

    @property
    def files(self) -> tuple[Path, ...]:
        """The ONNX file."""
        return (self.file,)

    @cached_property
    def digest(self) -> str:
        """The file's sha256, and whether mirror images are averaged in."""
        return _sha256(self.file)[:DIGITS] + ("-mirror" if self.mirror else "")

    def embed(self, crops: np.ndarray) -> np.ndarray:
        """Unit embeddings (n, d)."""
        return np.concatenate([self._embed_batch(crops[i : i + BATCH]) for i in range(0, len(crops), BATCH)])

    def scorings(self, vectors: np.ndarray) -> dict[str, Scoring]:
        """The cosine."""
        return {"plain": Scoring(vectors)}

    def _embed_batch(self, crops: np.ndarray) -> np.ndarray:
        values = self._run(crops)
        return unit(values + self._run(crops[:, :, ::-1])) if self.mirror else values

    def _run(self, crops: np.ndarray) -> np.ndarray:
        planes = np.ascontiguousarray((crops.transpose(0, 3, 1, 2).astype(np.float32) - MEAN) / STD)
        return unit(self._session.run(None, {"crops": planes})[0])

    @cached_property
    def _session(self) -> Any:
        return open_session(self.file.read_bytes(), self.threads)


def open_contender(name: str, folder: Path, scratch: Path, threads: int = 0) -> Contender:
    """`default`, a folder with a card, a run of `fit`, an ONNX file, or one of PEERS after `peer:`.

    Peers' weights lie in the data `folder`; what has to be exported first is kept in `scratch`.
    """
    path = Path(name)
    if name.startswith("peer:"):
        return _open_peer(name.removeprefix("peer:"), folder, scratch, threads)
    if path.suffix == ".onnx":
        if not path.is_file():
            raise DataMissing(name, "no such file")
        return Plain(path.stem, path, threads)
    if (path / RECIPE_COPY).is_file() and not (path / "card.json").is_file():
        return Plain(path.resolve().name, export_run(path, folder, scratch), threads)
    return Carded(load_encoder(name, threads))


def _open_peer(kind: str, folder: Path, scratch: Path, threads: int) -> Contender:
    if kind == "dlib":
        from train.score.dlib_peer import open_dlib

        return open_dlib()
    if kind not in PEER_NETWORKS:
        raise RecipeInvalid("eval", f"unknown peer {kind!r}; expected one of {', '.join(PEERS)}")
    names = PEER_NETWORKS[kind]
    weights = [folder / FILES[name] for name in names]
    for each in weights:
        if not each.is_file():
            raise DataMissing(str(each), "no such weights")
    file = scratch / f"peer-{kind}-{_digest(*weights)}.onnx"
    if not file.is_file():
        from train.nets.models import published, side_by_side

        _export(published(names[0], folder) if len(names) == 1 else side_by_side(names, folder), file)
    return Plain(kind, file, threads)


def export_run(run: Path, folder: Path, scratch: Path) -> Path:
    """The network of a finished run of `fit` as an ONNX file in `scratch`, exported once."""
    file = scratch / f"run-{_digest(finished_weights(run), run / RECIPE_COPY)}.onnx"
    if not file.is_file():
        from train.nets.models import trained_model

        _export(trained_model(run, folder), file)
    return file


def _export(network: Any, file: Path) -> None:
    from train.nets.export import export_onnx

    file.parent.mkdir(parents=True, exist_ok=True)
    export_onnx(network, file, storage="float32")


def _digest(*files: Path) -> str:
    """Sixteen hex digits of files and of the code that rebuilds networks from them."""
    code = map(_code, ("train.nets.joined", "train.nets.sface"))
    return hashlib.sha256("".join(map(_sha256, (*files, *code))).encode()).hexdigest()[:16]


def _code(module: str) -> Path:
    found = importlib.util.find_spec(module)
    if found is None or found.origin is None:
        raise ExportUnequal(module, "the code of the networks cannot be found")
    return Path(found.origin)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
