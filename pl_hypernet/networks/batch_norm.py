"""Batch norms of which each network of many has statistics of its own."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor
from torch.nn.functional import batch_norm
from torch.nn.modules.batchnorm import _BatchNorm

from pl_hypernet.errors import InputError

BATCH, MEASURE, MEASURED = "batch", "measure", "measured"  # by what a batch norm goes


class NetworkBatchNorm(torch.nn.Module):
    """A batch norm by the statistics of the batch, or by those that are handed in.

    It takes the place of torch's, whose running means know one network only. Variances are those
    that the batch is divided by, without Bessel's correction.

    Args:
        layer: of torch, whose parameters it takes over.

    Attributes:
        by: ``"batch"``; ``"measure"``, which keeps mean and variance in ``found``; or
            ``"measured"``, by ``running_mean`` and ``running_var``.
    """

    def __init__(self, layer: _BatchNorm):
        super().__init__()
        self.weight, self.bias, self.eps = layer.weight, layer.bias, layer.eps
        like = torch.zeros(layer.num_features)
        self.register_buffer("running_mean", like)
        self.register_buffer("running_var", torch.ones_like(like))
        self.by = BATCH
        self.found: tuple[Tensor, Tensor] | None = None

    def forward(self, x: Tensor) -> Tensor:
        if self.by == BATCH:
            return batch_norm(x, None, None, self.weight, self.bias, True, eps=self.eps)
        mean, variance = self.running_mean, self.running_var
        if self.by == MEASURE:
            axes = [axis for axis in range(x.ndim) if axis != 1]
            variance, mean = torch.var_mean(x, axes, correction=0)
            self.found = mean, variance
        return batch_norm(x, mean, variance, self.weight, self.bias, False, eps=self.eps)

    def extra_repr(self) -> str:
        return f"{len(self.running_mean)}, eps={self.eps}"


class BatchNorms:
    """Those of a module, made so that each network has statistics of its own.

    A batch norm of which nothing is trained keeps the statistics that it has, as those of a
    pretrained module; so does one that was put in its evaluation mode.

    Args:
        module: whose batch norms are exchanged, in place.
        bits: names of parameters that are bits.
        trained (set): of parameters that are trained along.
        all_of_them: whether those without parameters of their own count as trained.

    Raises:
        InputError: one that keeps no running statistics.
    """

    def __init__(self, module: torch.nn.Module, bits, trained, all_of_them: bool):
        self.layers: dict[str, NetworkBatchNorm] = {}
        for name, layer in list(module.named_modules()):
            if not isinstance(layer, _BatchNorm) or not layer.training:
                continue
            own = {f"{name}.{kind}" for kind, _ in layer.named_parameters()}
            if not (own & {*bits, *trained} if own else all_of_them):
                continue
            if layer.running_mean is None:
                raise InputError(
                    f"batch norm {name!r} keeps no running statistics, so that outputs depend on "
                    "the samples beside: make it with track_running_stats=True"
                )
            parent, _, last = name.rpartition(".")
            self.layers[name] = NetworkBatchNorm(layer)
            setattr(module.get_submodule(parent), last, self.layers[name])

    def __bool__(self) -> bool:
        return bool(self.layers)

    @contextmanager
    def by(self, what: str) -> Iterator[None]:
        """Meanwhile all go by this."""
        before = {name: layer.by for name, layer in self.layers.items()}
        try:
            for layer in self.layers.values():
                layer.by = what
            yield
        finally:
            for name, layer in self.layers.items():
                layer.by, layer.found = before[name], None

    def found(self) -> dict[str, Tensor]:
        """What was measured, by the names of buffers."""
        statistics = {}
        for name, layer in self.layers.items():
            mean, variance = layer.found
            statistics[f"{name}.running_mean"] = mean
            statistics[f"{name}.running_var"] = variance
        return statistics
