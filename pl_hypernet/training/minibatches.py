"""Which training samples each step sees."""

import numpy as np


class MiniBatches:
    """Random mini-batches, drawn anew for each step.

    Args:
        n_samples: how many training samples there are.
        batch_size: how many a step sees, without replacement; all of them if there are not more.
        rng: source of the draws.
    """

    def __init__(self, n_samples: int, batch_size: int, rng: np.random.Generator):
        self.n_samples = n_samples
        self.batch_size = batch_size
        self.rng = rng

    def next(self) -> np.ndarray | None:
        """Indices int64 (batch_size,) of the next mini-batch; None for all samples."""
        if self.batch_size >= self.n_samples:
            return None
        return self.rng.choice(self.n_samples, self.batch_size, replace=False)
