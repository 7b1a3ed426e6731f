"""Module: parameters, and the forward computation that uses them.

A layer or a network is a class with a `forward`; its attributes tell the rest. No
gradient is written here or in any subclass: `forward` is made of tensor ops, and
the engine knows theirs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any, Self, overload

import numpy as np
from numpy.typing import DTypeLike

import tinygrad_jp as tg
from nn.contract import Contract, in_sequence
from nn.state import Stateful
from nn.summary import Summary, summarize

_keys = count(1)


class Module(Stateful):
    """A part of a network. Subclasses write `forward` and set attributes.

    An attribute that is a Tensor with ``requires_grad=True`` is a parameter; one
    that is a Module is a child. A Tensor or Module without a name is given the
    attribute's; that is how pictures call it.

    Attributes:
        name: What pictures call it; the name of its class where it is None.
        training: Whether it is being trained, or used for prediction: `train`, `eval`.

    Example:
        >>> import nn
        >>> import tinygrad_jp as tg
        >>> class Scale(nn.Module):
        ...     def __init__(self):
        ...         self.factor = tg.Tensor(2.0, requires_grad=True)
        ...     def forward(self, x):
        ...         return self.factor * x
        >>> scale = Scale()
        >>> scale([1.0, 3.0])
        Tensor([2., 6.], requires_grad=True)
        >>> scale.parameters()
        [Tensor(2., name='factor', requires_grad=True)]
    """

    name: str | None = None
    training: bool = True
    _scope: tg.scope | None = None
    _hooks: dict[int, Any] | None = None

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        """Run `forward` in a scope, which a picture shows as a box."""
        scope = self._scope
        if scope is None:
            name = self.name or type(self).__name__
            scope = self._scope = tg.scope(name, next(_keys))
        with scope:
            result = self.forward(*args, **keywords)
        if self._hooks:
            for hook in list(self._hooks.values()):
                hook(self, args, result)
        return result

    def forward(self, *args: Any, **keywords: Any) -> Any:
        """What the module computes, in tensor ops. Each subclass writes its own."""
        raise TypeError(f"{type(self).__name__}: a Module needs a method forward")

    @property
    def contract(self) -> Contract | None:
        """What it promises, for `tinygrad_jp.testing.check_module`; None: nothing."""
        return None

    def register_forward_hook(
        self, hook: Callable[[Module, tuple[Any, ...], Any], object]
    ) -> tg.HookHandle:
        """Have each call end with ``hook(module, arguments, result)``, to look at it.

        Returns:
            A handle: `remove()` takes the hook out; so does the end of a `with`.

        Example:
            >>> import nn
            >>> relu = nn.ReLU()
            >>> with relu.register_forward_hook(lambda m, a, y: print(y.tolist())):
            ...     result = relu([-1.0, 2.0])
            [0.0, 2.0]
        """
        if self._hooks is None:
            self._hooks = {}
        watcher: Any = hook
        return tg.HookHandle(self._hooks, watcher)

    def train(self, training: bool = True) -> Self:
        """Switch it and all modules below to training; returns it.

        Example:
            >>> import nn
            >>> model = nn.Sequential(nn.BatchNormalization(3)).eval()
            >>> model[0].training, model.train()[0].training
            (False, True)
        """
        for _, module in self.named_modules():
            module.training = training
        return self

    def eval(self) -> Self:
        """Switch it and all modules below to prediction; returns it."""
        return self.train(False)

    def __setattr__(self, attribute: str, value: object) -> None:
        if isinstance(value, (tg.Tensor, Module)) and value.name is None:
            value.name = attribute
        if attribute == "name":
            self._scope = None  # made anew by the next call
        super().__setattr__(attribute, value)

    def __getstate__(self) -> dict[str, Any]:
        # A copy is another module, with a box of its own, and nobody looks at it.
        own = {"_scope", "_hooks"}
        return {name: value for name, value in vars(self).items() if name not in own}

    @property
    def children(self) -> dict[str, Module]:
        """The modules right below this one, by attribute name.

        Raises:
            TypeError: Modules in a list, tuple or dict, which nobody would find.
        """
        found = {}
        for name, value in vars(self).items():
            if isinstance(value, Module):
                found[name] = value
                continue
            held = value.values() if isinstance(value, dict) else value
            if isinstance(value, (dict, list, tuple)) and any(
                isinstance(item, Module) for item in held
            ):
                kind = type(value).__name__
                raise TypeError(
                    f"{type(self).__name__}.{name}: modules in a {kind} are not found; "
                    f"use self.{name} = nn.Sequential(...)"
                )
        return found

    def named_modules(self) -> list[tuple[str, Module]]:
        """This module, named "", and all below it, each once, with dotted names."""
        found: dict[Module, str] = {}
        waiting: list[tuple[str, Module]] = [("", self)]
        while waiting:
            name, module = waiting.pop()
            if module in found:
                continue
            found[module] = name
            below = module.children.items()
            waiting += [(f"{name}.{n}".lstrip("."), child) for n, child in below][::-1]
        return [(name, module) for module, name in found.items()]

    def named_parameters(self) -> list[tuple[str, tg.Tensor]]:
        """The parameters here and below, each once, with dotted names.

        Example:
            >>> import nn
            >>> import numpy as np
            >>> rng = np.random.default_rng(0)
            >>> model = nn.Sequential(nn.Affine(4, 3, rng=rng), nn.ReLU())
            >>> [(name, p.shape) for name, p in model.named_parameters()]
            [('Affine1.W', (4, 3)), ('Affine1.b', (3,))]
        """
        found: dict[tg.Tensor, str] = {}
        for prefix, module in self.named_modules():
            for name, value in vars(module).items():
                kept = isinstance(value, tg.Tensor) and value.is_leaf
                if kept and value.requires_grad:  # a result is no parameter
                    found.setdefault(value, f"{prefix}.{name}".lstrip("."))
        return [(name, parameter) for parameter, name in found.items()]

    def parameters(self) -> list[tg.Tensor]:
        """The parameters here and below, each once: what an optimiser updates."""
        return [parameter for _, parameter in self.named_parameters()]

    def summary(
        self, input_shape: tuple[int, ...], *, dtype: DTypeLike = np.float32
    ) -> Summary:
        """A table of all modules below: what each gives, and how much it learns.

        A copy of it, in `eval`, is called once with zeros; nothing changes.

        Args:
            input_shape: Of the input, the batch included.
            dtype: Of the input; an integer dtype where it is indices.

        Example:
            >>> import nn
            >>> nn.Sequential(nn.BatchNormalization(64), nn.ReLU()).summary((100, 64))
            layer                output     parameters
            ──────────────────────────────────────────
            BatchNormalization1  (100, 64)         128
            ReLU1                (100, 64)
            ──────────────────────────────────────────
            Sequential           (100, 64)         128
        """
        return summarize(self, input_shape, dtype)

    def arguments(self) -> str:
        """What `repr` shows between the brackets."""
        return ""

    def __repr__(self) -> str:
        lines = []
        for path, module in self.named_modules():
            depth = path.count(".") + 1 if path else 0
            name = path.rpartition(".")[2]
            line = f"{type(module).__name__}({module.arguments()})"
            number = sum([parameter.size for parameter in module.parameters()])
            if number:
                line += f"  {number:,} parameter{'s' if number > 1 else ''}"
            lines.append(f"{'  ' * depth}{name and name + ': '}{line}")
        return "\n".join(lines)


class Sequential(Module):
    """Modules one after the other, each applied to what the one before returns.

    It can be iterated, indexed and sliced. Its children are called by class and
    number, in pictures too: Affine1, ReLU1, Affine2.

    Args:
        modules: Any number of Modules.

    Raises:
        TypeError: An argument that is no Module.

    Example:
        >>> import nn
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> affine = nn.Affine(784, 50, rng=rng)
        >>> nn.Sequential(affine, nn.ReLU(), nn.Affine(50, 10, rng=rng))
        Sequential()  39,760 parameters
          Affine1: Affine(784, 50)  39,250 parameters
          ReLU1: ReLU()
          Affine2: Affine(50, 10)  510 parameters
    """

    def __init__(self, *modules: Module) -> None:
        for position, module in enumerate(modules):
            if not isinstance(module, Module):
                raise TypeError(
                    f"Sequential: argument {position} must be a Module, got {module!r}"
                )
        self._modules = modules
        for name, module in self.children.items():
            if module.name is None:
                module.name = name

    @property
    def contract(self) -> Contract | None:
        """That of the modules together; None where one of them has none."""
        contracts = [module.contract for module in self._modules]
        known = [contract for contract in contracts if contract is not None]
        return in_sequence(known) if len(known) == len(contracts) else None

    def forward(self, x: Any) -> Any:
        """Apply the modules in their order."""
        for module in self._modules:
            x = module(x)
        return x

    @property
    def children(self) -> dict[str, Module]:
        """The modules by class and number within this one."""
        numbers: Counter[str] = Counter()
        found = {}
        for module in self._modules:
            kind = type(module).__name__
            numbers[kind] += 1
            found[f"{kind}{numbers[kind]}"] = module
        return found

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Module]:
        return iter(self._modules)

    @overload
    def __getitem__(self, index: int) -> Module: ...

    @overload
    def __getitem__(self, index: slice) -> Sequential: ...

    def __getitem__(self, index: int | slice) -> Module | Sequential:
        if isinstance(index, slice):
            return Sequential(*self._modules[index])
        return self._modules[index]
