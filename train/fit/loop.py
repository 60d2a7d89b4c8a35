"""The one training loop, read from top to bottom.

From a clone with the extra `train`:

    attendance train fit train/recipes/face-default.toml --data ../shared/data --out runs/face-default
    attendance train fit train/recipes/face-default.toml --data ../shared/data --out runs/face-default   # resumes

A step is a pure function of (recipe, stage, step): rows, augmentation and learning rate are drawn from generators
seeded with those numbers, so a run that was killed ends with the figures of an unbroken one.
"""

import csv
import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np
import torch
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor, nn

from train.console import stderr
from train.data.sampling import Sampler, seeded
from train.errors import DeviceMissing, RecipeInvalid, TrainingDiverged
from train.fit.inputs import Inputs
from train.fit.losses import Batch
from train.nets.checkpoint import load_checkpoint, save_checkpoint
from train.recipe import WEIGHTS, Recipe, Stage

AUGMENT_STREAM = 7919  # keeps a step's augmentation apart from its sampling
LOG_EVERY = 10
LOG_HEADER = ["number", "stage", "step", "name", "value"]


class Teacher(Protocol):
    """Teachers' embeddings (n, t) of rows (n,): an array, or what stands for one."""

    def __getitem__(self, rows: np.ndarray) -> np.ndarray: ...


@dataclass(frozen=True)
class Job:
    """What a stage works with. `network` runs on `inputs`' tensors; it may be a part of the model that is saved.

    `origin` holds parameters by name that the stage's end is averaged with, where these are not its start.
    """

    stage: Stage
    network: nn.Module
    inputs: Inputs
    sampler: Sampler
    losses: Mapping[str, nn.Module]
    weights: Mapping[str, float]
    labels: np.ndarray
    teacher: Teacher | None = None
    origin: Mapping[str, Tensor] | None = None


Evaluate = Callable[[nn.Module], Mapping[str, float]]


def device_of(name: str) -> torch.device:
    """`auto` is the GPU where there is one; asking for one that is missing raises DeviceMissing."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise DeviceMissing(name, "PyTorch finds no CUDA device on this machine")
    return torch.device(name)


def fit(
    recipe: Recipe, model: nn.Module, jobs: Sequence[Callable[[], Job]], out: Path, *, evaluate: Evaluate | None = None
) -> nn.Module:
    """Train `model` through all stages and return it; `out` receives checkpoint, log and the final weights.

    Raises TrainingDiverged, CheckpointRefused, CheckpointUnwritten, DeviceMissing. A checkpoint in `out` is continued.
    """
    device = device_of(recipe.device)
    out.mkdir(parents=True, exist_ok=True)
    path = out / "checkpoint.pt"
    saved = load_checkpoint(path, recipe.digest) if path.is_file() else None
    model.to(device)
    if saved is not None:
        model.load_state_dict(saved["model"])
    heads = saved.get("losses", {}) if saved else {}
    with Log(out, saved) as log:
        for number in range(saved["stage"] if saved else 0, len(jobs)):
            torch.manual_seed(recipe.seed + number)
            run = StageRun(recipe, number, jobs[number](), model, device, log, path)
            if saved is not None and "optimizer" in saved:
                run.restore(saved)
            run.work(evaluate)
            heads, saved = run.losses.state_dict(), None
    final = {"digest": recipe.digest, "recipe": recipe.name, "model": model.state_dict(), "losses": heads}
    save_checkpoint(out / WEIGHTS, final)
    return model


class Log:
    """`log.csv` and TensorBoard events, one row every few steps; continued after a resume."""

    def __init__(self, out: Path, saved: Mapping[str, Any] | None) -> None:
        path = out / "log.csv"
        kept = _rows_before(path, saved) if saved and path.is_file() else []
        self.file = path.open("w", newline="", encoding="utf-8")
        self.rows = csv.writer(self.file)
        self.rows.writerows([LOG_HEADER, *kept])
        from torch.utils.tensorboard import SummaryWriter

        self.board = SummaryWriter(str(out / "tensorboard"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()
        self.board.close()

    def write(self, number: int, stage: str, step: int, values: Mapping[str, float]) -> None:
        """One row a value; flushed, so that a run can be watched."""
        for name, value in values.items():
            self.rows.writerow([number, stage, step, name, f"{value:.6g}"])
            self.board.add_scalar(f"{stage}/{name}", value, step)
        self.file.flush()


def _rows_before(path: Path, saved: Mapping[str, Any]) -> list[list[str]]:
    """Rows of a log up to the checkpoint: what was done after it is done again."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.reader(file) if len(row) == len(LOG_HEADER)][1:]
    return [row for row in rows if (int(row[0]), int(row[2])) <= (saved["stage"], saved["step"])]


