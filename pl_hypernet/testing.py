"""A contract that every device must keep, to be checked by one call.

    from pl_hypernet.testing import check_device
    check_device("lightning.qubit", seedable=True)
    check_device(lambda wires: qml.device("my.device", wires=wires))

The tests of this package run it over every device that it names.
"""

from collections.abc import Callable

import numpy as np
import pennylane as qml
from pennylane.devices import Device
from scipy.stats import chi2

from pl_hypernet.circuits import HardwareEfficientAnsatz
from pl_hypernet.devices import device as make_device
from pl_hypernet.measurements import bitstrings, expected_loss
from pl_hypernet.spins import to_spins

ALPHA = 1e-6  # a right sampler fails a test with this probability, once for each fixed seed
MOST_ERRORS = 5.0  # standard errors that an estimate may lie off
LABELS = ("a", 7, "c", 0, "e", 3, "g", 5)


class ContractError(AssertionError):
    """A device does not return what its circuit says."""


def g_test(bits: np.ndarray, probabilities: np.ndarray, least: float = 5.0) -> float:
    """p-value of the hypothesis that the rows of bits are drawn from a distribution.

    The likelihood-ratio statistic G = 2 sum O log(O / E) against chi-square.

    Args:
        bits: int (shots, n) in {0, 1}, the first column the most significant bit.
        probabilities: float64 (2**n,).
        least: outcomes expected less often are put into one bin.
    """
    n = bits.shape[1]
    outcomes = bits.astype(int) @ (1 << np.arange(n)[::-1])
    observed = np.bincount(outcomes, minlength=2**n).astype(float)
    expected = probabilities * len(bits)
    if observed[expected < 1e-9].any():
        return 0.0  # an outcome that cannot occur
    rare = expected < least
    observed = np.append(observed[~rare], observed[rare].sum())
    expected = np.append(expected[~rare], expected[rare].sum())
    kept = observed > 0
    g = 2 * np.sum(observed[kept] * np.log(observed[kept] / expected[kept]))
    return float(chi2.sf(g, df=max(1, np.count_nonzero(expected) - 1)))


def standard_deviations(values: np.ndarray, truth: float) -> float:
    """How many standard errors the mean of independent values lies off the truth."""
    error = values.std(ddof=1) / np.sqrt(len(values))
    return abs(values.mean() - truth) / error if error else abs(values.mean() - truth) * np.inf


def check_device(
    make: str | Callable[[list], Device],
    n_wires: int = 5,
    shots: int = 4000,
    seedable: bool = False,
    labels: bool = True,
    **options,
) -> None:
    """Checks that a noise-free device returns the right bits, through :func:`pl_hypernet.device`.

    Shape and values of the bits; wire order, also permuted and with labels; agreement with the
    exact distribution (G-test, alpha 1e-6) and <Z_i Z_j> (5 standard errors); independent shots,
    in no order of their values; ``expected_loss``
    equal to the mean over the very bits; fresh bits at each call; same seed, same bits.

    Args:
        make: name of a device, or a function from wires to a PennyLane device.
        n_wires: number of wires, 3 to 8.
        shots: of each circuit; about ten circuits are sent.
        seedable: whether the device takes ``seed`` (by name), which is then checked.
        labels: whether wires may have labels other than 0, 1, ....
        **options: of the device, if it is named.

    Raises:
        ContractError: what the device gets wrong.
    """

    def build(wires, **more) -> Device:
        if isinstance(make, str):
            return make_device(make, wires=wires, **options, **more)
        return make_device(make(wires))

    _check_wire_order(build(list(range(n_wires))))
    if labels:
        _check_wire_order(build(list(LABELS[:n_wires])))
    device = build(list(range(n_wires)))
    theta = np.random.default_rng(1).uniform(
        -np.pi, np.pi, HardwareEfficientAnsatz.shape(2, n_wires)
    )
    bits = _check_distribution(device, theta, shots)
    _check_expected_loss(device, theta, shots)
    if np.array_equal(bits, _sample(device, theta, shots)):
        raise ContractError("two calls returned the same bits: expected fresh ones")
    if seedable:
        one, other = (_sample(build(list(range(n_wires)), seed=5), theta, shots) for _ in range(2))
        if not np.array_equal(one, other):
            raise ContractError("the same seed gave other bits")
        seeded = build(list(range(n_wires)), seed=5)
        if np.array_equal(*(_sample(seeded, theta, shots) for _ in range(2))):
            raise ContractError("two calls of a seeded device returned the same bits")


