"""How ONNX Runtime is opened here: on the CPU, quiet, and modest with what it takes from the machine."""

import os
from typing import Any, Final

from enroll.telemetry import onnx_runtime

MOST_THREADS: Final = 4  # more share too little work on pictures of this size


def usable_cores() -> int:
    """Return how many threads `threads=0` stands for: the cores this process may use, at most `MOST_THREADS`."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(MOST_THREADS, allowed or 1)


def open_session(model: bytes, threads: int) -> Any:
    """Return an inference session on the bytes of a model; raises whatever ONNX Runtime raises.

    `threads=0` means `usable_cores()`; ONNX Runtime's own choice would pin threads to cores that others use,
    too. Nothing process-wide is changed.
    """
    onnxruntime = onnx_runtime()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors only: old files list initialisers as inputs, which warns
    options.intra_op_num_threads = threads or usable_cores()
    # Memory of a large picture is given back; at the same speed a third less is needed at the peak.
    options.enable_cpu_mem_arena = False
    # Idle threads sleep: while they spin, detector and encoder take each other's cores (half the speed).
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
