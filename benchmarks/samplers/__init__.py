"""Shots of one matrix product state, drawn by this package and by other libraries.

A file for each library. Every builder takes the angles and the state of an ansatz and returns a
:class:`~samplers.sampler.Sampler`. Qiskit Aer evolves the circuit itself, at each call, and maestro
beforehand; the others get our right-canonical tensors, so that none has to evolve or to bring
anything into a canonical form. Only the files of libraries that are installed are imported.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version


@dataclass(frozen=True)
class Library:
    """One way to draw shots.

    Attributes:
        distribution: the package that it needs, as pip knows it.
        builder: file of this folder, and the function in it.
    """

    distribution: str
    builder: str

    @property
    def version(self) -> str | None:
        """None: not installed."""
        try:
            return version(self.distribution)
        except PackageNotFoundError:
            return None

    def load(self) -> Callable:
        """The builder."""
        module, function = self.builder.split(".")
        return getattr(import_module(f"samplers.{module}"), function)


LIBRARIES = {
    "hypernet.mps": Library("pl_hypernet", "ours.light_cones"),
    "hypernet.mps, general tensors": Library("pl_hypernet", "ours.general_tensors"),
    "maestro (pennylane-maestro)": Library("qoro-maestro", "maestro.sampler"),
    "Aer, mps_probabilities": Library("qiskit-aer", "aer.probabilities"),
    "Aer, mps_apply_measure": Library("qiskit-aer", "aer.apply_measure"),
    "tensorcircuit-ng": Library("tensorcircuit-ng", "tensorcircuit.sampler"),
    "emu-mps": Library("emu-mps", "emu_mps.sampler"),
    "mqt-yaqs": Library("mqt-yaqs", "yaqs.sampler"),
    "quimb (and default.tensor)": Library("quimb", "quimb.sampler"),
    "TeNPy": Library("physics-tenpy", "tenpy.sampler"),
}
DEFAULT_TENSOR = Library("quimb", "quimb.default_tensor")
