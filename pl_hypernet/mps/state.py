"""A matrix product state: its tensors, and what can be asked of it."""

from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np
from pennylane.wires import Wires
from scipy.special import entr

from pl_hypernet.errors import InputError
from pl_hypernet.memory import rounded
from pl_hypernet.mps import kernels, matrix_products
from pl_hypernet.mps.threads import in_threads

MAX_EXACT_WIRES = 20
MATRIX_BOND_DIM = 32  # from here matrix products are faster than the compiled loops
BLAS_BOND_DIM = 16  # and here, for environments
MAX_MARGINAL_WIRES = 12
MAX_REDUCED_NUMBERS = 2**26  # of a density matrix on the way, a gigabyte
DTYPES = {"single": np.float32, "double": np.float64}


@dataclass(frozen=True, eq=False)
class MatrixProductState:
    """A pure state of qubits on a line.

    Attributes:
        tensors: complex128 (n_sites, 2, chi, chi), zero-padded; the amplitude of the bits x is the
            (0, 0) element of ``tensors[0, x_0] @ tensors[1, x_1] @ ...``.
        wires: label of each site, in the order of the line.
        bond_dims: int64 (n_sites + 1,), from the left end (1) to the right end (1).
        fidelity: with the state before truncation: see :class:`gates.GateEvolution`.
        torch_device: where matrix products are done.
    """

    tensors: np.ndarray
    wires: Wires
    bond_dims: np.ndarray
    fidelity: float = 1.0
    torch_device: str = "cpu"

    @classmethod
    def from_sites(cls, sites: list[np.ndarray], wires, **attributes):
        """From one array (chi_left, 2, chi_right) for each site."""
        dims = np.array([1, *(site.shape[2] for site in sites)])
        chi = int(dims.max())
        tensors = np.zeros((len(sites), 2, chi, chi), dtype=np.complex128)
        for i, site in enumerate(sites):
            tensors[i, :, : site.shape[0], : site.shape[2]] = site.transpose(1, 0, 2)
        return cls(tensors, Wires(wires), dims, **attributes)

    def to_sites(self) -> list[np.ndarray]:
        """One array (chi_left, 2, chi_right) for each site, without the padding."""
        return [
            self.tensors[i, :, : self.bond_dims[i], : self.bond_dims[i + 1]].transpose(1, 0, 2)
            for i in range(len(self.tensors))
        ]

    @cached_property
    def _site_of(self) -> dict:
        return {wire: site for site, wire in enumerate(self.wires)}

    @property
    def bond_dim(self) -> int:
        """The largest bond dimension."""
        return int(self.bond_dims.max())

    @property
    def by_matrices(self) -> bool:
        """Whether matrix products are faster than the compiled loops, or a GPU was asked for."""
        return self.bond_dim >= MATRIX_BOND_DIM or self.torch_device != "cpu"

    @cached_property
    def canonical(self) -> np.ndarray:
        """The same normalised state with right-canonical tensors: complex128, as ``tensors``."""
        tensors = self.tensors.copy()
        if self.by_matrices:
            matrix_products.right_canonical(tensors, self.bond_dims, self.torch_device)
        else:
            kernels.right_canonical(tensors, self.bond_dims)
        return tensors

    def sample(
        self, shots: int, rng: np.random.Generator, precision: str = "single"
    ) -> tuple[np.ndarray, np.ndarray]:
        """Independent shots of the exact distribution |<x|psi>|^2, site by site (perfect sampling).

        Args:
            shots: number of shots.
            rng: source of the random numbers, one for each shot and site.
            precision: ``"single"`` or ``"double"``; single carries probabilities to about 1e-6.

        Returns:
            bits int8 (shots, n_sites) and the log of their probabilities float64 (shots,).
        """
        uniforms = rng.random((len(self.wires), shots), dtype=DTYPES[precision])
        return self.draw(uniforms)

    def draw(self, uniforms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """As :meth:`sample`, from given numbers in [0, 1]: float32 or float64 (n_sites, shots)."""
        bits = np.empty(uniforms.shape, dtype=np.int8)
        log_probabilities = np.empty(uniforms.shape[1])
        if self.by_matrices:
            joined = self._working_copy(uniforms.dtype)
            matrix_products.sample(joined, uniforms, bits, log_probabilities)
            return np.ascontiguousarray(bits.T), log_probabilities
        re, im = self._working_copy(uniforms.dtype)
        is_real = not im.any()

        def draw_some(_, begin: int, end: int) -> None:
            kernels.sample(
                re, im, is_real, self.bond_dims, uniforms, bits, log_probabilities, begin, end
            )

        in_threads(draw_some, 1, uniforms.shape[1], kernels.SHOT_BLOCK)
        return np.ascontiguousarray(bits.T), log_probabilities

    def _working_copy(self, dtype: np.dtype):
        """The canonical tensors as the samplers of real ``dtype`` need them, made once.

        Entries that are rounding are 0: products of them would be denormal numbers, which are slow.
        """
        if dtype not in self._working_copies:
            parts = [
                np.where(np.abs(part) < 100 * np.finfo(dtype).eps ** 2, 0, part).astype(dtype)
                for part in (self.canonical.real, self.canonical.imag)
            ]
            if self.by_matrices:
                parts = matrix_products.joined(*parts, self.bond_dims, self.torch_device)
            self._working_copies[dtype] = parts
        return self._working_copies[dtype]

    @cached_property
    def _working_copies(self) -> dict:
        return {}

    def overlap(self, other: "MatrixProductState") -> float:
        """Fidelity |<other|self>|^2, exact for these tensors; in [0, 1]."""
        if self.wires != other.wires:
            raise InputError(
                f"overlap of states on {self.wires} and {other.wires}: expected the same wires in "
                "the same order"
            )
        env = np.zeros((other.tensors.shape[2], self.tensors.shape[2]), dtype=np.complex128)
        env[0, 0] = 1
        ones = np.ones((len(self.tensors), 2))
        return min(1.0, abs(self._transfer(env, other.tensors, self.tensors, ones)[0, 0]) ** 2)

    def _transfer(self, env, bra, ket, weights) -> np.ndarray:
        small = self.bond_dim < BLAS_BOND_DIM
        return (kernels if small else matrix_products).transfer(env, bra, ket, weights)

    @cached_property
    def environments(self) -> np.ndarray:
        """Gram matrices of what lies left of each site: complex128 (n_sites + 1, chi, chi).

        What lies right of a site is orthonormal, so each is the state's reduced density matrix on
        the bond: its eigenvalues are the squared Schmidt coefficients.
        """
        chi = self.canonical.shape[2]
        environments = np.zeros((len(self.wires) + 1, chi, chi), dtype=np.complex128)
        environments[0, 0, 0] = 1
        ones = np.ones((1, 2))
        for i in range(len(self.wires)):
            site = self.canonical[i : i + 1]
            environments[i + 1] = self._transfer(environments[i], site, site, ones)
        return environments

    def entanglement_entropies(self) -> np.ndarray:
        """Von Neumann entropy of a cut at each bond, in nats: float64 (n_sites - 1,).

        At most log(bond_dim) each; 0 everywhere for a product state.
        """
        weights = np.linalg.eigvalsh(self.environments[1:-1])
        return entr(np.clip(weights, 0, 1)).sum(axis=1)

    def can_reduce_to(self, n_wires: int) -> bool:
        """Whether the density matrix of so many wires can be made in the memory allowed."""
        return 4**n_wires * self.bond_dim**2 <= MAX_REDUCED_NUMBERS

    def reduced_density_matrix(self, wires) -> np.ndarray:
        """The state of some wires: complex128 (2**n, 2**n), the first wire the most significant.

        Args:
            wires: in any order, neighbours or not; so few that ``4^n bond_dim^2 <= 2^26``.

        Raises:
            InputError: more wires.
        """
        wires = Wires(wires)
        if not self.can_reduce_to(len(wires)):
            raise InputError(
                f"the density matrix of {len(wires)} of {len(self.wires)} wires at bond dimension "
                f"{rounded(self.bond_dim)} is too large to make: ask for fewer wires, or for the "
                "entropy of one end of the line"
            )
        sites = [self._site_of[wire] for wire in wires]
        first, last = min(sites), max(sites)
        env = self.environments[first][None]  # (4^k, chi, chi): by the bits of bra and ket so far
        for site in range(first, last + 1):
            bra, ket = self.canonical[site].conj().swapaxes(1, 2), self.canonical[site]
            if site in sites:
                env = bra[:, None, None] @ (env[None, None] @ ket[None, :, None])
                env = env.transpose(2, 0, 1, 3, 4).reshape(-1, *env.shape[3:])
            else:
                env = bra[0] @ (env @ ket[0]) + bra[1] @ (env @ ket[1])
        rho = np.trace(env, axis1=1, axis2=2).reshape([2] * 2 * len(sites))
        order = np.argsort(np.argsort(sites))
        return rho.transpose([*(2 * order + 1), *(2 * order)]).reshape(2 ** len(sites), -1)

    def product_expectation(self, operators: dict) -> float:
        """Expectation value of a product of one-qubit operators, at any number of sites.

        Args:
            operators: for some wires, a Hermitian matrix (2, 2).
        """
        if not operators:
            return 1.0
        sites = [self._site_of[wire] for wire in operators]
        first, last = min(sites), max(sites) + 1
        bra = self.canonical[first:last]
        ket = bra.copy()
        for site, operator in zip(sites, operators.values(), strict=True):
            ket[site - first] = np.tensordot(operator, ket[site - first], axes=1)
        env = self._transfer(self.environments[first], bra, ket, np.ones((last - first, 2)))
        return float(np.trace(env).real)

    def rotated(self, unitaries: dict) -> "MatrixProductState":
        """The state after a unitary matrix (2, 2) on each of some wires."""
        tensors = self.canonical.copy()
        for wire, unitary in unitaries.items():
            site = self._site_of[wire]
            tensors[site] = np.tensordot(unitary, tensors[site], axes=1)
        return MatrixProductState(
            tensors,
            self.wires,
            self.bond_dims,
            self.fidelity,
            self.torch_device,
        )

    def amplitudes(self, wires) -> np.ndarray:
        """The state of some wires against the rest: complex128 (2**len(wires), r), A with the
        density matrix A A^dagger.

        Raises:
            InputError: of a state of more than 20 wires, too many for a density matrix.
        """
        wires = Wires(wires)
        if len(self.wires) <= MAX_EXACT_WIRES:
            axes = [self._site_of[wire] for wire in wires]
            rest = [site for site in range(len(self.wires)) if site not in axes]
            cube = self.state_vector().reshape([2] * len(self.wires))
            return cube.transpose(axes + rest).reshape(2 ** len(wires), -1)
        weights, vectors = np.linalg.eigh(self.reduced_density_matrix(wires))
        return vectors * np.sqrt(np.clip(weights, 0, None))

    def probabilities(self, wires, unitary: np.ndarray | None = None) -> np.ndarray:
        """Marginal distribution of some wires: float64 (2**len(wires),), the first wire the most
        significant bit.

        Args:
            wires: in any order.
            unitary: complex128 (2**len(wires), 2**len(wires)), that acts on them before; None: the
                identity.

        Raises:
            InputError: of a state of more than 20 wires, more than 12; with a unitary, too many
                for a density matrix.
        """
        wires = Wires(wires)
        if len(self.wires) <= MAX_EXACT_WIRES or unitary is not None:
            amplitudes = self.amplitudes(wires)
            if unitary is not None:
                amplitudes = unitary @ amplitudes
            return np.sum(np.abs(amplitudes) ** 2, axis=1)
        if len(wires) > MAX_MARGINAL_WIRES:
            raise InputError(
                f"probabilities of {len(wires)} of {len(self.wires)} wires without shots stop at "
                f"{MAX_MARGINAL_WIRES} wires: set shots on the QNode"
            )
        projectors = [np.diag([1.0, 0.0]), np.diag([0.0, 1.0])]
        return np.array(
            [
                self.product_expectation(dict(zip(wires, chosen, strict=True)))
                for chosen in product(projectors, repeat=len(wires))
            ]
        )

    def state_vector(self, wire_order=None) -> np.ndarray:
        """All amplitudes, complex128 (2**n_sites,), the first wire the most significant bit.

        Args:
            wire_order: all wires in some order; None: that of the sites.

        Raises:
            InputError: more than 20 sites.
        """
        if len(self.tensors) > MAX_EXACT_WIRES:
            raise InputError(
                f"{len(self.tensors)} wires: an exact value sums 2^n amplitudes and stops at "
                f"{MAX_EXACT_WIRES} wires; set shots on the QNode"
            )
        amplitudes = np.ones((1, 1))
        for site in self.to_sites():
            amplitudes = np.tensordot(amplitudes, site, axes=(1, 0)).reshape(-1, site.shape[2])
        if wire_order is None or Wires(wire_order) == self.wires:
            return amplitudes[:, 0]
        axes = [self._site_of[wire] for wire in wire_order]
        return amplitudes.reshape([2] * len(axes)).transpose(axes).ravel()