class StageRun:
    """One stage at work: its optimizer, its averages, its place."""

    def __init__(
        self, recipe: Recipe, number: int, job: Job, model: nn.Module, device: torch.device, log: Log, path: Path
    ) -> None:
        self.recipe, self.number, self.job, self.model, self.log, self.path = recipe, number, job, model, log, path
        self.stage, self.device = job.stage, device
        self.losses = nn.ModuleDict({_key(name): loss for name, loss in job.losses.items()}).to(device)
        self.parameters = _trainable(model, job.stage.trainable)
        self.optimizer = torch.optim.AdamW(
            [*self.parameters.values(), *self.losses.parameters()], lr=job.stage.lr, weight_decay=job.stage.weight_decay
        )
        origin = self.parameters if job.origin is None else job.origin
        self.start = {name: origin[name].detach().clone().to(device) for name in self.parameters}
        self.ema = {name: value.detach().clone() for name, value in self.parameters.items()}
        self.step = 0

    def restore(self, saved: dict[str, Any]) -> None:
        """Continue exactly where a checkpoint stands."""
        self.step = saved["step"]
        self.optimizer.load_state_dict(saved["optimizer"])
        self.losses.load_state_dict(saved["losses"])
        self.start, self.ema = ({k: v.to(self.device) for k, v in saved[name].items()} for name in ("start", "ema"))
        torch.set_rng_state(saved["torch_rng"])

    def save(self) -> None:
        save_checkpoint(
            self.path,
            {
                "digest": self.recipe.digest,
                "recipe": self.recipe.name,
                "stage": self.number,
                "step": self.step,
                "model": self.model.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "losses": self.losses.state_dict(),
                "start": self.start,
                "ema": self.ema,
                "torch_rng": torch.get_rng_state(),
            },
        )

    def work(self, evaluate: Evaluate | None) -> None:
        """All remaining steps of the stage, then its averaging."""
        self._announce()
        saved_at = time.monotonic()
        with _progress() as bar:
            task = bar.add_task(self.stage.name, total=self.stage.steps, completed=self.step, note="")
            while self.step < self.stage.steps:
                values = self._one_step()
                self.step += 1
                bar.update(task, completed=self.step, note=f"loss {values['loss']:.4f}")
                if self.step % LOG_EVERY == 0 or self.step == self.stage.steps:
                    self.log.write(self.number, self.stage.name, self.step, values)
                if evaluate and self.stage.evaluate_every and self.step % self.stage.evaluate_every == 0:
                    self.log.write(self.number, self.stage.name, self.step, self._evaluated(evaluate))
                if time.monotonic() - saved_at > 60 * self.recipe.checkpoint_minutes:
                    self.save()
                    saved_at = time.monotonic()
        self._finish()

    def _one_step(self) -> dict[str, float]:
        job, stage = self.job, self.stage
        rows = job.sampler(self.step)
        inputs = job.inputs(rows, seeded(self.recipe.seed, AUGMENT_STREAM, self.number, self.step))
        self._train_mode()
        with self._precision():
            embeddings = job.network(*(tensor.to(self.device) for tensor in inputs))
        labels, pictures = (torch.from_numpy(column).to(self.device) for column in (job.labels[rows], rows))
        batch = Batch(embeddings.float(), labels, self._teacher(rows), pictures)
        parts = {name: self.losses[_key(name)](batch) for name in job.losses}
        loss = sum((job.weights[name] * value for name, value in parts.items()), torch.zeros((), device=self.device))
        if not torch.isfinite(loss):
            raise TrainingDiverged(f"{stage.name}, step {self.step}", f"the loss is {loss.item()}")
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        norm = self._clipped()
        rate = learning_rate(stage, self.step)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self._follow()
        return {"loss": loss.item(), "lr": rate, "gradient": norm, **{k: v.item() for k, v in parts.items()}}

    def _precision(self) -> AbstractContextManager[object]:
        if self.stage.precision == "bfloat16":
            return torch.autocast(self.device.type, dtype=torch.bfloat16)
        return nullcontext()

    def _teacher(self, rows: np.ndarray) -> Tensor | None:
        if self.job.teacher is None:
            return None
        return torch.from_numpy(self.job.teacher[rows].astype(np.float32)).to(self.device)

    def _train_mode(self) -> None:
        self.model.train()
        if self.stage.frozen_batchnorm:
            for module in self.model.modules():
                if isinstance(module, nn.modules.batchnorm._BatchNorm):  # noqa: SLF001 - the base of all three
                    module.eval()

    def _clipped(self) -> float:
        limit = self.stage.clip or math.inf
        return float(nn.utils.clip_grad_norm_([*self.parameters.values(), *self.losses.parameters()], limit))

    def _follow(self) -> None:
        """The exponential moving average trails the weights; a young average follows faster."""
        if self.stage.ema:
            pace = 1 - min(self.stage.ema, (self.step + 1) / (self.step + 10))
            for name, value in self.parameters.items():
                self.ema[name].lerp_(value.detach(), pace)

    def _evaluated(self, evaluate: Evaluate) -> Mapping[str, float]:
        """Figures of the weights that the stage would leave behind now; training goes on from where it was."""
        live = {name: value.detach().clone() for name, value in self.parameters.items()}
        self._write(self._result())
        self.model.eval()
        values = evaluate(self.model)
        self._write(live)
        return values

    def _result(self) -> dict[str, Tensor]:
        end = self.ema if self.stage.ema else {name: value.detach() for name, value in self.parameters.items()}
        return {name: torch.lerp(self.start[name], end[name], self.stage.average) for name in end}

    def _write(self, values: Mapping[str, Tensor]) -> None:
        with torch.no_grad():
            for name, value in values.items():
                self.parameters[name].copy_(value)

    def _finish(self) -> None:
        self._write(self._result())
        done = {"digest": self.recipe.digest, "recipe": self.recipe.name, "stage": self.number + 1, "step": 0}
        save_checkpoint(self.path, {**done, "model": self.model.state_dict(), "losses": self.losses.state_dict()})

    def _announce(self) -> None:
        count = sum(value.numel() for value in self.parameters.values())
        size = len(self.job.sampler(0))
        steps = f"{self.stage.steps:,} steps of {size} pictures on {self.device}"
        text = f"{self.stage.name}: {count:,} parameters train, {steps}"
        stderr().print(f"{text}, from step {self.step:,}" if self.step else text, highlight=False)


def learning_rate(stage: Stage, step: int) -> float:
    """Linear warm-up, then half a cosine down to zero."""
    if step < stage.warmup:
        return stage.lr * (step + 1) / stage.warmup
    done = (step - stage.warmup) / max(1, stage.steps - stage.warmup)
    return stage.lr * 0.5 * (1 + math.cos(math.pi * done))


def _trainable(model: nn.Module, prefixes: tuple[str, ...]) -> dict[str, nn.Parameter]:
    chosen = {n: p for n, p in model.named_parameters() if not prefixes or n.startswith(prefixes)}
    if not chosen:
        raise RecipeInvalid("trainable", f"no parameter's name begins with any of {', '.join(prefixes)}")
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name in chosen)
    return chosen


def _key(name: str) -> str:
    return name.replace(".", "_")


def _progress() -> Progress:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    return Progress(*columns, console=stderr(), disable=not stderr().is_terminal)
