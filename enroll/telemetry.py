"""No library used here reports to its vendor: each one's switch is thrown before it is imported.

ONNX Runtime from 1.29 on (Linux, macOS) keeps a device id and a store of events under HOME and looks up its vendor's
host unless `ORT_DISABLE_TELEMETRY` is set when it is imported; on Windows it writes to the system's event trace until
it is told not to. OpenVINO (extra `train`) reports its import through the package `openvino_telemetry`, which heeds no
variable, but which OpenVINO goes without where it cannot be imported. Child processes inherit the variables.
"""

import os
import sys
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

SWITCHES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ORT_DISABLE_TELEMETRY": "1",  # onnxruntime
        "HF_HUB_DISABLE_TELEMETRY": "1",  # huggingface_hub, which timm imports
        "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false",  # streamlit
        "DO_NOT_TRACK": "1",  # what others heed
    }
)
BARRED: Final = "openvino_telemetry"


def opt_out() -> None:
    """Throw the switches for this process and its children; what somebody set otherwise is overruled."""
    os.environ.update(SWITCHES)


def onnx_runtime() -> Any:
    """Import ONNX Runtime with its telemetry off, as far as can be also where somebody imported it before."""
    opt_out()
    import onnxruntime

    disable = getattr(onnxruntime, "disable_telemetry_events", None)
    if disable is not None:
        disable()
    return onnxruntime


def onnx_quantization() -> Any:
    """Import ONNX Runtime's tools for quantising a file, its telemetry off likewise; they need the package `onnx`."""
    onnx_runtime()
    from onnxruntime import quantization

    return quantization


def open_vino() -> Any:
    """Import OpenVINO without its telemetry; raises ImportError where it is not installed."""
    opt_out()
    sys.modules.setdefault(BARRED, None)  # type: ignore[arg-type]  # None: importing it raises ImportError
    import openvino

    return openvino
