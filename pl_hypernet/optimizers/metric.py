"""The learned Fubini-Study metric, tamed: an average of rank-2 estimates, shrunk and floored."""

from collections.abc import Callable

import numpy as np

from pl_hypernet.compiled import compiled

PRIOR = 0.25  # metric of one Pauli rotation on an equator state, the largest it can be
SOLVED = 1e-13  # relative change at which the Krylov space is large enough


def sampled_metric(first, second, second_difference: float, metric_step: float) -> np.ndarray:
    r"""One unbiased estimate of the Fubini-Study metric (2-SPSA, arXiv:2103.09232),

    .. math:: \hat g = -\frac{\delta}{8 \epsilon^2} (h_1 h_2^T + h_2 h_1^T).

    Args:
        first, second: directions :math:`h_1, h_2`, entries +1 or -1, (d,).
        second_difference: :math:`\delta` of log F: of the fidelities of the state with those at
            :math:`\epsilon (h_1 + h_2), \epsilon h_1, \epsilon (h_2 - h_1), -\epsilon h_1`, the
            logarithms with signs + - - +. The logarithm is exactly quadratic where F is a
            Gaussian, which removes most of the bias of a finite step: at 66 qubits a step of 0.05
            shrinks the estimate from F itself to 0.67 of the truth.
        metric_step: :math:`\epsilon`, radians.

    Returns:
        float64 (d, d), symmetric, of rank 2.
    """
    outer = np.outer(first, second)
    return (outer + outer.T) * (-second_difference / (8 * metric_step**2))


class MetricAverage:
    r"""The raw average of k estimates :func:`sampled_metric`, never fed back, and its natural
    gradient.

    While 2k < d only the directions are kept, and what is done with them costs O(k d); later on
    the matrix, of which the average is the same.

    **Shrinkage.** An estimate is :math:`c (h_1 h_2^T + h_2 h_1^T)` with
    :math:`\langle c^2 \rangle = \|g\|_F^2 / 4 + v`, where v is the variance of c that the shots of
    measured overlaps bring. So :math:`\langle \|\hat g - g\|_F^2 \rangle \approx
    (1 + r) d^2 \|g\|_F^2 / 2` with :math:`r = 4 v / \|g\|_F^2`, and the weight of the average
    against the prior I/4 that makes their mean-square error least (as of Ledoit and Wolf, 2004,
    for a prior that is as far off as the metric is large) is

    .. math:: w = \frac{k}{k + (1 + r) d^2 / 2}.

    Args:
        n_angles: d.

    Attributes:
        count (int): k.
        weight (float): w, in [0, 1).
    """

    def __init__(self, n_angles: int):
        self.n_angles = n_angles
        self.count = 0
        self._sums = np.zeros(2)  # of c^2, and of its part that shots bring
        self._directions = np.empty((0, 2, n_angles), dtype=np.int8)
        self._coefficients = np.empty(0)
        self._matrix: np.ndarray | None = None

    def add(self, first, second, coefficient: float, shot_variance: float = 0.0) -> None:
        """Takes in one estimate.

        Args:
            first, second: +1 or -1 (d,).
            coefficient: :math:`c = -\\delta / (8 \\epsilon^2)`.
            shot_variance: v, of the shots of the overlaps; 0 where they are exact.
        """
        self._sums += coefficient**2, shot_variance
        if self._matrix is None and 2 * (self.count + 1) >= self.n_angles:
            self._matrix = self.dense() * self.count
            self._directions, self._coefficients = self._directions[:0], self._coefficients[:0]
        if self._matrix is not None:
            outer = coefficient * np.outer(first, second)
            self._matrix += outer
            self._matrix += outer.T
        else:
            if self.count == len(self._coefficients):
                room = max(16, self.count)
                self._directions = np.concatenate(
                    [self._directions, np.empty((room, 2, self.n_angles), dtype=np.int8)]
                )
                self._coefficients = np.concatenate([self._coefficients, np.empty(room)])
            self._directions[self.count] = first, second
            self._coefficients[self.count] = coefficient
        self.count += 1

    @property
    def weight(self) -> float:
        squares, from_shots = self._sums
        if squares <= from_shots:  # nothing but the noise of the shots, or nothing at all
            return 0.0
        noise = squares / (squares - from_shots) * self.n_angles**2 / 2
        return self.count / (self.count + noise)

    def dense(self) -> np.ndarray:
        """The raw average, float64 (d, d)."""
        if self._matrix is not None:
            return self._matrix / self.count
        first, second = self._kept()[0].astype(float).swapaxes(0, 1)
        outer = first.T @ (self._kept()[1][:, None] * second)
        return (outer + outer.T) / max(self.count, 1)

    def natural(self, gradient: np.ndarray, floor: float) -> np.ndarray:
        """The gradient divided by the shrunk metric: :func:`floored_solve`.

        Args:
            gradient: float64 (d,).
            floor: smallest eigenvalue, positive.
        """
        weight = self.weight
        scale = weight / max(self.count, 1)

        def times(vector: np.ndarray) -> np.ndarray:
            product = (1 - weight) * PRIOR * vector
            if self._matrix is not None:
                return product + scale * (self._matrix @ vector)
            directions, coefficients = self._kept()
            _add_product(directions, scale * coefficients, vector, product)
            return product

        return floored_solve(times, gradient, floor)

    def state(self) -> dict[str, np.ndarray]:
        """All of it as arrays."""
        arrays = {"metric_sums": np.array([self.count, *self._sums])}
        if self._matrix is not None:
            return arrays | {"metric_matrix": self._matrix.copy()}
        directions, coefficients = self._kept()
        arrays["metric_directions"] = directions.copy()
        return arrays | {"metric_coefficients": coefficients.copy()}

    @classmethod
    def of_state(cls, arrays: dict[str, np.ndarray]) -> "MetricAverage":
        """The inverse of :meth:`state`."""
        matrix = arrays.get("metric_matrix")
        directions = arrays["metric_directions"] if matrix is None else None
        average = cls((directions if matrix is None else matrix).shape[-1])
        average.count = int(arrays["metric_sums"][0])
        average._sums = np.array(arrays["metric_sums"][1:])
        if matrix is not None:
            average._matrix = np.array(matrix)
        else:
            average._directions = np.array(directions)
            average._coefficients = np.array(arrays["metric_coefficients"])
        return average

    def _kept(self) -> tuple[np.ndarray, np.ndarray]:
        n = 0 if self._matrix is not None else self.count
        return self._directions[:n], self._coefficients[:n]


