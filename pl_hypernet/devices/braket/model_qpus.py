"""Capabilities of QPUs, as Braket describes them, to rehearse on without an account.

Gates, labels, couplers and limits resemble QPUs that Braket offers; the fidelities are typical
ones, scattered by a fixed seed, and are no calibration of any machine.
"""

from collections.abc import Callable

import numpy as np
from braket.device_schema.device_capabilities import DeviceCapabilities
from braket.device_schema.ionq import IonqDeviceCapabilities
from braket.device_schema.iqm import IqmDeviceCapabilities
from braket.device_schema.rigetti.rigetti_device_capabilities_v2 import RigettiDeviceCapabilities

SUPPORTED = [
    "x", "y", "z", "h", "s", "si", "t", "ti", "v", "vi", "rx", "ry", "rz", "phaseshift", "cnot",
    "cy", "cz", "cphaseshift", "swap", "iswap", "xx", "yy", "zz", "xy",
]  # fmt: skip
SERVICE = {
    "braketSchemaHeader": {
        "name": "braket.device_schema.device_service_properties",
        "version": "1",
    },
    "executionWindows": [
        {"executionDay": "Everyday", "windowStartHour": "00:00", "windowEndHour": "23:59:59"}
    ],
    "updatedAt": "2026-01-01T00:00:00",
    "getTaskPollIntervalMillis": 10,
}


def iqm_like(n_rows: int, n_columns: int, missing: int) -> DeviceCapabilities:
    """A square lattice with PRX and CZ, labels from 1, the last ``missing`` sites left out."""
    edges = [
        (a + 1, b + 1)
        for a, b in _lattice(n_rows, n_columns)
        if max(a, b) < n_rows * n_columns - missing
    ]
    qubits = range(1, n_rows * n_columns - missing + 1)
    return IqmDeviceCapabilities.parse_obj(
        {
            "service": _service("eu-north-1", (1, 20_000)),
            "action": _action([*SUPPORTED, "prx"], max_executables=100, max_shots=1_000_000),
            "paradigm": _paradigm(qubits, ["cz", "prx"], edges),
            "standardized": _calibration(qubits, edges, "CZ", 0.9990, 0.993, 0.97),
            "deviceParameters": {},
        }
    )


def rigetti_like(n_rows: int, n_columns: int) -> DeviceCapabilities:
    """A square lattice with RX, RZ and iSWAP, labels from 0; some couplers are out of order."""
    edges = _lattice(n_rows, n_columns)
    rng = np.random.default_rng(108)
    edges = [edge for edge in edges if rng.random() > 0.04]
    qubits = range(n_rows * n_columns)
    return RigettiDeviceCapabilities.parse_obj(
        {
            "service": _service("us-west-1", (1, 50_000)),
            "action": _action(SUPPORTED, max_executables=100, max_shots=1_000_000),
            "paradigm": _paradigm(qubits, ["rx", "rz", "iswap"], edges),
            "standardized": _calibration(qubits, edges, "ISWAP", 0.9985, 0.99, 0.95),
            "deviceParameters": {},
        }
    )


def ionq_like(n_qubits: int) -> DeviceCapabilities:
    """All-to-all couplers with GPi, GPi2 and ZZ, labels from 0."""
    return IonqDeviceCapabilities.parse_obj(
        {
            "service": _service("us-east-1", (1, 5_000)),
            "action": _action(SUPPORTED, max_executables=None, max_shots=None),
            "paradigm": _paradigm(range(n_qubits), ["gpi", "gpi2", "zz"], None),
            "provider": {
                "braketSchemaHeader": {
                    "name": "braket.device_schema.ionq.ionq_provider_properties",
                    "version": "1",
                },
                "fidelity": {
                    "1Q": {"mean": 0.9998},
                    "2Q": {"mean": 0.996},
                    "spam": {"mean": 0.995},
                },
                "timing": {
                    "T1": 100.0, "T2": 1.0, "1Q": 1.3e-4, "2Q": 9.7e-4, "readout": 1.5e-4,
                    "reset": 5e-5,
                },
            },
            "deviceParameters": {},
        }
    )  # fmt: skip


