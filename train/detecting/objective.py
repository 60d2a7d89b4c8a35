"""What a detector is taught: which cells answer for which face, and what their outputs should be.

Cells are assigned as by Ge et al., "YOLOX: Exceeding YOLO Series in 2021" (SimOTA), which YuNet's authors use: to each
face the few cells whose present outputs fit it best. Boxes are judged by EIoU (Zhang et al., "Focal and Efficient IOU
Loss for Accurate Bounding Box Regression", 2021).
"""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from train.nets.yunet import STRIDES, YuNet

MOST_FACES = 16
FACE = 4 + 10 + 1
"""Numbers of one face of a target: box x0, y0, x1, y1, landmarks, and 1 for a face, -1 for what is ignored, else 0."""
CENTRE = 2.5  # strides around a face's middle within which a cell may answer for it
CANDIDATES = 10  # best overlaps that tell how many cells answer for a face
OVERLAP_COST = 3.0
OUTSIDE_COST = 1e5
BOX_WEIGHT = 5.0
POINT_WEIGHT = 5.0
POINT_BETA = 0.05  # of a face's side: smaller errors of a landmark count squared
LARGEST = 8.0  # logarithm of a side in strides
PARTS = ("faces", "fit", "boxes", "points")
"""Parts of the loss, in the order in which `Criterion` returns them."""


@dataclass(frozen=True)
class Grid:
    """Cells of all levels in a row: top left corners (a, 2) in px and strides (a, 1)."""

    corners: Tensor
    strides: Tensor


