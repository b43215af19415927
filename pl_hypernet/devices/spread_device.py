"""A device whose circuits run on several workers of Dask."""

import warnings
import weakref
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from numbers import Integral
from typing import Any

from pennylane.devices import ExecutionConfig
from pennylane.devices.modifiers import simulator_tracking, single_tape_support
from pennylane.tape import QuantumScript

from pl_hypernet.devices.hypernet_device import HypernetDevice
from pl_hypernet.devices.installed import takes_seed
from pl_hypernet.errors import DeviceError, InputError
from pl_hypernet.random_state import generator
from pl_hypernet.workers import check_dask, connected

SEEDS = 2**31 - 1  # how many a circuit's is drawn from
BACKPROP = "backprop"


@simulator_tracking
@single_tape_support
class SpreadDevice(HypernetDevice):
    """Circuits of one call, as those of an optimizer's step, side by side on workers of Dask.

    It pays where a circuit takes longer than its transport, some milliseconds: bond dimensions of
    hundreds, many shots, state vectors of many qubits. Each circuit has a seed of its own, drawn
    here, so that shots depend neither on the number of workers nor on which one takes a circuit.
    They are other shots than without workers. Workers are started with the first circuit, and a
    circuit whose worker is lost runs on another one. Gradients that the device has of its own are
    computed here; backpropagation is none of them, as it would end at the workers.

    Args:
        make: makes a device, from a name, wires and options, here and on the workers.
        name: of a device that computes; not of one that is paid for.
        wires: as of the device.
        workers: processes of this machine, of one thread each; None: of the scheduler.
        scheduler: the address of a Dask cluster, whose workers have this package, or a
            ``distributed.Client`` of one; None: this machine.
        options: of the device, ``seed`` among them.

    Attributes:
        local (HypernetDevice): the same device in this process, which prepares circuits.

    Raises:
        InputError: Dask is not installed, both or neither of workers and scheduler, or a device
            that sends paid tasks.
    """

    def __init__(
        self,
        make: Callable[..., HypernetDevice],
        name: str,
        wires,
        workers: int | None,
        scheduler: Any,
        options: dict[str, Any],
    ):
        check_dask()
        if name.startswith("braket.aws"):
            raise InputError(
                f"device {name!r} with workers: its tasks run side by side already; leave them out"
            )
        if scheduler is not None and workers is not None:
            raise InputError("workers beside scheduler: a cluster has its own, give one of them")
        whole = isinstance(workers, Integral) and not isinstance(workers, bool)
        if scheduler is None and not (whole and workers > 0):
            raise InputError(f"workers={workers!r}: expected a whole number of at least 1")
        self._make, self._asked = make, (name, wires)
        self._options = {key: value for key, value in options.items() if key != "seed"}
        self._seeded = bool(takes_seed(name)) or "seed" in options
        self._rng = generator(options.get("seed"))
        self._workers = None if workers is None else int(workers)
        self._scheduler = scheduler
        self._client: Any = None
        self.local = make(name, wires, **self._options)
        self.inner = getattr(self.local, "inner", self.local)
        self.compiles = self.local.compiles
        super().__init__(wires=self.local.wires)
        self.noise, self.record = self.local.noise, self.local.record

    def __getstate__(self):
        """A copy, as one that was pickled, connects anew."""
        kept = {name: value for name, value in vars(self).items() if name != "_ended"}
        return kept | {"_client": None}

    @property
    def name(self) -> str:
        return self.local.name

    @property
    def capabilities(self):
        return self.local.capabilities

    def overlaps_exactly(self, n_wires: int) -> bool:
        return self.local.overlaps_exactly(n_wires)

    def setup_execution_config(self, config: ExecutionConfig | None = None, circuit=None):
        found = self.local.setup_execution_config(config, circuit)
        if found.gradient_method != BACKPROP:
            return found
        return self.local.setup_execution_config(_by_adjoint(config), circuit)

    def preprocess_transforms(self, execution_config: ExecutionConfig | None = None):
        return self.local.preprocess_transforms(execution_config)

    def execute(self, circuits, execution_config: ExecutionConfig | None = None):
        self.record.begin(circuits)
        seeds = self._rng.integers(SEEDS, size=len(circuits)).tolist() if self._seeded else None
        asked = execution_config or ExecutionConfig()  # may hold functions, which cannot travel
        config = ExecutionConfig(mcm_config=asked.mcm_config, device_options=asked.device_options)
        found = self._gathered([
            (self._options | ({} if seeds is None else {"seed": seeds[i]}), circuit, config)
            for i, circuit in enumerate(circuits)
        ])  # fmt: skip
        self.record.truncation_error = max((lost for _, lost, _ in found), default=0.0)
        for message, category in dict.fromkeys(one for *_, said in found for one in said):
            warnings.warn(message, category, stacklevel=2)
        return tuple(result for result, *_ in found)

    def close(self) -> None:
        """Ends the workers, which end with the device or the program otherwise."""
        if self._client is not None:
            self._ended()
            self._client = None

    def _gathered(self, asked: list[tuple]) -> list[tuple]:
        """What the workers make of options, circuit and configuration.

        Raises:
            DeviceError: all workers, or what hands out work to them, are lost.
        """
        from distributed import CancelledError, KilledWorker

        client = self._connected()
        begin = _executed, self._make, *self._asked
        try:
            return client.gather([client.submit(*begin, *one, pure=False) for one in asked])
        except KilledWorker as error:
            raise DeviceError(f"device {self.name!r}: workers were lost again and again") from error
        except (Exception, CancelledError) as error:  # Dask has no class for a lost connection
            if client.status == "running":
                raise
            raise DeviceError(f"device {self.name!r}: Dask's scheduler is lost") from error

    def _connected(self):
        if self._client is None:
            stack = ExitStack()
            self._client = stack.enter_context(connected(self._workers or 1, self._scheduler))
            self._ended = weakref.finalize(self, stack.close)
        return self._client

    def supports_derivatives(self, execution_config=None, circuit=None) -> bool:
        if execution_config is not None:
            if execution_config.gradient_method == BACKPROP:
                return False
            if execution_config.gradient_method == "best":
                found = self.local.setup_execution_config(execution_config, circuit)
                if found.gradient_method == BACKPROP:
                    execution_config = _by_adjoint(execution_config)
        return self.local.supports_derivatives(execution_config, circuit)

    def compute_derivatives(self, circuits, execution_config=None):
        return self.local.compute_derivatives(circuits, execution_config)

    def supports_vjp(self, execution_config=None, circuit=None) -> bool:
        return self.local.supports_vjp(execution_config, circuit)

    def compute_vjp(self, circuits, cotangents, execution_config=None):
        return self.local.compute_vjp(circuits, cotangents, execution_config)


def _by_adjoint(config: ExecutionConfig | None) -> ExecutionConfig:
    """In the place of a backpropagation."""
    return replace(config or ExecutionConfig(), gradient_method="adjoint")


def _executed(
    make: Callable[..., HypernetDevice],
    name: str,
    wires,
    options: dict[str, Any],
    circuit: QuantumScript,
    config: ExecutionConfig,
) -> tuple[Any, float, list[tuple[str, type[Warning]]]]:
    """On a worker: the result of a prepared circuit, how much of its state was truncated, and
    warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        device = make(name, wires, **options)
        (result,) = device.execute((circuit,), config)
    said = [(str(one.message), one.category) for one in caught]
    return result, device.truncation_error, said
