"""学習のくり返し / The loops of chapters 4 and 5, for the pages that compare networks.

4、5 章では 1 行ずつ書きました。6 章からは、違うところだけをページに書きます。
Chapters 4 and 5 spell them out; from chapter 6 on a page holds what differs alone.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

import nn

# 学習率が大きすぎると数はあふれて NaN になる。それも見るべき結果 / Where a learning
# rate is too large, numbers overflow to NaN: not an error here, but a result to see.
overflowing = np.errstate(over="ignore", invalid="ignore")


def step(net: nn.Network, optimizer: nn.Optimizer, x: Any, t: Any) -> float:
    """1 回の更新 / One step of the optimiser; returns the loss before it."""
    loss = net.loss(x, t)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return float(loss.item())


@overflowing
def losses(
    net: nn.Network,
    optimizer: nn.Optimizer,
    examples: nn.Examples,
    steps: int,
    rng: np.random.Generator,
    batch_size: int = 100,
) -> NDArray[Any]:
    """ミニバッチを選んで学習する / Learn from batches drawn at random.

    Returns:
        The loss of every batch, (steps,).
    """
    found = []
    for _ in range(steps):
        batch = rng.choice(len(examples), batch_size)
        found.append(step(net, optimizer, examples.x[batch], examples.t[batch]))
    return np.array(found)


@overflowing
def accuracies(
    net: nn.Network,
    optimizer: nn.Optimizer,
    data: nn.Dataset,
    epochs: int,
    rng: np.random.Generator,
) -> NDArray[Any]:
    """エポックごとの正解率 / Learn, and note the accuracies before it and each epoch.

    Returns:
        Of training and of test data, (epochs + 1, 2), in percent.
    """
    found = []
    for epoch in range(epochs + 1):
        if epoch:
            for x, t in nn.batches(*data.train, 100, rng=rng):
                step(net, optimizer, x, t)
        found.append((net.accuracy(*data.train), net.accuracy(*data.test)))
    return 100 * np.array(found)
