"""`Decoder`: photos are decoded by a process of their own, which is kept alive and replaced when it breaks or hangs.

One process serves the whole of this one. A photo that takes long holds up no other: whoever waits for more than a
moment gets a second process, or a third; they end as soon as nobody waits.
"""

import atexit
import contextlib
import dataclasses
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, BinaryIO, Final, TypeVar, cast

import numpy as np

from enroll.children import environment, widen
from enroll.errors import PhotoDamaged, PhotoError, PhotoUnreadable
from enroll.face import Pixels
from enroll.facts import Facts
from enroll.kinds import FORMATS
from enroll.photolimits import PhotoLimits

if TYPE_CHECKING:
    from io import BufferedReader

COMMAND: Final = (sys.executable, "-P", "-m", "enroll.decoderprocess")
MOST: Final = 3
"""Processes at a time."""
PATIENCE_S: Final = 0.5
"""How long a photo waits for the process that is busy with another before it gets one of its own."""
ENOUGH: Final = 5_000
"""Photos that one process decodes; whatever its libraries leak goes with it."""
# Each thread of a library reserves addresses, which count against the bound.
_FEW_THREADS: Final = {"MALLOC_ARENA_MAX": "2", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
_LONGEST_ANSWER: Final = 4096
_PIPE_BYTES: Final = 1 << 20
_END_S: Final = 2.0
_KINDS: Final = frozenset({*FORMATS, "HEIF"})
_COLOURS: Final = 3

_Decoded = tuple[Pixels, str]
_T = TypeVar("_T")


class _BrokenError(Exception):
    """The process is gone, or what it says makes no sense."""


class _HungError(Exception):
    """The process gave no answer in time."""


class Decoder:
    """Decodes photos in processes of their own; any number of threads may ask at once."""

    def __init__(self, command: Sequence[str] = COMMAND, *, most: int = MOST, patience_s: float = PATIENCE_S) -> None:
        self._command, self._most, self._patience_s = tuple(command), most, patience_s
        self._ends_with_us = False
        self._begin()

    def start(self) -> None:
        """Begin a process unless there is one, so that the first photo finds it ready; trouble comes with that."""
        with self._change:
            if self._busy or self._idle:
                return
            self._busy += 1
        with contextlib.suppress(OSError):
            self._give_back(self._started())

    def decode(self, data: bytes, source: str, limits: PhotoLimits) -> _Decoded:
        """Upright RGB (H, W, 3) uint8, and Pillow's name of the format. Raises a `PhotoError` that names the source.

        Where a process breaks down that has decoded other photos before, a new one tries once more: the fault may
        be one of those.
        """
        return self._asked(source, limits, lambda child: child.decode(data, source, limits))

    def facts(self, data: bytes, source: str, limits: PhotoLimits) -> Facts:
        """What the file tells beside its pixels. Raises a `PhotoError` as `decode` does where a process fails."""
        return self._asked(source, limits, lambda child: child.facts(data, source, limits))

    def _asked(self, source: str, limits: PhotoLimits, ask: "Callable[[_Child], _T]") -> "_T":
        while True:
            child = self._taken(source)
            first = child.photos == 0
            try:
                return ask(child)
            except _HungError as problem:
                seconds = f"{limits.max_seconds:.0f} seconds"
                raise PhotoDamaged(source, f"its decoder did not end within {seconds}") from problem
            except _BrokenError as problem:
                if first:
                    raise PhotoDamaged(source, "the picture cannot be decoded (its decoder broke down)") from problem
            finally:
                self._give_back(child)

    def close(self) -> None:
        """End the processes; the next photo begins another."""
        with self._change:
            ended = list(self._all)
            self._idle.clear()
            self._all.clear()
            self._change.notify_all()
        for child in ended:
            child.end()

    def _begin(self) -> None:
        self._change = threading.Condition()
        self._idle: list[_Child] = []
        self._all: set[_Child] = set()
        self._busy = self._waiting = 0  # processes that decode or begin; threads that wait for one

    def _taken(self, source: str) -> "_Child":
        """A process for one photo: one that is idle, else a new one where there is none or all have been busy long."""
        with self._change:
            self._waiting += 1
            self._change.wait_for(lambda: self._idle or not self._busy, self._patience_s)
            self._change.wait_for(lambda: self._idle or self._busy < self._most)
            self._waiting -= 1
            self._busy += 1
            child = self._idle.pop() if self._idle else None
        if child is not None and child.lives:
            return child
        if child is not None:
            self._drop(child)
        try:
            return self._started()
        except OSError as problem:
            raise PhotoUnreadable(source, f"its decoder cannot be started ({problem.strerror})") from problem

    def _started(self) -> "_Child":
        """A new process in the place that is kept for it, which is free again where it does not start."""
        try:
            child = _Child(self._command)
        except OSError:
            with self._change:
                self._busy -= 1
                self._change.notify_all()
            raise
        with self._change:
            self._all.add(child)
            ends_with_us, self._ends_with_us = self._ends_with_us, True
        if not ends_with_us:
            atexit.register(self.close)
            if hasattr(os, "register_at_fork"):
                os.register_at_fork(after_in_child=self._forget)
        return child

    def _give_back(self, child: "_Child") -> None:
        """Let the next photo have the process, or end it: when it is of no use, or nobody waits and another is idle."""
        with self._change:
            self._busy -= 1
            kept = child in self._all and child.lives and child.photos < ENOUGH and (self._waiting or not self._idle)
            if kept:
                self._idle.append(child)
            self._change.notify_all()
        if not kept:
            self._drop(child)

    def _drop(self, child: "_Child") -> None:
        with self._change:
            self._all.discard(child)
        child.end()

    def _forget(self) -> None:
        """In a fork of this process: its decoders belong to the other one."""
        for child in self._all:
            child.forget()
        self._begin()


class _Child:
    """One process. `photos` counts what it was asked to decode."""

    def __init__(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**environment(), **_FEW_THREADS},
        )
        self._orders = cast("BinaryIO", self._process.stdin)
        self._answers = cast("BufferedReader", self._process.stdout)
        for pipe in (self._orders, self._answers):
            widen(pipe.fileno(), _PIPE_BYTES)
        self._hung = False
        self.photos = 0

    @property
    def lives(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def decode(self, data: bytes, source: str, limits: PhotoLimits) -> _Decoded:
        """Have a photo decoded. Raises a `PhotoError`; `_HungError` and `_BrokenError`, and the process is no more."""
        return self._watched(limits, lambda: self._decoded(data, source, limits))

    def facts(self, data: bytes, source: str, limits: PhotoLimits) -> Facts:
        """Have a file asked for what it tells. Raises as `decode` does."""
        return self._watched(limits, lambda: Facts(**self._ask("facts", data, source, limits)))

    def _watched(self, limits: PhotoLimits, work: "Callable[[], _T]") -> "_T":
        self.photos += 1
        watch = threading.Timer(limits.max_seconds, self._stop)
        watch.daemon = True
        watch.start()
        try:
            return work()
        except PhotoError:
            raise
        except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as problem:
            self.end()
            raise (_HungError if self._hung else _BrokenError) from problem
        except BaseException:  # Ctrl-C: the answer that is under way is for nobody
            self.end()
            raise
        finally:
            watch.cancel()

    def end(self) -> None:
        """End it at once, whatever it hangs in."""
        self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):  # stuck in the system: that reaps it later
            self._process.wait(_END_S)
        for pipe in (self._orders, self._answers):
            with contextlib.suppress(OSError, ValueError):
                pipe.close()

    def forget(self) -> None:
        """Leave it to the process that this one was forked from: none of its pipes may stay open here."""
        with Path(os.devnull).open("r+b") as nothing:
            for pipe in (self._orders, self._answers):
                os.dup2(nothing.fileno(), pipe.fileno())  # no lock of theirs is taken: a thread may have held it
        self._process.returncode = 0

    def _stop(self) -> None:
        self._hung = True
        self._process.kill()

    def _decoded(self, data: bytes, source: str, limits: PhotoLimits) -> _Decoded:
        answer = self._ask("pixels", data, source, limits)
        if "error" in answer:
            raise _error(answer, source)
        pixels = np.empty(_shape(answer, limits), np.uint8)
        if answer["format"] not in _KINDS or self._answers.readinto(pixels.reshape(-1).data) != pixels.size:
            raise ValueError("what came is no picture")
        return pixels, answer["format"]

    def _ask(self, what: str, data: bytes, source: str, limits: PhotoLimits) -> dict[str, Any]:
        """Send an order with the file's bytes; the line of answer."""
        name = f"photo{PurePath(source).suffix}"
        order = {"ask": what, "size": len(data), "name": name, "limits": dataclasses.asdict(limits)}
        self._orders.write(json.dumps(order).encode() + b"\n")
        self._orders.write(data)
        self._orders.flush()
        answer: dict[str, Any] = json.loads(self._answers.readline(_LONGEST_ANSWER))
        return answer


def _error(answer: dict[str, Any], source: str) -> PhotoError:
    """The refusal that an answer names. Raises what nonsense raises."""
    kinds = {kind.id: kind for kind in PhotoError.__subclasses__()}
    detail = "".join(each if each.isprintable() else " " for each in answer["detail"])
    return kinds[answer["error"]](source, detail)


def _shape(answer: dict[str, Any], limits: PhotoLimits) -> tuple[int, int, int]:
    """Height, width and colours that an answer names. Raises `ValueError` for more than the limits let through."""
    height, width, colours = answer["shape"]
    if colours != _COLOURS or not all(type(each) is int and 0 < each <= limits.reduce_to for each in (height, width)):
        raise ValueError("the answer's size makes no sense")
    return height, width, colours


DECODER: Final = Decoder()
"""The one of this process."""
