"""Random programs of our ops: what `strategies.graphs` draws.

`program.py` says what a program is, `writer.py` writes one step by step, and
`vocabulary.py` lists the ops that it may use, with a page for each family.
"""

from tinygrad_jp.testing.programs.program import OURS, Namespace, Program, Step
from tinygrad_jp.testing.programs.vocabulary import VOCABULARY
from tinygrad_jp.testing.programs.writer import Entry, Writer

__all__ = ["OURS", "VOCABULARY", "Entry", "Namespace", "Program", "Step", "Writer"]
