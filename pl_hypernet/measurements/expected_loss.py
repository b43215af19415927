"""The variational energy as one PennyLane measurement: the mean loss of the shots."""

from collections.abc import Callable
from copy import copy

import numpy as np
from pennylane import math
from pennylane.measurements import SampleMeasurement
from pennylane.wires import Wires

from pl_hypernet.errors import InputError
from pl_hypernet.measurements.capture import check_no_capture
from pl_hypernet.measurements.estimate import Estimate, as_numbers, check_finite
from pl_hypernet.measurements.objective import Objective
from pl_hypernet.user_code import UserCode


class ExpectedLoss(SampleMeasurement):
    """Measurement behind :func:`expected_loss`.

    Args:
        loss: see :func:`expected_loss`.
        wires: wires whose bits make up a bitstring, in this order; None: all of the device.
        reduction, entropy, mmd, mmd_bandwidth: see :func:`expected_loss`.

    Attributes:
        objective (Objective): what becomes of the losses.
    """

    _shortname = "expected_loss"

    def __init__(
        self,
        loss: Callable,
        wires=None,
        reduction="mean",
        eigvals=None,
        id=None,
        entropy=0.0,
        mmd=0.0,
        mmd_bandwidth=None,
    ):
        if not callable(loss):
            raise InputError(
                f"loss {loss!r} is not callable: expected a function or torch module from bits "
                "(shots, n_wires) to losses (shots,)"
            )
        self.loss = loss
        self.settings = {
            "reduction": reduction,
            "entropy": entropy,
            "mmd": mmd,
            "mmd_bandwidth": mmd_bandwidth,
        }
        self.objective = Objective(**self.settings)
        if wires is not None and not isinstance(wires, Wires):
            wires = Wires(wires)
        super().__init__(wires=wires, eigvals=eigvals, id=id)

    def _flatten(self):
        return (), (("loss", self.loss), ("wires", self.raw_wires), *self.settings.items())

    @classmethod
    def _unflatten(cls, _, metadata):
        return cls(**dict(metadata))

    @property
    def hash(self) -> int:
        settings = tuple(self.settings.values())
        return hash((type(self).__name__, id(self.loss), settings, tuple(self.wires)))

    @property
    def numeric_type(self) -> type:
        return float

    def shape(self, shots=None, num_device_wires=0) -> tuple:
        return ()

    def on_wires(self, wires) -> "ExpectedLoss":
        """The same measurement with its wires named, for one that was given none."""
        measurement = copy(self)
        measurement._wires = Wires(wires)
        return measurement

    def losses(self, bits: np.ndarray) -> np.ndarray:
        """Losses float64 (shots,) of bits int8 (shots, n_wires)."""
        return losses_of(self.loss, bits)

    def process_samples(
        self, samples, wire_order, shot_range=None, bin_size=None, log_p: Callable | None = None
    ):
        """The :class:`Estimate` from bits (..., shots, wires of the tape); one for each leading
        index and bin. ``log_p``: bits int8 (shots, n_wires) -> float64 (shots,), for an entropy."""
        column = {wire: i for i, wire in enumerate(wire_order)}  # Wires.indices is quadratic
        columns = [column[wire] for wire in self.wires]
        bits = np.asarray(math.unwrap([samples])[0])[..., columns].astype(np.int8, copy=False)
        if shot_range is not None:
            bits = bits[..., slice(*shot_range), :]
        if bin_size is not None:
            bits = bits.reshape(*bits.shape[:-2], -1, bin_size, bits.shape[-1])
        if bits.ndim > 2:
            flat = bits.reshape(-1, *bits.shape[-2:])
            means = [self._estimate(part, log_p) for part in flat]
            return np.array(means, dtype=np.float64).reshape(bits.shape[:-2])
        return self._estimate(bits, log_p)

    def _estimate(self, bits: np.ndarray, log_p: Callable | None) -> Estimate:
        known = log_p(bits) if log_p is not None and self.objective.needs_log_p else None
        return self.objective.estimate(self.losses(bits), bits, known)

    def process_counts(self, counts: dict, wire_order):
        """The :class:`Estimate` from counts {bitstring: how often}, in no particular order."""
        rows = np.array([[int(bit) for bit in bits] for bits in counts], dtype=np.int8)
        samples = np.repeat(rows, list(counts.values()), axis=0)
        # any part of the shots is a fair sample
        samples = np.random.default_rng(len(samples)).permutation(samples, axis=0)
        return self.process_samples(samples, wire_order)

    def process_probabilities(self, probabilities: np.ndarray) -> Estimate:
        """The exact objective, of all bitstrings: as energy the sum of probability times loss.

        Args:
            probabilities: float (2**n_wires,) or (batch, 2**n_wires), in PennyLane's order (the
                first wire is the most significant bit).

        Raises:
            InputError: the reduction is a function of a user's own.
        """
        self.objective.check_exact()
        probabilities = np.asarray(probabilities, dtype=np.float64)
        n_wires = len(probabilities).bit_length() - 1
        losses = [
            self.losses(bitstrings(start, min(start + 2**14, len(probabilities)), n_wires))
            for start in range(0, len(probabilities), 2**14)
        ]
        return self.objective.of_distribution(np.concatenate(losses), probabilities)