def grid(height: int, width: int) -> Grid:
    """Cells of a picture of this size, levels in the order of `STRIDES`, rows before columns."""
    corners, strides = [], []
    for stride in STRIDES:
        y, x = torch.meshgrid(torch.arange(height // stride), torch.arange(width // stride), indexing="ij")
        corners.append(torch.stack([x, y], -1).reshape(-1, 2) * float(stride))
        strides.append(torch.full((len(corners[-1]), 1), float(stride)))
    return Grid(torch.cat(corners), torch.cat(strides))


def flat(levels: tuple[Tensor, ...]) -> Tensor:
    """Outputs (n, a, 16) of all levels in the order of `grid`."""
    return torch.cat([level.flatten(2).transpose(1, 2) for level in levels], 1)


def boxes_of(outputs: Tensor, cells: Grid) -> Tensor:
    """Boxes (..., a, 4), x0, y0, x1, y1 in px, of outputs (..., a, 16)."""
    middles = outputs[..., 2:4] * cells.strides + cells.corners
    half = torch.exp(outputs[..., 4:6].clamp(max=LARGEST)) * cells.strides / 2
    return torch.cat([middles - half, middles + half], -1)


def points_of(outputs: Tensor, cells: Grid) -> Tensor:
    """Landmarks (..., a, 5, 2) in px of outputs (..., a, 16)."""
    shifts: Tensor = outputs[..., 6:].reshape(*outputs.shape[:-1], 5, 2)
    return shifts * cells.strides[:, None] + cells.corners[:, None]


class Criterion(nn.Module):
    """A network with its judge: pictures (n, 3, H, W) and targets (n, m, 15) to the parts (4,) of the loss."""

    def __init__(self, network: YuNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, pictures: Tensor, targets: Tensor) -> Tensor:
        cells = grid(*pictures.shape[2:])
        outputs = flat(self.network(pictures))
        if not torch.isfinite(outputs).all():  # no cell can be assigned; the loop stops at a loss that is no number
            return torch.full((len(PARTS),), torch.nan)
        return judged(outputs, targets, cells)


def judged(outputs: Tensor, targets: Tensor, cells: Grid) -> Tensor:
    """Parts of the loss (4,) of outputs (n, a, 16): face, how well the box fits, boxes, landmarks; means."""
    wanted, overlaps = torch.zeros(outputs.shape[:2]), torch.zeros(outputs.shape[:2])
    counts = torch.ones(outputs.shape[:2])
    taken, faces = [], []
    for number, (own, target) in enumerate(zip(outputs.detach(), targets, strict=True)):
        answer = assign(own, target[target[:, -1] > 0], cells)
        ignored = _inside(cells, target[target[:, -1] < 0, :4]).any(1) if (target[:, -1] < 0).any() else None
        if ignored is not None:
            counts[number, ignored] = 0
        rows = torch.nonzero(answer >= 0)[:, 0]
        wanted[number, rows], counts[number, rows] = 1.0, 1.0
        taken.append(torch.stack([torch.full_like(rows, number), rows], 1))
        faces.append(target[target[:, -1] > 0][answer[rows]])
    places, aims = torch.cat(taken), torch.cat(faces)
    total = max(1, len(places))
    if not len(places):
        zero = outputs.sum() * 0
        return torch.stack([*_sureness(outputs, overlaps, wanted, counts, total), zero, zero])
    chosen = outputs[places[:, 0], places[:, 1]]
    near = Grid(cells.corners[places[:, 1]], cells.strides[places[:, 1]])
    boxes, points = boxes_of(chosen, near), points_of(chosen, near)
    overlap, lost = eiou(boxes, aims[:, :4])
    overlaps[places[:, 0], places[:, 1]] = overlap.detach().clamp(0, 1)
    side = (aims[:, 2:4] - aims[:, :2]).prod(1).sqrt()[:, None, None]
    off = (points - aims[:, 4:14].reshape(-1, 5, 2)) / side
    return torch.stack(
        [
            *_sureness(outputs, overlaps, wanted, counts, total),
            BOX_WEIGHT * lost.mean(),
            POINT_WEIGHT * F.smooth_l1_loss(off, torch.zeros_like(off), beta=POINT_BETA),
        ]
    )


def _sureness(outputs: Tensor, overlaps: Tensor, wanted: Tensor, counts: Tensor, total: int) -> tuple[Tensor, Tensor]:
    """Loss of both probabilities over all cells that count.

    The published network was taught its first one where faces are, alone; taught everywhere, it rejects, too.
    """
    parts = (
        F.binary_cross_entropy_with_logits(outputs[..., kind], aim, reduction="none") * counts
        for kind, aim in ((0, overlaps), (1, wanted))
    )
    face, fit = (part.sum() / total for part in parts)
    return face, fit


@torch.no_grad()
def assign(outputs: Tensor, faces: Tensor, cells: Grid) -> Tensor:
    """Which face (a,) each cell answers for, -1 for none, from outputs (a, 16) and faces (m, 15)."""
    answer = torch.full((len(outputs),), -1)
    if not len(faces):
        return answer
    middles = cells.corners + cells.strides / 2
    inside = _inside(cells, faces[:, :4])
    centres = (faces[:, :2] + faces[:, 2:4]) / 2
    near = ((middles[:, None] - centres).abs() < CENTRE * cells.strides[:, None]).all(-1)
    rows = torch.nonzero((inside | near).any(1))[:, 0]
    overlap = iou_of(boxes_of(outputs, cells)[rows][:, None], faces[None, :, :4])
    sure = torch.sqrt(outputs[rows, 0].sigmoid() * outputs[rows, 1].sigmoid()).clamp(1e-6, 1 - 1e-6)
    cost = -torch.log(sure)[:, None] - OVERLAP_COST * torch.log(overlap + 1e-8)
    cost += OUTSIDE_COST * ~(inside & near)[rows]
    matches = torch.zeros_like(cost, dtype=torch.bool)
    for face in range(len(faces)):
        best = overlap[:, face].topk(min(CANDIDATES, len(rows))).values.sum()
        count = min(max(1, int(best)), len(rows))
        matches[cost[:, face].topk(count, largest=False).indices, face] = True
    double = matches.sum(1) > 1
    matches[double] = F.one_hot(cost[double].argmin(1), len(faces)).bool()
    kept = matches.any(1)
    answer[rows[kept]] = matches[kept].int().argmax(1)
    return answer


def _inside(cells: Grid, boxes: Tensor) -> Tensor:
    """Whether the middle of each cell lies in each box (a, m)."""
    middles = (cells.corners + cells.strides / 2)[:, None]
    return ((middles > boxes[:, :2]) & (middles < boxes[:, 2:])).all(-1)


def iou_of(a: Tensor, b: Tensor) -> Tensor:
    """Intersection over union of boxes (..., 4), x0, y0, x1, y1."""
    common = (torch.minimum(a[..., 2:], b[..., 2:]) - torch.maximum(a[..., :2], b[..., :2])).clamp(min=0).prod(-1)
    areas = (a[..., 2:] - a[..., :2]).prod(-1) + (b[..., 2:] - b[..., :2]).prod(-1)
    return common / (areas - common).clamp(min=1e-6)


def eiou(found: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor]:
    """Overlap and EIoU loss, each (k,), of boxes (k, 4)."""
    overlap = iou_of(found, wanted)
    around = torch.maximum(found[:, 2:], wanted[:, 2:]) - torch.minimum(found[:, :2], wanted[:, :2])
    apart = ((found[:, :2] + found[:, 2:] - wanted[:, :2] - wanted[:, 2:]) / 2).square().sum(1)
    sides = ((found[:, 2:] - found[:, :2]) - (wanted[:, 2:] - wanted[:, :2])).square() / around.square().clamp(min=1e-6)
    lost = 1 - overlap + apart / around.square().sum(1).clamp(min=1e-6) + sides.sum(1)
    return overlap, lost


def targets_of(boxes: np.ndarray, landmarks: np.ndarray, sure: np.ndarray) -> np.ndarray:
    """One picture's target (`MOST_FACES`, 15) float32 from boxes x, y, width, height; faces before what is ignored."""
    target = np.zeros((MOST_FACES, FACE), np.float32)
    order = np.argsort(~sure, kind="stable")[:MOST_FACES]
    target[: len(order), :2] = boxes[order, :2]
    target[: len(order), 2:4] = boxes[order, :2] + boxes[order, 2:]
    target[: len(order), 4:14] = landmarks[order].reshape(-1, 10)
    target[: len(order), 14] = np.where(sure[order], 1.0, -1.0)
    return target