def _qnode(device: Device, function, shots: int):
    return qml.set_shots(qml.QNode(function, device, interface=None, diff_method=None), shots=shots)


def _sample(device: Device, theta, shots: int) -> np.ndarray:
    def circuit():
        HardwareEfficientAnsatz(theta, wires=device.wires)
        return qml.sample(wires=device.wires)

    return np.asarray(_qnode(device, circuit, shots)())


def _check_wire_order(device: Device) -> None:
    """Each wire alone in |1>, read in the order of the device and in a permuted one."""
    wires = device.wires
    permuted = [*wires[1::2], *wires[::2]]
    for wire in (wires[0], wires[1], wires[-1]):
        for order in (list(wires), permuted):

            def circuit(wire=wire, order=order):
                qml.PauliX(wire)
                return qml.sample(wires=order)

            bits = np.asarray(_qnode(device, circuit, 20)())
            if bits.shape != (20, len(wires)):
                raise ContractError(
                    f"qml.sample returned shape {bits.shape}: expected (20, {len(wires)})"
                )
            if not np.issubdtype(bits.dtype, np.integer) or not np.isin(bits, (0, 1)).all():
                raise ContractError(f"qml.sample returned {bits.dtype} other than bits 0 and 1")
            if not (bits == [int(label == wire) for label in order]).all():
                raise ContractError(
                    f"with wire {wire!r} in |1>, wires {order} read {bits[0].tolist()}"
                )


def _check_distribution(device: Device, theta, shots: int) -> np.ndarray:
    n = len(device.wires)
    ansatz = HardwareEfficientAnsatz(theta, wires=range(n))
    probabilities = np.abs(qml.matrix(ansatz)[:, 0]) ** 2
    bits = _sample(device, theta, shots)
    p_value = g_test(bits, probabilities)
    if p_value < ALPHA:
        raise ContractError(
            f"shots do not follow |<x|psi>|^2: G-test over {2**n} outcomes, p = {p_value:.1e}"
        )
    _check_order(bits, probabilities)
    spins = to_spins(bits).astype(float)
    signs = to_spins(bitstrings(0, 2**n, n)).astype(float)
    for i in range(n - 1):
        exact = float(probabilities @ (signs[:, i] * signs[:, i + 1]))
        off = standard_deviations(spins[:, i] * spins[:, i + 1], exact)
        if off > MOST_ERRORS:
            raise ContractError(f"<Z_{i} Z_{i + 1}> lies {off:.1f} standard errors off {exact:.4f}")
    return bits


def _check_order(bits: np.ndarray, probabilities: np.ndarray) -> None:
    """A shot equals the one before it as often as independent ones do."""
    equal = (bits[1:] == bits[:-1]).all(axis=1)
    chance = np.sum(probabilities**2)
    # neighbouring pairs share a shot
    variance = chance - chance**2 + 2 * (np.sum(probabilities**3) - chance**2)
    off = abs(equal.mean() - chance) * np.sqrt(len(equal) / variance)
    if off > MOST_ERRORS:
        raise ContractError(
            f"{equal.mean():.1%} of the shots equal the one before, expected {chance:.1%}: they "
            "are not independent, or sorted by their values"
        )


def _check_expected_loss(device: Device, theta, shots: int) -> None:
    weights = np.random.default_rng(2).normal(size=len(device.wires))

    def circuit():
        HardwareEfficientAnsatz(theta, wires=device.wires)
        return qml.sample(wires=device.wires), expected_loss(lambda bits: bits @ weights)

    bits, energy = _qnode(device, circuit, shots)()
    mean = float((np.asarray(bits) @ weights).mean())
    if not np.isclose(float(energy), mean, rtol=0, atol=1e-9):
        raise ContractError(f"expected_loss is {float(energy)}: the mean over the bits is {mean}")
    if len(energy.losses) != shots or not energy.stderr > 0:
        raise ContractError("expected_loss came without the losses of its shots")
