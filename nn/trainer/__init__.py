"""Training: the book's Trainer, grown up (book, chapters 4.5 and 6.1).

`trainer` is the loop, `history` what it leaves, `checkpoint` its files, `snapshot` the
way back to the last whole step, `watch` looks at the network, `progress` tells.
"""

from nn.trainer.history import History
from nn.trainer.metrics import accuracy
from nn.trainer.trainer import Trainer
from nn.trainer.watch import TrainingWarning

__all__ = ["History", "Trainer", "TrainingWarning", "accuracy"]
