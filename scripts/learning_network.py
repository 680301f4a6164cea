"""A small network that learns corrections and their errors by Adam, the same ones each time."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from learning_peaks import FloatArray
from numpy.typing import NDArray

Array32 = NDArray[np.float32]

FREEDOM: Final = 5.0
"""Degrees of freedom of Student's t, whose likelihood a few hopeless scans do not rule."""
_BATCH: Final = 512
_RATE: Final = 2e-3
_DECAY: Final = 0.1
"""How fast the weights shrink by themselves, relative to the rate."""
_MOMENTS: Final = (0.9, 0.999)
_LOG_ERROR_START: Final = -2.5


@dataclass(frozen=True, slots=True, eq=False)
class Layers:
    """Weights, shape (inputs, outputs), and offsets, shape (outputs,), of each layer."""

    weights: list[Array32]
    offsets: list[Array32]

    def activities(self, inputs: Array32) -> list[Array32]:
        """The inputs, what each hidden layer makes of them, and the outputs."""
        seen = [inputs]
        for weights, offsets in zip(self.weights[:-1], self.offsets[:-1], strict=True):
            seen.append(np.tanh(seen[-1] @ weights + offsets))
        return [*seen, seen[-1] @ self.weights[-1] + self.offsets[-1]]


def learned_layers(
    inputs: FloatArray, wrong: FloatArray, hidden: tuple[int, ...], epochs: int, seed: int
) -> Layers:
    """Learn q corrections and q logarithms of their errors.

    Parameters
    ----------
    inputs
        Shape (n, P), of about unit size.
    wrong
        Shape (n, q); what the corrections should be.
    hidden
        Width of each hidden layer.
    epochs
        How often each scan is seen; the rate falls to nothing meanwhile.
    """
    random = np.random.default_rng(seed)
    seen, truth = inputs.astype(np.float32), wrong.astype(np.float32)
    layers = _start(random, (seen.shape[1], *hidden, 2 * truth.shape[1]))
    parameters = [*layers.weights, *layers.offsets]
    first = [np.zeros_like(each) for each in parameters]
    second = [np.zeros_like(each) for each in parameters]
    steps = epochs * (len(seen) // _BATCH)
    step = 0
    for _ in range(epochs):
        order = random.permutation(len(seen))
        for k in range(len(seen) // _BATCH):
            rows = order[k * _BATCH : (k + 1) * _BATCH]
            step += 1
            rate = _RATE * (1 + np.cos(np.pi * step / steps)) / 2
            slopes = _slopes(layers, seen[rows], truth[rows])
            for place, slope in enumerate(slopes):
                first[place] += (1 - _MOMENTS[0]) * (slope - first[place])
                second[place] += (1 - _MOMENTS[1]) * (slope**2 - second[place])
                mean = first[place] / (1 - _MOMENTS[0] ** step)
                size = np.sqrt(second[place] / (1 - _MOMENTS[1] ** step)) + 1e-8
                held = _DECAY if place < len(layers.weights) else 0.0
                parameters[place] -= np.float32(rate) * (mean / size + held * parameters[place])
    return layers


def _start(random: np.random.Generator, sizes: tuple[int, ...]) -> Layers:
    weights, offsets = [], []
    for before, after in pairwise(sizes):
        weights.append((random.normal(size=(before, after)) / before**0.5).astype(np.float32))
        offsets.append(np.zeros(after, np.float32))
    weights[-1] *= np.float32(0.1)
    offsets[-1][sizes[-1] // 2 :] = _LOG_ERROR_START
    return Layers(weights, offsets)


def _slopes(layers: Layers, inputs: Array32, wrong: Array32) -> list[Array32]:
    """Derivatives of the mean negative log likelihood by all weights, then by all offsets."""
    seen = layers.activities(inputs)
    count = wrong.shape[1]
    shift, log_error = seen[-1][:, :count], seen[-1][:, count:]
    inverse = np.exp(-log_error)
    reduced = (wrong - shift) * inverse
    pull = (FREEDOM + 1) / FREEDOM * reduced / (1 + reduced**2 / FREEDOM)
    back = np.concatenate([-pull * inverse, 1 - pull * reduced], axis=1) / np.float32(len(wrong))
    by_weight, by_offset = [], []
    for k in range(len(layers.weights) - 1, -1, -1):
        by_weight.append(seen[k].T @ back)
        by_offset.append(back.sum(axis=0))
        if k > 0:
            back = (back @ layers.weights[k].T) * (1 - seen[k] ** 2)
    return [*reversed(by_weight), *reversed(by_offset)]
