"""Real parameters of a network, trained by an optimizer of torch beside the angles."""

import numpy as np
import torch

from pl_hypernet.networks import Network
from pl_hypernet.objectives import NetworkLoss
from pl_hypernet.objectives.flipped_bits import FlippedBits


class TrainedAlong:
    """Lowers the mean loss of a step's shots by the real parameters of their network.

    Their gradient is that of the mean over the shots, whatever the reduction that the angles lower.
    Where the optimizer of the angles went backward through the network it is there already; else
    one more pass makes it.

    Args:
        network: whose they are; without any this does nothing.
        steps: over which learning rates fall linearly to 0.
    """

    def __init__(self, network: Network, steps: int):
        self.parameters = network.trained_along
        self.steps = steps
        self.n_steps = 0
        self._optimizer = None
        if self.parameters:
            self._optimizer = network.torch_optimizer(list(self.parameters.values()))
            self._rates = [group["lr"] for group in self._optimizer.param_groups]

    def step(self, loss: NetworkLoss | FlippedBits, bits: np.ndarray) -> None:
        """One step, on the samples that are selected.

        Args:
            loss: of the network, in training mode.
            bits: int8 (shots, n_qubits), the shots of the step.
        """
        if self._optimizer is None:
            return
        if any(parameter.grad is None for parameter in self.parameters.values()):
            loss.backward(bits)
        left = max(0.0, 1 - self.n_steps / self.steps)
        for group, rate in zip(self._optimizer.param_groups, self._rates, strict=True):
            group["lr"] = rate * left
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        self.n_steps += 1

    def state(self) -> dict[str, np.ndarray]:
        """Parameters, and what torch's optimizer knows of each."""
        arrays = {f"value.{name}": _array(tensor) for name, tensor in self.parameters.items()}
        for name, parameter in self.parameters.items():
            known = self._optimizer.state.get(parameter, {})
            arrays |= {
                f"{key}.of.{name}": _array(tensor)
                for key, tensor in known.items()
                if isinstance(tensor, torch.Tensor)
            }
        return arrays

    def restore(self, arrays: dict[str, np.ndarray], n_steps: int) -> None:
        """Takes over what :meth:`state` gave after so many steps."""
        self.n_steps = n_steps
        set_trained_along(self.parameters, arrays)
        for name, parameter in self.parameters.items():
            end = f".of.{name}"
            known = {
                key.removesuffix(end): torch.tensor(array)
                for key, array in arrays.items()
                if key.endswith(end) and not key.startswith("value.")
            }
            if known:
                self._optimizer.state[parameter] = known


@torch.no_grad()
def set_trained_along(parameters: dict, arrays: dict[str, np.ndarray]) -> None:
    """Puts values of :meth:`TrainedAlong.state` into the parameters of a network."""
    for name, parameter in parameters.items():
        parameter.copy_(torch.as_tensor(arrays[f"value.{name}"]).reshape(parameter.shape))


def _array(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().cpu().numpy().copy()
