"""One run of a torch module, to learn what it needs to be known: sizes, and whether it will do."""

import warnings
from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from pl_hypernet.errors import InputError, NetworkWarning
from pl_hypernet.user_code import UserCode, described

SAMPLES = 2  # batch norms need two at least


@dataclass(frozen=True)
class Trial:
    """What a run showed.

    Attributes:
        n_outputs: numbers for each sample.
        n_neurons, widest, n_multiplications: as of :class:`Network`.
    """

    n_outputs: int
    n_neurons: int
    widest: int
    n_multiplications: int


@torch.no_grad()
def try_module(module: torch.nn.Module, input_shape: tuple[int, ...]) -> Trial:
    """Runs a module on two samples.

    Raises:
        InputError: it fails, or its outputs are no (M, n_outputs), are not the same for the same
            inputs, or its buffers are others afterwards.
    """
    x = torch.rand(SAMPLES, *input_shape, generator=torch.Generator().manual_seed(0))
    expected = f"outputs (M, n_outputs) of inputs (M, {', '.join(map(str, input_shape))})"
    code = UserCode("module", module, expected)
    sizes, hooks = [prod(input_shape)], []
    for layer in module.modules():
        if not list(layer.children()):
            hooks.append(layer.register_forward_hook(lambda _, __, y: sizes.append(_size(y))))
    before = {name: buffer.clone() for name, buffer in module.named_buffers()}
    try:
        with FlopCounterMode(display=False) as flops:
            outputs = code(inputs=x)
    finally:
        for hook in hooks:
            hook.remove()
    is_tensor = isinstance(outputs, Tensor) and outputs.is_floating_point()
    if not is_tensor or outputs.ndim not in (1, 2) or len(outputs) != SAMPLES:
        raise code.refused(outputs, inputs=x)
    for name, buffer in module.named_buffers():
        if not torch.equal(before[name], buffer):
            raise InputError(
                f"the module changes its buffer {name!r} in forward: a network may not depend on "
                "those before it; keep what changes outside"
            )
    if not outputs.isfinite().all():
        raise InputError(
            "the module's outputs are NaN or infinite on inputs from 0 to 1: expected finite logits"
        )
    if not torch.equal(outputs, module(x)):
        raise InputError(
            "the module gives other outputs for the same inputs: leave out what is random in "
            "forward, as functional dropout with training=True"
        )
    sums = outputs.reshape(SAMPLES, -1).sum(dim=1)
    several = outputs.ndim == 2 and outputs.shape[1] > 1
    if several and (outputs >= 0).all() and torch.allclose(sums, torch.ones_like(sums)):
        warnings.warn(
            "the module's outputs are probabilities; expected logits: leave out its softmax",
            NetworkWarning,
            stacklevel=4,
        )
    return Trial(
        n_outputs=outputs.shape[1] if outputs.ndim == 2 else 1,
        n_neurons=sum(sizes),
        widest=max(sizes),
        n_multiplications=max(1, flops.get_total_flops() // (2 * SAMPLES)),
    )


def why_not_mapped(run, example) -> str | None:
    """What torch says of a function that ``vmap`` cannot map over networks; None: it can.

    Args:
        run: of one network.
        example: what it takes, of two networks.
    """
    try:
        mapped = torch.vmap(run)(example)
        loop = torch.stack([run({k: v[i] for k, v in example.items()}) for i in range(2)])
    except Exception as error:  # whatever torch or the module's own code says
        return f"{type(error).__name__}: {' '.join(str(error).split())[:120]}"
    if not torch.allclose(mapped, loop, rtol=1e-3, atol=1e-3 * float(loop.abs().max())):
        return f"its outputs {described(mapped)} are others then"
    return None


def _size(outputs) -> int:
    return outputs[0].numel() if isinstance(outputs, Tensor) and outputs.ndim else 1
