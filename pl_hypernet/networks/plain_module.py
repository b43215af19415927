"""One network of a torch module, for use elsewhere."""

import torch
from torch import Tensor


class PlainModule(torch.nn.Module):
    """A module from rows of inputs to scaled logits."""

    def __init__(self, module: torch.nn.Module, shape: tuple[int, ...], n_outputs: int, scale):
        super().__init__()
        self.module, self.shape, self.n_outputs = module, shape, n_outputs
        self.register_buffer("scale", torch.tensor(scale, dtype=torch.float32))

    def forward(self, inputs: Tensor) -> Tensor:
        outputs = self.module(inputs.reshape(-1, *self.shape))
        return self.scale * outputs.reshape(-1, self.n_outputs)
