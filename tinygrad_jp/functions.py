"""The ops, lifted from arrays to Tensors. One line an op.

Operands may be Tensors, arrays, scalars or nested lists; the result is a Tensor.
"""

from tinygrad_jp.ops import (
    arithmetic,
    determinant,
    exponential,
    indexing,
    linalg,
    logic,
    reduction,
    rounding,
    shape,
    trigonometric,
    window,
)
from tinygrad_jp.record import lift

add = lift(arithmetic.add)
subtract = lift(arithmetic.subtract)
multiply = lift(arithmetic.multiply)
divide = lift(arithmetic.divide)
negative = lift(arithmetic.negative)
pow = lift(arithmetic.pow)
abs = lift(arithmetic.abs)
maximum = lift(arithmetic.maximum)
minimum = lift(arithmetic.minimum)
relu = lift(arithmetic.relu)
where = lift(arithmetic.where)
remainder = lift(arithmetic.remainder)
hypot = lift(arithmetic.hypot)

exp = lift(exponential.exp)
expm1 = lift(exponential.expm1)
exp2 = lift(exponential.exp2)
log = lift(exponential.log)
log1p = lift(exponential.log1p)
log2 = lift(exponential.log2)
log10 = lift(exponential.log10)
logaddexp = lift(exponential.logaddexp)
sqrt = lift(exponential.sqrt)
erf = lift(exponential.erf)

sin = lift(trigonometric.sin)
cos = lift(trigonometric.cos)
tan = lift(trigonometric.tan)
asin = lift(trigonometric.asin)
acos = lift(trigonometric.acos)
atan = lift(trigonometric.atan)
atan2 = lift(trigonometric.atan2)
sinh = lift(trigonometric.sinh)
cosh = lift(trigonometric.cosh)
tanh = lift(trigonometric.tanh)
asinh = lift(trigonometric.asinh)
acosh = lift(trigonometric.acosh)
atanh = lift(trigonometric.atanh)

floor = lift(rounding.floor)
ceil = lift(rounding.ceil)
trunc = lift(rounding.trunc)
round = lift(rounding.round)
sign = lift(rounding.sign)
floor_divide = lift(rounding.floor_divide)

sum = lift(reduction.sum)
mean = lift(reduction.mean)
max = lift(reduction.max)
min = lift(reduction.min)
logsumexp = lift(reduction.logsumexp)
norm = lift(reduction.norm)
cumulative_sum = lift(reduction.cumulative_sum)

matmul = lift(linalg.matmul)
solve = lift(linalg.solve)
cholesky = lift(linalg.cholesky)
det = lift(determinant.det)
logabsdet = lift(determinant.logabsdet)
signdet = lift(determinant.signdet)
cofactors = lift(determinant.cofactors)
cofactors_along = lift(determinant.cofactors_along)
cofactors_along_two = lift(determinant.cofactors_along_two)

reshape = lift(shape.reshape)
permute_dims = lift(shape.permute_dims)
broadcast_to = lift(shape.broadcast_to)
concat = lift(shape.concat)
astype = lift(shape.astype)

getitem = lift(indexing.getitem)
scatter_add = lift(indexing.scatter_add)
argsort = lift(indexing.argsort)

sliding_window_view = lift(window.sliding_window_view)
overlap_add = lift(window.overlap_add)

equal = lift(logic.equal)
not_equal = lift(logic.not_equal)
less = lift(logic.less)
less_equal = lift(logic.less_equal)
greater = lift(logic.greater)
greater_equal = lift(logic.greater_equal)
isclose = lift(logic.isclose)
bitwise_and = lift(logic.bitwise_and)
bitwise_or = lift(logic.bitwise_or)
bitwise_xor = lift(logic.bitwise_xor)
bitwise_invert = lift(logic.bitwise_invert)
argmax = lift(logic.argmax)
argmin = lift(logic.argmin)
all = lift(logic.all)
any = lift(logic.any)