def losses_of(loss: Callable, bits: np.ndarray) -> np.ndarray:
    """Losses float64 (shots,) of bits int8 (shots, n_wires), by a function of a user's own.

    A torch module gets a torch tensor, anything else a numpy array.

    Raises:
        InputError: it fails, or does not return a finite number for each bitstring.
    """
    code = UserCode("loss", loss, "finite losses (shots,), of bits int8 (shots, n_wires)")
    given = bits
    if hasattr(loss, "named_parameters"):  # torch is not imported for who has no module
        import torch

        given = torch.from_numpy(np.ascontiguousarray(bits))
    returned = code(bits=given)
    try:
        losses = as_numbers(returned)
    except (TypeError, ValueError) as error:
        raise code.refused(returned, bits=given) from error
    if losses.shape != (len(bits),):
        raise code.refused(returned, bits=given)
    return check_finite(losses)


def bitstrings(start: int, stop: int, n_wires: int) -> np.ndarray:
    """The binary digits of start ... stop - 1, most significant first: int8 (stop-start, n)."""
    return (np.arange(start, stop)[:, None] >> np.arange(n_wires)[::-1] & 1).astype(np.int8)


def expected_loss(
    loss: Callable,
    wires=None,
    reduction: str | Callable = "mean",
    entropy: float = 0.0,
    mmd: float = 0.0,
    mmd_bandwidth: float | None = None,
) -> ExpectedLoss:
    r"""The energy :math:`E = \langle\psi|L(\sigma_z)|\psi\rangle` (arXiv:2301.08292),
    estimated as the mean over shots of the classical loss L(bits), or as another reduction of them;
    with regularisers that keep the bitstrings diverse, the objective

    .. math:: F = \text{reduction}(L) - \tau H + \lambda \, \mathrm{MMD}^2,

    with H the entropy of the bitstrings in nats and MMD their discrepancy from the uniform
    distribution (arXiv:2506.05888): see :class:`UniformMMD`.

    It is the return value of a QNode on a device from :func:`pl_hypernet.device` (or
    ``hypernet.mps``). Its value is an :class:`Estimate`, a float with ``.stderr`` and ``.losses``,
    which are the plain losses L. PennyLane's interfaces make plain arrays of it, unless the QNode
    has ``interface=None``; the device keeps the estimates of its last execution in
    ``device.estimates``. Without shots the value is the exact sum over all bitstrings, up to 20
    wires.

    All but the mean of the losses is not linear in the probabilities, and parameter shift, which
    would take its value at shifted angles, gives no gradient of it. The score function does, and
    SPSA and QN-SPSA need none.

    Args:
        loss: any callable from bits int8 (shots, n_wires) in {0, 1} to finite losses (shots,),
            any pseudo-Boolean function; or a torch module, which gets a torch int8 tensor.
        wires: wires that make up the bitstring, in this order; None: all wires of the device.
        reduction: ``"mean"``; ``"cvar:0.1"``, the mean of the best 10 % of the shots (a quarter
            without a number); or a callable losses (shots,) -> number.
        entropy: tau, at least 0, in units of the loss a nat. With shots it takes log p of the
            circuit, exact, so it needs all wires of the circuit, a noise-free device and a bond
            dimension within reach: see :func:`circuit_log_probability`.
        mmd: lambda, at least 0, in units of the loss. It needs bits alone, at least 2 shots.
        mmd_bandwidth: of its kernel exp(-Hamming distance / bandwidth), in bits; None: half the
            number of wires.

    Raises:
        InputError: the loss is not callable, the reduction unknown, a weight negative or infinite;
            on execution, losses of the wrong shape, NaN or infinite, or an entropy of shots whose
            log p is not known.
    """
    check_no_capture("expected_loss")
    return ExpectedLoss(
        loss, wires, reduction, entropy=entropy, mmd=mmd, mmd_bandwidth=mmd_bandwidth
    )
