"""What evaluation compares: encoders with a card, and peers through adapters that training alone uses."""

import json
import os
import resource
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np

from enroll.encoder import OnnxEncoder, load_encoder
from train.errors import RecipeInvalid

PEER_FILES = {
    "mobilefacenet": "weights/foamliu_mobilefacenet.pt",
    "0095": "weights/face-reidentification-retail-0095.xml",
}
WARM_UP = 20
TIMED = 200


class Contender(Protocol):
    """An encoder under test."""

    @property
    def name(self) -> str: ...

    def embed(self, crops: np.ndarray) -> np.ndarray:
        """Unit embeddings (n, d) of crops (n, 112, 112, 3) uint8."""
        ...

    def means(self, embeddings: np.ndarray) -> np.ndarray | None:
        """Cohort means (n,), or None for an encoder without a cohort."""
        ...


@dataclass(frozen=True)
class Carded:
    """An encoder with a card, as the product loads it."""

    encoder: OnnxEncoder

    @property
    def name(self) -> str:
        """The card's id."""
        return self.encoder.id

    def embed(self, crops: np.ndarray) -> np.ndarray:
        """Unit embeddings (n, d)."""
        return self.encoder.embed(crops)

    def means(self, embeddings: np.ndarray) -> np.ndarray | None:
        """The card's cohort means."""
        return self.encoder.cohort_means(embeddings.astype(np.float32))


@dataclass(frozen=True)
class Peer:
    """A published network rebuilt in PyTorch and run by ONNX Runtime, without cohort and without mirror."""

    name: str
    file: Path
    threads: int = 0
    _session: list[object] = field(default_factory=list)

    def embed(self, crops: np.ndarray) -> np.ndarray:
        """Unit embeddings (n, d)."""
        out = []
        for start in range(0, len(crops), 16):
            planes = crops[start : start + 16].transpose(0, 3, 1, 2).astype(np.float32)
            out.append(self.session.run(None, {"crops": (planes - 127.5) / 128})[0])  # type: ignore[attr-defined]
        return np.concatenate(out)

    def means(self, embeddings: np.ndarray) -> np.ndarray | None:  # noqa: ARG002 - the seam's signature
        """No cohort."""
        return None

    @property
    def session(self) -> object:
        """The ONNX session, opened once."""
        if not self._session:
            import onnxruntime

            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = self.threads
            self._session.append(onnxruntime.InferenceSession(self.file.read_bytes(), options))
        return self._session[0]


def open_contender(name: str, folder: Path, scratch: Path, threads: int = 0) -> Contender:
    """`default`, a folder with a card, or `peer:mobilefacenet` and `peer:0095` from the data folder's weights."""
    if not name.startswith("peer:"):
        return Carded(load_encoder(name, threads))
    kind = name.removeprefix("peer:")
    if kind not in PEER_FILES:
        raise RecipeInvalid("eval", f"unknown peer {kind!r}; expected one of {', '.join(PEER_FILES)}")
    file = scratch / f"peer-{kind}.onnx"
    if not file.is_file():
        from train import nets
        from train.export import export_onnx

        make = nets.mobilefacenet if kind == "mobilefacenet" else nets.retail_0095
        scratch.mkdir(parents=True, exist_ok=True)
        export_onnx(make(folder / PEER_FILES[kind]), file, half=False)
    return Peer(kind, file, threads)


def cost(name: str, folder: Path, scratch: Path) -> dict[str, float]:
    """P5: milliseconds to embed one face on one thread (median of 200), file size, memory in MB."""
    before = _resident()
    contender = open_contender(name, folder, scratch, threads=1)
    crops = np.random.default_rng(1).integers(0, 256, (1, 112, 112, 3), dtype=np.uint8)
    taken = []
    for _ in range(WARM_UP + TIMED):
        start = time.perf_counter()
        contender.embed(crops)
        taken.append(time.perf_counter() - start)
    file = contender.file if isinstance(contender, Peer) else Path(contender.encoder.folder) / "encoder.onnx"  # type: ignore[attr-defined]
    timed = 1000 * np.array(taken[WARM_UP:])
    return {
        "embed_ms": float(np.median(timed)),
        "embed_ms_fastest_tenth": float(np.percentile(timed, 10)),
        "file_mb": file.stat().st_size / 1e6,
        "memory_mb": _resident() - before,
    }


def _resident() -> float:
    """Resident memory in MB; the peak where /proc is absent."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def save_json(path: Path, facts: object) -> None:
    """Write facts as JSON that people can read."""
    path.write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
