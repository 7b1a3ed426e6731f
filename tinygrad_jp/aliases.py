"""Other names of the same functions, as NumPy and PyTorch have them. One line each."""

from tinygrad_jp import functions as f
from tinygrad_jp.compose import (
    activation,
    convolution,
    elementwise,
    joining,
    pooling,
    reduction,
    shape,
)

# --- elementwise -------------------------------------------------------------------

absolute = f.abs  # NumPy
arccos = f.acos  # NumPy
arccosh = f.acosh  # NumPy
arcsin = f.asin  # NumPy
arcsinh = f.asinh  # NumPy
arctan = f.atan  # NumPy
arctan2 = f.atan2  # NumPy
arctanh = f.atanh  # NumPy
bitwise_not = f.bitwise_invert  # NumPy, PyTorch
clamp = elementwise.clip  # PyTorch
div = f.divide  # PyTorch
eq = f.equal  # PyTorch
fix = f.trunc  # NumPy, PyTorch
ge = f.greater_equal  # PyTorch
gt = f.greater  # PyTorch
hardsigmoid = activation.hard_sigmoid  # PyTorch
hardtanh = activation.hard_tanh  # PyTorch
invert = f.bitwise_invert  # NumPy
le = f.less_equal  # PyTorch
lt = f.less  # PyTorch
mod = f.remainder  # NumPy
mul = f.multiply  # PyTorch
ne = f.not_equal  # PyTorch
neg = f.negative  # PyTorch
power = f.pow  # NumPy
rint = f.round  # NumPy
sub = f.subtract  # PyTorch
swish = activation.silu  # Ramachandran et al., 2017
true_divide = f.divide  # NumPy, PyTorch

# --- reductions --------------------------------------------------------------------

amax = f.max  # NumPy, PyTorch
amin = f.min  # NumPy, PyTorch
cumprod = reduction.cumulative_prod  # NumPy, PyTorch
cumsum = reduction.cumulative_sum  # NumPy, PyTorch

# --- shape, indexing, windows ------------------------------------------------------

avg_pool1d = pooling.avg_pool  # PyTorch
avg_pool2d = pooling.avg_pool  # PyTorch
avg_pool3d = pooling.avg_pool  # PyTorch
broadcast_tensors = shape.broadcast_arrays  # PyTorch
cat = joining.concat  # PyTorch
concatenate = joining.concat  # NumPy
conv1d = convolution.conv  # PyTorch
conv2d = convolution.conv  # PyTorch
conv3d = convolution.conv  # PyTorch
conv_transpose1d = convolution.conv_transpose  # PyTorch
conv_transpose2d = convolution.conv_transpose  # PyTorch
conv_transpose3d = convolution.conv_transpose  # PyTorch
max_pool1d = pooling.max_pool  # PyTorch
max_pool2d = pooling.max_pool  # PyTorch
max_pool3d = pooling.max_pool  # PyTorch
movedim = shape.moveaxis  # PyTorch
permute = shape.permute_dims  # PyTorch
ravel = shape.flatten  # NumPy, PyTorch
swapdims = shape.swapaxes  # PyTorch
unbind = joining.unstack  # PyTorch
unsqueeze = shape.expand_dims  # PyTorch
