"""P5, cost: a child process of its own loads one encoder and embeds one face on one thread.

Memory is told honestly only by a process that has loaded nothing else. Milliseconds depend on the machine and on who
else uses it: a yardstick, MobileFaceNet as published, is timed in turns with the encoder. The ratio of the processor
time that the two take, which waiting for a busy core does not count into, travels better.
"""

import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from enroll.telemetry import onnx_runtime
from train.errors import MeasureFailed
from train.nets.published import FILES
from train.score.encoders import Contender, open_contender

YARDSTICK = "peer:mobilefacenet"
WARM_UP = 20
TIMED = 200
LIMIT_S = 900


def cost(name: str, contender: Contender, folder: Path, scratch: Path) -> dict[str, float]:
    """Milliseconds a face (best and median of 200), ratio to the yardstick, MB on disk, MB of memory.

    `memory_mb` is what loading the encoder and embedding added to a process with Python and the libraries in it;
    `peak_mb` the most that the whole process held until then. Raises MeasureFailed.
    """
    if (folder / FILES["mobilefacenet"]).is_file():
        open_contender(YARDSTICK, folder, scratch)  # exported here, so that no PyTorch weighs on the child
    command = [sys.executable, "-m", "train.measure.cost", name, str(folder.resolve()), str(scratch)]
    paths = os.pathsep.join([str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}
    try:
        done = subprocess.run(  # noqa: S603 - our own module
            command, capture_output=True, text=True, check=True, timeout=LIMIT_S, env=environment
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        said = str(error.stderr or error).strip().splitlines()[-1]
        raise MeasureFailed(name, f"the process that measures cost ended early: {said}") from error
    measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return {**measured, "file_mb": sum(file.stat().st_size for file in contender.files) / 1e6}


def measure_here(name: str, folder: Path, scratch: Path) -> dict[str, float]:
    """What the child measures in itself, memory first."""
    onnx_runtime()  # libraries are not the encoder's memory
    crop = np.random.default_rng(1).integers(0, 256, (1, 112, 112, 3), dtype=np.uint8)
    before = memory_mb("VmRSS")
    contender = open_contender(name, folder, scratch, threads=1)
    for _ in range(WARM_UP):
        contender.embed(crop)
    memory = {"memory_mb": memory_mb("VmRSS") - before, "peak_mb": memory_mb("VmHWM")}
    found = {name: value for name, value in memory.items() if not math.isnan(value)}
    rivals = [contender.embed]
    if (folder / FILES["mobilefacenet"]).is_file():
        rivals.append(open_contender(YARDSTICK, folder, scratch, threads=1).embed)
    taken = time_in_turns(rivals, crop)
    passed, worked = np.median(taken, axis=2).T
    found |= {"embed_ms": float(passed[0]), "embed_ms_best": float(taken[0, 0].min())}
    return found | ({"ratio": float(worked[0] / worked[1])} if len(rivals) > 1 else {})


def time_in_turns(rivals: Sequence[Callable[[np.ndarray], np.ndarray]], crop: np.ndarray) -> np.ndarray:
    """Milliseconds (rivals, 2, 200) that passed, and that this thread worked, in one call each, taken in turns.

    A busy moment then hits all of them.
    """
    taken = np.zeros((len(rivals), 2, TIMED))
    for number in range(-WARM_UP, TIMED):  # warm-up fills places that are overwritten later
        for i, embed in enumerate(rivals):
            passed, worked = time.perf_counter(), time.thread_time()
            embed(crop)
            taken[i, :, number] = 1000 * (time.perf_counter() - passed), 1000 * (time.thread_time() - worked)
    return taken


def memory_mb(entry: str) -> float:
    """`VmRSS` (now) or `VmHWM` (the most so far) of this process in MB; not a number where /proc is absent."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return float("nan")
    kilobytes = next(int(line.split()[1]) for line in lines if line.startswith(f"{entry}:"))
    return kilobytes / 1024


if __name__ == "__main__":
    print(json.dumps(measure_here(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))))  # noqa: T201 - the child's answer
