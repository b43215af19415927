"""Statistics of batch norms, of each network its own, measured on samples that were observed."""

from collections.abc import Callable
from hashlib import blake2b

import numpy as np
import torch
from torch import Tensor

OBSERVED = 2000  # samples by which they are measured
MOST = 2**24  # numbers of them that are kept


def some_of(inputs: Tensor) -> Tensor:
    """Up to 2000 samples, evenly: a copy."""
    rows = np.linspace(0, len(inputs) - 1, min(OBSERVED, len(inputs))).round().astype(int)
    return inputs[torch.as_tensor(rows, device=inputs.device)].clone()


class KeptStatistics:
    """Statistics of networks that were measured, so that each is measured once."""

    def __init__(self):
        self._kept: dict[bytes, dict[str, Tensor]] = {}

    def clear(self) -> None:
        """Forgets all, as when the network or the samples change."""
        self._kept.clear()

    def of(self, bits: Tensor, measure: Callable[[Tensor], dict[str, Tensor]]) -> dict[str, Tensor]:
        """Of networks, by name.

        Args:
            bits: int8 (s, n_qubits).
            measure: of one network, int8 (1, n_qubits), its statistics (1, ...).

        Returns:
            Tensors (s, ...).
        """
        packed = np.packbits(bits.cpu().numpy(), axis=1)
        keys = [blake2b(row.tobytes(), digest_size=16).digest() for row in packed]
        found = []
        for i, key in enumerate(keys):
            if key not in self._kept:
                one = measure(bits[i : i + 1])
                most = MOST // max(1, sum(tensor.numel() for tensor in one.values()))
                if len(self._kept) >= max(len(keys), most):
                    self._kept.pop(next(iter(self._kept)))
                self._kept[key] = one
            found.append(self._kept[key])
        return {name: torch.cat([one[name] for one in found]) for name in found[0]}
