"""The sign as a module for networks of one's own, with a gradient."""

import math

import torch
from torch import Tensor

from pl_hypernet.errors import InputError
from pl_hypernet.networks.arguments import is_real

# what rounding may take from 0, whose sign is +1, of numbers about 1 in size: sums of 144 pixels of
# both signs lose up to 2.1e-6 on some processors
MARGIN = 4e-6


class Sign(torch.nn.Module):
    r"""+1 or -1; sign(0) = +1, and the gradient of clip(z / w, -1, 1).

    What is less than 4e-6 below 0 counts as 0, so that sums which are 0 up to rounding have one
    sign in every order of summation. Arguments are about 1 in size behind a batch norm, and by the
    factor of a :class:`TorchNetwork`'s values behind sums.

    The window w is ``window`` times the root mean square of all z of one network
    (arXiv:1602.02830, eq. 4, has w = 1 behind a batch norm, where the two are the same), so that
    it goes behind a batch norm as well as behind plain sums. In a :class:`TorchNetwork` the
    ``window`` of an optimizer multiplies it.

    Args:
        window: positive.

    Raises:
        InputError: no positive number.

    >>> torch.nn.Sequential(torch.nn.Linear(784, 64), plh.Sign(), torch.nn.Linear(64, 10))
    """

    def __init__(self, window: float = 1.0):
        super().__init__()
        if not is_real(window) or not 0 < window < math.inf:
            raise InputError(f"window={window!r}: expected a positive number")
        self.window = float(window)
        self.factor = 1.0  # of the window

    def forward(self, z: Tensor) -> Tensor:
        if torch.compiler.is_exporting() or not torch.is_grad_enabled():
            return _sign(z)
        return _SignInWindow.apply(z, self.window * self.factor, False)

    def extra_repr(self) -> str:
        return f"window={self.window:g}"


class _SignInWindow(torch.autograd.Function):
    """Of z of one network, or of several, each with a window of its own."""

    @staticmethod
    def forward(z: Tensor, window: float, several: bool) -> Tensor:
        return _sign(z)

    @staticmethod
    def setup_context(ctx, inputs, output) -> None:
        z, ctx.window, ctx.several = inputs
        ctx.save_for_backward(z)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None, None]:
        (z,) = ctx.saved_tensors
        rows = z.reshape(len(z) if ctx.several else 1, 1, -1)
        square = torch.bmm(rows, rows.mT).reshape(-1, *[1] * (z.ndim - 1)) if z.ndim else z * z
        count = max(1, rows.shape[2])
        w = (square / count).sqrt_().mul_(ctx.window).clamp_(min=torch.finfo(z.dtype).tiny)
        return (z.abs() <= w).mul(gradient).div_(w), None, None

    @staticmethod
    def vmap(info, in_dims, z: Tensor, window: float, several: bool) -> tuple[Tensor, int]:
        # a rule that torch makes itself takes several times as long
        if several:
            raise NotImplementedError("signs of networks of networks")
        return _SignInWindow.apply(z.movedim(in_dims[0], 0), window, True), 0


def _sign(z: Tensor) -> Tensor:
    return (z >= -MARGIN).to(z.dtype).mul_(2).sub_(1)
