"""nn: layers, losses, optimisers and data for networks as the book has them.

Compositions only: nothing in this package defines a gradient.
"""

from nn.contract import Contract
from nn.data import Dataset, Examples, batches, digits, mnist, one_hot
from nn.layers import Affine, ReLU, Sigmoid, Softmax
from nn.losses import SoftmaxWithLoss
from nn.models import TwoLayerNet
from nn.module import Module, Sequential
from nn.normalization import BatchNormalization
from nn.optim import SGD, Optimizer

__all__ = [
    "SGD",
    "Affine",
    "BatchNormalization",
    "Contract",
    "Dataset",
    "Examples",
    "Module",
    "Optimizer",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "SoftmaxWithLoss",
    "TwoLayerNet",
    "batches",
    "digits",
    "mnist",
    "one_hot",
]
