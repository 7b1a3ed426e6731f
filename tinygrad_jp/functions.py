"""The ops, lifted from arrays to Tensors. One line an op.

Operands may be Tensors, arrays, scalars or nested lists; the result is a Tensor.
"""

from tinygrad_jp.ops import elementwise, indexing, linalg, logic, reduction, shape
from tinygrad_jp.record import lift

add = lift(elementwise.add)
subtract = lift(elementwise.subtract)
multiply = lift(elementwise.multiply)
divide = lift(elementwise.divide)
negative = lift(elementwise.negative)
pow = lift(elementwise.pow)
exp = lift(elementwise.exp)
log = lift(elementwise.log)
sqrt = lift(elementwise.sqrt)
tanh = lift(elementwise.tanh)
abs = lift(elementwise.abs)
maximum = lift(elementwise.maximum)
minimum = lift(elementwise.minimum)
where = lift(elementwise.where)

sum = lift(reduction.sum)
max = lift(reduction.max)
min = lift(reduction.min)

matmul = lift(linalg.matmul)

reshape = lift(shape.reshape)
permute_dims = lift(shape.permute_dims)
broadcast_to = lift(shape.broadcast_to)
concat = lift(shape.concat)
astype = lift(shape.astype)

getitem = lift(indexing.getitem)
scatter_add = lift(indexing.scatter_add)

equal = lift(logic.equal)
not_equal = lift(logic.not_equal)
less = lift(logic.less)
less_equal = lift(logic.less_equal)
greater = lift(logic.greater)
greater_equal = lift(logic.greater_equal)
bitwise_and = lift(logic.bitwise_and)
bitwise_or = lift(logic.bitwise_or)
bitwise_invert = lift(logic.bitwise_invert)
sign = lift(logic.sign)
argmax = lift(logic.argmax)
argmin = lift(logic.argmin)
all = lift(logic.all)
any = lift(logic.any)