@compiled(fastmath={"reassoc", "contract"})
def _add_product(directions, coefficients, vector, out):
    """out += sum_i c_i (h_1i h_2i^T + h_2i h_1i^T) vector, of directions int8 (k, 2, d)."""
    for i in range(len(coefficients)):
        first, second = directions[i, 0], directions[i, 1]
        along_first = along_second = 0.0
        for j in range(len(vector)):
            along_first += first[j] * vector[j]
            along_second += second[j] * vector[j]
        along_first *= coefficients[i]
        along_second *= coefficients[i]
        for j in range(len(vector)):
            out[j] += along_second * first[j] + along_first * second[j]


def floored_solve(
    times: Callable[[np.ndarray], np.ndarray], gradient: np.ndarray, floor: float
) -> np.ndarray:
    """The natural gradient: metric^-1 gradient, with eigenvalues below ``floor`` raised to it.

    The stock rule takes absolute values of the eigenvalues, which turns noise around zero into
    gains of several hundred; a floor bounds the gain by 1 / floor.

    By Lanczos' method with full reorthogonalisation: the function 1 / max(x, floor) of the metric
    in the Krylov space of the gradient. A metric that is almost a multiple of 1 takes a few
    products, one of rank r (beside a multiple of 1) at most r + 1.

    Args:
        times: vector float64 (d,) -> the symmetric metric times it.
        gradient: float64 (d,).
        floor: smallest eigenvalue, positive.

    Returns:
        float64 (d,).
    """
    size = np.linalg.norm(gradient)
    if size == 0:
        return np.zeros_like(gradient)
    basis = np.empty((min(16, len(gradient)), len(gradient)))
    basis[0] = gradient / size
    diagonal, beside = [], []
    previous = np.zeros(0)
    for n in range(1, len(gradient) + 1):
        product = times(basis[n - 1])
        scale = np.linalg.norm(product)
        diagonal.append(basis[n - 1] @ product)
        for _ in range(2):  # once is not enough in floating point
            product -= basis[:n].T @ (basis[:n] @ product)
        rest = np.linalg.norm(product)
        # the eigenvalues are worth their cost only now and then
        done = rest <= 1e-14 * scale or n == len(gradient)
        if done or n < 16 or n % 8 == 0:
            matrix = np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1)
            values, vectors = np.linalg.eigh(matrix)
            solved = size * (vectors @ (vectors[0] / np.maximum(values, floor)))
            change = np.linalg.norm(solved - np.pad(previous, (0, n - len(previous))))
            if done or change <= SOLVED * np.linalg.norm(solved):
                break
            previous = solved
        if n == len(basis):
            more = np.empty((min(n, len(gradient) - n), len(gradient)))
            basis = np.concatenate([basis, more])
        beside.append(rest)
        basis[n] = product / rest
    return solved @ basis[: len(solved)]
