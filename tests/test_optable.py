"""The table of ops in the READMEs is what the rules make of it, and names them all."""

import inspect

import optable
import pytest

import tinygrad_jp as tg
from tinygrad_jp import transform

NO_OPS = {"asarray", "draw", "from_dlpack", "is_grad_enabled", "load", "rule", "save"}
NO_OPS |= {"can_cast", "finfo", "iinfo", "isdtype", "result_type"}  # of dtypes


@pytest.mark.parametrize("page", list(optable.WORDS))
def test_the_table_is_up_to_date(page):
    text = (optable.ROOT / page).read_text()
    assert text == optable.with_table(page), "run `make table`"


def test_every_op_stands_in_the_table_once():
    cells = [
        name for row in optable.families().values() for names in row for name in names
    ]
    assert len(cells) == len(set(cells))
    functions = {name for name in tg.__all__ if inspect.isfunction(getattr(tg, name))}
    transforms = {
        name
        for name in functions
        if getattr(tg, name).__module__.startswith(transform.__name__)
    }
    assert set(cells) == functions - transforms - NO_OPS


COMMON = """
add subtract multiply divide negative positive abs pow exp expm1 exp2 log log1p log2
log10 sqrt square reciprocal sin cos tan asin acos atan atan2 sinh cosh tanh asinh
acosh atanh hypot logaddexp sign remainder floor_divide clip erf floor ceil round
trunc equal not_equal less less_equal greater greater_equal logical_and logical_or
logical_xor logical_not isnan isinf isfinite maximum minimum where sum mean prod max
min var std norm logsumexp cumulative_sum cumulative_prod any all argmax argmin
count_nonzero matmul vecdot tensordot einsum outer trace diagonal tril triu inv solve
det slogdet cholesky reshape permute_dims transpose swapaxes moveaxis flatten
expand_dims squeeze broadcast_to broadcast_arrays concat stack split unstack tile
repeat flip roll pad meshgrid take take_along_axis sort argsort topk one_hot
sliding_window_view conv max_pool avg_pool softmax log_softmax sigmoid softplus relu
leaky_relu elu selu gelu silu mish hard_sigmoid cross_entropy zeros ones full eye
arange linspace zeros_like ones_like full_like cat permute amax amin
"""


@pytest.mark.parametrize("name", COMMON.split())
def test_what_the_field_expects_is_there(name):
    assert callable(getattr(tg, name))
