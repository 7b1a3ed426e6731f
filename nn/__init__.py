"""nn: layers, losses, optimisers and data for networks as the book has them.

Compositions only: nothing in this package defines a gradient.
"""

from nn import init
from nn.activations import ELU, GELU, LeakyReLU, ReLU, Sigmoid, SiLU, Softmax, Tanh
from nn.adaptive import AdaGrad, Adam, AdamW, RMSProp
from nn.attention import MultiHeadAttention
from nn.clip import clip_grad_norm, clip_grad_value
from nn.contract import Contract
from nn.convnets import DeepConvNet, SimpleConvNet
from nn.convolution import Convolution
from nn.data import Dataset, Examples, batches, one_hot
from nn.datasets import digits, fashion_mnist, mnist
from nn.distances import L1, Huber, MeanSquaredError, SigmoidWithLoss
from nn.gated import GRU, LSTM
from nn.layers import Affine, Dropout, Embedding, Flatten
from nn.losses import SoftmaxWithLoss
from nn.models import MultiLayerNet, TwoLayerNet
from nn.module import Module, Sequential
from nn.network import Network
from nn.normalization import BatchNormalization, LayerNormalization
from nn.optim import SGD, Momentum, Nesterov, Optimizer
from nn.pooling import GlobalAveragePooling, Pooling
from nn.recurrent import RNN
from nn.residual import Residual
from nn.schedule import CosineDecay, Plateau, Schedule, StepDecay, WarmUp
from nn.toys import spiral, xor
from nn.trainer import History, Trainer, TrainingWarning, accuracy

__all__ = [
    "ELU",
    "GELU",
    "GRU",
    "L1",
    "LSTM",
    "RNN",
    "SGD",
    "AdaGrad",
    "Adam",
    "AdamW",
    "Affine",
    "BatchNormalization",
    "Contract",
    "Convolution",
    "CosineDecay",
    "Dataset",
    "DeepConvNet",
    "Dropout",
    "Embedding",
    "Examples",
    "Flatten",
    "GlobalAveragePooling",
    "History",
    "Huber",
    "LayerNormalization",
    "LeakyReLU",
    "MeanSquaredError",
    "Module",
    "Momentum",
    "MultiHeadAttention",
    "MultiLayerNet",
    "Nesterov",
    "Network",
    "Optimizer",
    "Plateau",
    "Pooling",
    "RMSProp",
    "ReLU",
    "Residual",
    "Schedule",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "SigmoidWithLoss",
    "SimpleConvNet",
    "Softmax",
    "SoftmaxWithLoss",
    "StepDecay",
    "Tanh",
    "Trainer",
    "TrainingWarning",
    "TwoLayerNet",
    "WarmUp",
    "accuracy",
    "batches",
    "clip_grad_norm",
    "clip_grad_value",
    "digits",
    "fashion_mnist",
    "init",
    "mnist",
    "one_hot",
    "spiral",
    "xor",
]
