"""tinygrad_jp, with the layers, loss and optimiser of `nn` as a user takes them.

What they do beyond the plain ops (checks of shapes and labels, a scope for each
layer, which pictures show as a box) is in the time.
"""

from __future__ import annotations

import numpy as np

import nn
import tinygrad_jp as tg
from benchmarks.contenders import ours
from benchmarks.contenders.base import Recorded, Repeated, pairs
from benchmarks.problems import ConvNet, Network

versions = ours.versions

ACTIVATIONS = {"relu": nn.ReLU, "sigmoid": nn.Sigmoid}


class Training(Recorded):
    """Forward, backward, SGD."""

    def __init__(self, problem: Network) -> None:
        rng = np.random.default_rng(0)
        layers: list[nn.Module] = []
        for weight, bias in pairs(list(problem.parameters)):
            affine = nn.Affine(*weight.shape, rng=rng, dtype=weight.dtype)
            affine.W = tg.Tensor(weight, requires_grad=True)
            affine.b = tg.Tensor(bias, requires_grad=True)
            layers += [affine, ACTIVATIONS[problem.activation]()]
        self.model = nn.Sequential(*layers[:-1])
        self.criterion = nn.SoftmaxWithLoss()
        self.leaves = self.model.parameters()
        self.sgd = nn.SGD(self.leaves, lr=problem.lr)
        self.x = tg.Tensor(problem.x)
        self.t = tg.Tensor(problem.t)

    def loss(self) -> tg.Tensor:
        """Softmax cross entropy."""
        return self.criterion(self.model(self.x), self.t)

    def step(self) -> tg.Tensor:
        """One update."""
        self.sgd.zero_grad()
        loss = self.loss()
        loss.backward()
        self.sgd.step()
        return loss


class Convolutional(Repeated):
    """The book's network, as `nn` has it."""

    def __init__(self, problem: ConvNet) -> None:
        filters = problem.parameters[0]
        self.net = nn.SimpleConvNet(
            problem.x.shape[1:],
            filters=len(filters),
            filter_size=filters.shape[-1],
            hidden_size=len(problem.parameters[3]),
            output_size=len(problem.parameters[5]),
            rng=np.random.default_rng(0),
            dtype=filters.dtype,
        )
        for name, p in zip(self.net.params, problem.parameters, strict=True):
            self.net.params[name] = tg.Tensor(p, requires_grad=True)
        self.leaves = list(self.net.params.values())
        self.x = tg.Tensor(problem.x)
        self.t = tg.Tensor(problem.t)

    def loss(self) -> tg.Tensor:
        """Forward pass."""
        return self.net.loss(self.x, self.t)


network = Training
convnet = Convolutional