# name -> (its ARN, its capabilities)
MODEL_QPUS: dict[str, tuple[str, Callable[[], DeviceCapabilities]]] = {
    "iqm-20": (
        "arn:aws:braket:eu-north-1::device/qpu/iqm/Emulated-20",
        lambda: iqm_like(5, 4, 0),
    ),
    "iqm-54": (
        "arn:aws:braket:eu-north-1::device/qpu/iqm/Emulated-54",
        lambda: iqm_like(7, 8, 2),
    ),
    "ionq-36": (
        "arn:aws:braket:us-east-1::device/qpu/ionq/Emulated-36",
        lambda: ionq_like(36),
    ),
    "rigetti-108": (
        "arn:aws:braket:us-west-1::device/qpu/rigetti/Emulated-108",
        lambda: rigetti_like(9, 12),
    ),
}


def _lattice(n_rows: int, n_columns: int) -> list[tuple[int, int]]:
    sites = np.arange(n_rows * n_columns).reshape(n_rows, n_columns)
    across = zip(sites[:, :-1].flat, sites[:, 1:].flat, strict=True)
    down = zip(sites[:-1].flat, sites[1:].flat, strict=True)
    return [(int(a), int(b)) for a, b in (*across, *down)]


def _service(region: str, shots_range: tuple[int, int]) -> dict:
    return SERVICE | {
        "shotsRange": shots_range,
        "deviceLocation": region,
    }


def _action(operations, max_executables: int | None, max_shots: int | None) -> dict:
    result_types = [
        {"name": name, "observables": ["x", "y", "z", "h", "i"], "minShots": 1, "maxShots": 50_000}
        for name in ("Sample", "Expectation", "Variance")
    ] + [{"name": "Probability", "observables": None, "minShots": 1, "maxShots": 50_000}]
    action = {
        "braket.ir.openqasm.program": {
            "actionType": "braket.ir.openqasm.program",
            "version": ["1"],
            "supportedOperations": operations,
            "supportedResultTypes": result_types,
            "supportedPragmas": ["verbatim"],
            "supportPhysicalQubits": True,
        }
    }
    if max_executables is not None:
        action["braket.ir.openqasm.program_set"] = {
            "actionType": "braket.ir.openqasm.program_set",
            "version": ["1"],
            "maximumExecutables": max_executables,
            "maximumTotalShots": max_shots,
        }
    return action


def _paradigm(qubits, native_gates: list[str], edges: list | None) -> dict:
    graph: dict[str, list[str]] = {}
    for a, b in edges or []:
        graph.setdefault(str(a), []).append(str(b))
        graph.setdefault(str(b), []).append(str(a))
    return {
        "qubitCount": len(qubits),
        "nativeGateSet": native_gates,
        "connectivity": {"fullyConnected": edges is None, "connectivityGraph": graph},
    }


def _calibration(qubits, edges, gate: str, one: float, two: float, readout: float) -> dict:
    """Errors scattered by a factor of about 1.6 around the typical ones."""
    rng = np.random.default_rng(len(qubits))

    def around(fidelity: float) -> float:
        return 1 - (1 - fidelity) * float(np.exp(rng.normal(0, 0.5)))

    time = {"value": 30.0, "unit": "us"}
    return {
        "oneQubitProperties": {
            str(q): {
                "T1": time,
                "T2": time,
                "oneQubitFidelity": [
                    _fidelity("RANDOMIZED_BENCHMARKING", around(one)),
                    _fidelity("READOUT", around(readout)),
                ],
            }
            for q in qubits
        },
        "twoQubitProperties": {
            f"{a}-{b}": {
                "twoQubitGateFidelity": [
                    _fidelity("INTERLEAVED_RANDOMIZED_BENCHMARKING", around(two))
                    | {"gateName": gate}
                ]
            }
            for a, b in edges
        },
    }


def _fidelity(name: str, value: float) -> dict:
    return {"fidelityType": {"name": name}, "fidelity": value}
