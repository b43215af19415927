"""Any torch module as a network: its weights, or some of them, are the bits."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from functools import partial
from math import inf, prod

import numpy as np
import torch
from torch import Tensor
from torch.func import functional_call

from pl_hypernet.errors import InputError, NetworkWarning
from pl_hypernet.networks import network as network_module
from pl_hypernet.networks.activations import REGRESSION
from pl_hypernet.networks.arguments import check_module, output_activation
from pl_hypernet.networks.batch_norm import BATCH, MEASURE, MEASURED, BatchNorms, NetworkBatchNorm
from pl_hypernet.networks.bits import as_bits
from pl_hypernet.networks.default_scale import LOGITS, PIXELS
from pl_hypernet.networks.kept_statistics import KeptStatistics, some_of
from pl_hypernet.networks.layout import ParameterLayout
from pl_hypernet.networks.module_choices import CHOSEN, block_of, decide, find_choices
from pl_hypernet.networks.module_parameters import Which, find_parameters
from pl_hypernet.networks.module_trial import try_module, why_not_mapped
from pl_hypernet.networks.network import FirstWeights, Network
from pl_hypernet.networks.plain_module import PlainModule
from pl_hypernet.networks.sign import Sign

ADAM = partial(torch.optim.Adam, lr=0.01)
NUMBER = 100  # multiplications that take as long as a number that a layer hands on
ALONE = 2**18  # numbers of a layer from which a network runs faster alone than mapped with others
FEW = 4  # networks that run faster one by one, whatever their size
RANDOM_BITS = 2**24  # of the networks, 2 to 16, whose logits decide the default scale
ITSELF = "itself"  # the name of a choice that is the whole module
DROPOUT = torch.nn.modules.dropout._DropoutNd


class TorchNetwork(Network):
    """A torch module whose weights, or some of them, are bits: a qubit each, or several.

    The module is copied. It runs in its evaluation mode, so drop-out does nothing; batch norms that
    are trained go by the statistics of each network on its mini-batch in training mode
    (``network.train()``, as in a step), and otherwise by statistics of each network that are
    measured once on training samples (:meth:`observe`).

    Parameters that are neither bits nor real are frozen: they stay as they are.

    Args:
        module: from inputs float32 (M, *input_shape) to outputs (M, n_outputs), logits; or (M,).
        input_shape: of one sample, as ``(1, 28, 28)`` or 784.
        bits: parameters that are bits: a pattern of names as ``"head.*"``, several, or a function
            (name, parameter) -> bool. None: weights and biases of linear and convolution layers
            that require a gradient.
        real: parameters that are trained along as real numbers, as ``bits``. None: all others that
            require a gradient, if ``bits`` is None too; else none.
        values: what the bits of a parameter stand for, as of :class:`BinaryNetwork`; or {pattern:
            values}, of which the first that fits decides, where none fits +1 and -1. The values are
            multiplied by the power of 2 next to the root mean square of the weight in the module
            (of a bias that of its weight, or where it has values of its own, as ``{"*.bias":
            "6-bit"}``, the one by which these reach about half of a sum's deviation), so that
            numbers have the size that the module was made for, and sums stay as exact as those of
            integers.
        activation: ``"identity"`` for a regression; None: classes.
        scale: factor of the outputs; None: what makes logits of random networks 2 in size, outputs
            of a regression 1.
        tied, fixed: bits that share a qubit, and bits that are constant, by the names of the
            parameters: see :class:`ParameterLayout`.
        mean_square: of the inputs, as ``data.mean_square``, for the default scale; None: 1/16.
        torch_optimizer: from a list of the real parameters to the optimizer of torch that trains
            them; its learning rates fall linearly to 0 over the steps.

    Attributes:
        layout (ParameterLayout): ``conv1.weight[0, 0, 2, 2]``, in the order of the parameters.
        trained_along (dict): the real parameters by name.
        is_mapped (bool): whether networks are computed together, else one after the other.

    Raises:
        InputError: no module, or one that will not do; see the page docs/torch_networks.md.

    >>> network = plh.TorchNetwork(LeNet5(), (1, 28, 28))
    >>> run = plh.train(plh.QuantumHypernetwork(network, layers=0), data, "pathwise")
    """

    in_threads = False  # torch exchanges the module's parameters while it runs

    def __init__(
        self,
        module: torch.nn.Module,
        input_shape: int | Sequence[int],
        bits: Which | None = None,
        real: Which | None = None,
        values="binary",
        activation: str | None = None,
        scale: float | None = None,
        tied: Sequence[Sequence[str]] = (),
        fixed: Mapping[str, int | Sequence[int]] | None = None,
        mean_square: float | None = None,
        torch_optimizer: Callable = ADAM,
    ):
        super().__init__()
        self.input_shape = check_module(module, input_shape, activation, scale, torch_optimizer)
        square = mean_square or (1.0 if activation == REGRESSION else PIXELS)
        found = find_parameters(module, bits, real, values, square)
        self.n_columns = prod(self.input_shape)
        self.tied, self.fixed = tuple(map(tuple, tied)), dict(fixed or {})
        self.torch_optimizer = torch_optimizer
        self.module = deepcopy(module)
        layers = find_choices(self.module)
        self.choices = {name or ITSELF: layer for name, layer in layers.items()}
        self._chosen = {  # of the qubits of each choice the buffer that has their options
            f"choice.{name or ITSELF}": f"{name}.{CHOSEN}" if name else CHOSEN for name in layers
        }
        blocks = *found.bits, *(block_of(name, choice) for name, choice in self.choices.items())
        self.layout = ParameterLayout(blocks, self.tied, self.fixed)
        names = [block.name for block in found.bits]
        everything = bits is None and real is None
        self._norms = BatchNorms(self.module, names, set(found.real), everything)
        self.module.eval()
        for name, parameter in self.module.named_parameters():
            parameter.requires_grad_(name in found.real)
        self.trained_along = {n: self.module.get_parameter(n) for n in found.real}
        self._statistics = KeptStatistics()
        self._magnitudes = found.magnitudes
        self._aliases = {name: first for name, first in found.aliases.items() if first in names}
        trial = try_module(self.module, self.input_shape)
        self.n_outputs, self.widest = trial.n_outputs, trial.widest
        self.n_neurons, self.n_multiplications = trial.n_neurons, trial.n_multiplications
        self.activation = output_activation(activation, self.n_outputs)
        self.is_regression = self.activation == REGRESSION
        self._say(found.aliases)
        for name in names:  # from now on bits give these
            self._forget(name)
        self.register_buffer("scale", torch.ones(()))
        self.eval()
        self.is_mapped = True
        why = why_not_mapped(*self._example())
        if why is not None:
            self.is_mapped = False
            self._warn(f"the module cannot be mapped over networks, which run one by one: {why}")
        self.scale.fill_(self._default_scale(mean_square) if scale is None else float(scale))

    def _say(self, aliases: dict[str, str]) -> None:
        """What is not as it may seem."""
        for name, first in aliases.items():
            self._warn(f"{name!r} and {first!r} are one parameter: its qubits are named {first}")
        off = [name for name, layer in self.module.named_modules() if isinstance(layer, DROPOUT)]
        if off:
            self._warn(
                f"drop-out of {', '.join(map(repr, off))} does nothing: each shot is another "
                "network already"
            )

    @staticmethod
    def _warn(message: str) -> None:
        warnings.warn(message, NetworkWarning, stacklevel=4)

    def _forget(self, name: str) -> None:
        """Frees the numbers of a parameter, under all of its names."""
        empty = torch.nn.Parameter(torch.empty(0), requires_grad=False)
        for alias in [name, *(a for a, first in self._aliases.items() if first == name)]:
            layer, _, last = alias.rpartition(".")
            setattr(self.module.get_submodule(layer), last, empty)

    def _example(self) -> tuple[Callable, dict[str, Tensor]]:
        """A function of the numbers of one network, and those of two networks."""
        decoded = self._numbers(self.layout.decode(self._random_bits(2)))
        x = torch.rand(2, *self.input_shape, generator=torch.Generator().manual_seed(1))

        @torch.no_grad()
        def run(numbers):
            return self._one(numbers, x)

        return run, decoded

    def _random_bits(self, n: int) -> Tensor:
        generator = torch.Generator().manual_seed(0)
        return torch.randint(2, (n, self.n_qubits), generator=generator, dtype=torch.int8)

    def _default_scale(self, mean_square: float | None) -> float:
        n = max(2, min(16, RANDOM_BITS // self.layout.n_bits))
        x = torch.randn(64, self.n_columns, generator=torch.Generator().manual_seed(2))
        x *= (mean_square or (1.0 if self.is_regression else PIXELS)) ** 0.5
        with self._norms.by(BATCH):
            logits = torch.cat([self._computed(bits, x) for bits in self._random_bits(n).split(1)])
        size = logits.double().std().item()
        if not 0 < size < inf:
            return 1.0
        return (1.0 if self.is_regression else LOGITS) / size

    def extra_repr(self) -> str:
        kinds = f"n_qubits={self.n_qubits}, n_real={self.n_real}"
        return f"{self.input_shape} -> {self.n_outputs}, {kinds}, scale={self.scale.item():g}"

    def train(self, mode: bool = True) -> "TorchNetwork":
        """Training mode, in which trained batch norms go by the batch; as of torch."""
        self._statistics.clear()  # real parameters may change
        self.training = mode  # the module stays in its evaluation mode
        return self

    @property
    def work(self) -> int:
        return self.n_multiplications + NUMBER * self.n_neurons

    @property
    def learns(self) -> bool:
        return bool(self.trained_along or self._norms)

    def observe(self, inputs, again: bool = True) -> None:
        """Keeps some training samples, by which the statistics of batch norms are measured.

        Args:
            inputs: float32 (M, n_columns), of which up to 2000 are taken, evenly.
            again: also where there are some already.
        """
        if not self._norms or (self.observed is not None and not again):
            return
        self.observed = some_of(self.check_inputs(inputs))
        self._statistics.clear()

    @torch.no_grad()
    def logits(self, bits: Tensor, inputs: Tensor) -> Tensor:
        if not self._norms:
            return self._computed(bits, inputs)
        if self.training:
            with self._norms.by(BATCH):
                return self._computed(bits, inputs, inputs_at_once=len(inputs))
        statistics = self._statistics_of(bits)
        with self._norms.by(MEASURED):
            return self._computed(bits, inputs, statistics)

    def outputs_with_gradient(self, decoded: dict, inputs: Tensor, window: float) -> Tensor:
        numbers, statistics = self._numbers(decoded), {}
        if self._norms and not self.training:
            with torch.no_grad():
                statistics = self._measured({n: t.detach() for n, t in numbers.items()})
        for layer in self.module.modules():
            if isinstance(layer, Sign):
                layer.factor = window
        with self._norms.by(MEASURED if statistics else BATCH):
            return self._run(numbers | statistics, inputs)

    def first_weights(self, bits) -> FirstWeights | None:
        blocks = [block for block in self.layout.blocks if block.name not in self._chosen]
        weights = [block for block in blocks if len(block.shape) > 1]
        if not weights:
            return None
        first = weights[0]
        values = self.layout.decode(as_bits(bits), [first.name])[first.name]
        values = self._magnitudes[first.name] * values.astype(np.float32)
        if values.ndim == 5:  # of each kernel an image for each channel
            values = values.reshape(len(values), -1, *values.shape[3:])
        else:
            values = values.reshape(*values.shape[:2], -1)
        n_layers = len({block.name.rpartition(".")[0] for block in blocks})
        return FirstWeights(values, n_layers == 1 and values.shape[1] == self.n_outputs)

    @torch.no_grad()
    def plain_module(self, bits: Tensor) -> torch.nn.Module:
        numbers = self._numbers(self.layout.decode(bits[None]))
        module = deepcopy(self.module).requires_grad_(False)
        if self._norms:
            numbers |= self._statistics_of(bits[None])
        for name, tensor in numbers.items():
            layer, _, last = name.rpartition(".")
            owner = module.get_submodule(layer)
            if last in owner._buffers:
                owner.register_buffer(last, tensor[0].clone())
            else:
                setattr(owner, last, torch.nn.Parameter(tensor[0].clone(), requires_grad=False))
        for layer in module.modules():
            if isinstance(layer, NetworkBatchNorm):
                layer.by = MEASURED
        module = decide(module).requires_grad_(False)
        return PlainModule(module, self.input_shape, self.n_outputs, self.scale.item()).eval()

    def _numbers(self, decoded: dict[str, Tensor]) -> dict[str, Tensor]:
        """What parameters are, (S, *shape), under all their names, and what was chosen."""
        numbers = {
            name: self._magnitudes[name] * tensor.to(torch.float32)
            for name, tensor in decoded.items()
            if name not in self._chosen
        }
        numbers |= {name: numbers[first] for name, first in self._aliases.items()}
        chosen = {  # no gradient: choices are flipped
            buffer: decoded[name].detach().to(torch.float32).round()
            for name, buffer in self._chosen.items()
        }
        return numbers | chosen

    def _computed(
        self,
        bits: Tensor,
        inputs: Tensor,
        statistics: dict[str, Tensor] | None = None,
        inputs_at_once: int | None = None,
    ) -> Tensor:
        """The logits of some networks, of some samples at a time."""
        numbers = self._numbers(self.layout.decode(bits)) | (statistics or {})
        n = inputs_at_once or max(1, 4 * network_module.CHUNK // (self.widest * len(bits)))
        with torch.no_grad():
            return torch.cat([self._run(numbers, some) for some in inputs.split(n)], dim=1)

    def _run(self, numbers: dict[str, Tensor], inputs: Tensor) -> Tensor:
        """The logits (S, M, n_outputs) of networks of these parameters (S, *shape)."""
        x = inputs.view(-1, *self.input_shape)
        n = len(next(iter(numbers.values())))
        if n > FEW and self.is_mapped and len(x) * self.widest <= ALONE:
            return self.scale * torch.vmap(lambda one: self._one(one, x))(numbers)
        rows = zip(*(tensor.unbind() for tensor in numbers.values()), strict=True)
        each = [self._one(dict(zip(numbers, row, strict=True)), x) for row in rows]
        return self.scale * torch.stack(each)

    def _one(self, numbers: dict[str, Tensor], x: Tensor) -> Tensor:
        outputs = functional_call(self.module, numbers, (x,), tie_weights=False)
        return outputs.reshape(len(x), self.n_outputs)

    def _measured(self, numbers: dict[str, Tensor]) -> dict[str, Tensor]:
        """The statistics of the batch norms of some networks, on the observed samples."""
        if self.observed is None:
            raise InputError(
                "the statistics of the batch norms are not measured: call "
                "network.observe(training inputs) first, as plh.train and plh.evaluate do"
            )
        x = self.observed.view(-1, *self.input_shape)
        found = []
        with self._norms.by(MEASURE):
            for i in range(len(next(iter(numbers.values())))):
                self._one({name: tensor[i] for name, tensor in numbers.items()}, x)
                found.append(self._norms.found())
        return {name: torch.stack([one[name] for one in found]) for name in found[0]}

    def _statistics_of(self, bits: Tensor) -> dict[str, Tensor]:
        """Those of networks, each measured once."""
        return self._statistics.of(
            bits, lambda one: self._measured(self._numbers(self.layout.decode(one)))
        )
