"""The trainable arguments of a cost function as one vector, and back."""

import numpy as np
import torch
from pennylane import numpy as pnp

from pl_hypernet.errors import InputError


class TrainableArguments:
    """The arguments of a QNode, of which those with ``requires_grad`` are trained.

    Args:
        args: positional arguments of the QNode.

    Attributes:
        vector: float64 (d,), all trainable angles one after another, radians.
        sizes: how many of them each trainable argument has.

    Raises:
        InputError: no argument is trainable, one is a tensor of torch, or NaN or infinite.
    """

    def __init__(self, args: tuple):
        self.args = args
        self.indices = [i for i, arg in enumerate(args) if getattr(arg, "requires_grad", False)]
        if not self.indices:
            raise InputError(
                "no argument of the cost function is trainable: make the angles a "
                "pennylane.numpy array with requires_grad=True, as start_angles does"
            )
        if any(torch.is_tensor(args[i]) for i in self.indices):
            raise InputError(
                "an argument of the cost function is a tensor of torch: make it a pennylane.numpy "
                "array, as pnp.array(tensor.detach().numpy(), requires_grad=True)"
            )
        self.sizes = [int(np.size(args[i])) for i in self.indices]
        self.vector = np.concatenate([np.ravel(args[i]).astype(float) for i in self.indices])
        if not np.isfinite(self.vector).all():
            raise InputError(
                "the angles to begin with are NaN or infinite: expected finite radians"
            )

    def at(self, vector: np.ndarray) -> list:
        """The arguments with other angles, as plain arrays, to evaluate a circuit."""
        args = list(self.args)
        start = 0
        for i in self.indices:
            size = np.size(args[i])
            args[i] = vector[start : start + size].reshape(np.shape(self.args[i]))
            start += size
        return args

    def trainable_at(self, vector: np.ndarray) -> list:
        """As :meth:`at`, with the trained ones as ``pennylane.numpy`` arrays to go on with.

        Raises:
            InputError: some are NaN or infinite.
        """
        if not np.isfinite(vector).all():
            raise InputError(
                "the step ends at NaN or infinite angles: the step size or the values of the cost "
                "function are too large"
            )
        args = self.at(vector)
        for i in self.indices:
            args[i] = pnp.array(args[i], requires_grad=True)
        return args
