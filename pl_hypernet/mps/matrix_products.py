"""What `kernels` does for small bonds, by matrix products: for large ones, and on a GPU."""

import numpy as np
import torch

from pl_hypernet.compiled import FAST, compiled

BLOCK = 512  # shots that go through the chain together on a CPU
GPU_BLOCK = 2**15


def right_canonical(tensors, bond_dims, torch_device: str = "cpu") -> None:
    """As :func:`kernels.right_canonical`, in place."""
    carry = torch.ones(1, 1, dtype=torch.complex128, device=torch_device)
    for site in range(len(tensors) - 1, -1, -1):
        n_left, n_right = bond_dims[site], bond_dims[site + 1]
        part = torch.from_numpy(tensors[site, :, :n_left, :n_right]).to(torch_device)
        rows = (part @ carry).permute(1, 0, 2).reshape(n_left, -1)
        q, r = torch.linalg.qr(rows.T)
        kept = q.shape[1]  # fewer than n_left where the bond is wider than what lies right of it
        tensors[site] = 0
        q = q.T.reshape(kept, 2, -1).permute(1, 0, 2)
        tensors[site, :, :kept, : q.shape[2]] = q.cpu().numpy()
        carry = torch.zeros(n_left, n_left, dtype=r.dtype, device=torch_device)
        carry[:, :kept] = r.T
        carry = carry / torch.linalg.norm(carry)
    tensors[0] *= complex(carry[0, 0])


def transfer(env, bra, ket, weights):
    """As :func:`kernels.transfer`."""
    for b, k, diagonal in zip(bra, ket, weights, strict=True):
        env = sum(w * (b[x].conj().T @ (env @ k[x])) for x, w in enumerate(diagonal) if w != 0)
    return env


def joined(re, im, bond_dims, torch_device: str = "cpu") -> list[torch.Tensor]:
    """Both bits' matrices of each site side by side, so that a site is one product.

    Args:
        re, im: float32 or float64 (n_sites, 2, chi, chi), the right-canonical tensors.
        bond_dims: int64 (n_sites + 1,).
        torch_device: where they shall lie.

    Returns:
        (chi_left, 2 chi_right) for each site, complex, or real if all imaginary parts are 0.
    """
    tensors = torch.from_numpy(re)
    if im.any():
        tensors = torch.complex(tensors, torch.from_numpy(im))
    return [
        torch.cat([site[0, :left, :right], site[1, :left, :right]], dim=1).to(torch_device)
        for site, left, right in zip(tensors, bond_dims[:-1], bond_dims[1:], strict=True)
    ]


def sample(joined, uniforms, bits, log_probabilities) -> None:
    """As :func:`kernels.sample`, at the speed of the machine's matrix product.

    Args:
        joined: of :func:`joined`, in the precision of the uniforms; work is done where they lie.
        uniforms: float32 or float64 (n_sites, shots), in [0, 1].
        bits: int8 (n_sites, shots), written.
        log_probabilities: float64 (shots,), written.
    """
    on_cpu = joined[0].device.type == "cpu"
    block, draw = (BLOCK, _sample_block) if on_cpu else (GPU_BLOCK, sample_block_in_torch)
    for first in range(0, uniforms.shape[1], block):
        part = slice(first, first + block)
        draw(joined, uniforms[:, part], bits[:, part], log_probabilities[part])


def sample_block_in_torch(joined, uniforms, bits, log_probabilities) -> None:
    """One block of shots with torch alone, on the device where the matrices lie."""
    device, dtype = joined[0].device, joined[0].dtype
    uniforms = torch.from_numpy(uniforms).to(device)
    shots = uniforms.shape[1]
    rows = torch.arange(shots, device=device)
    vectors = torch.ones(shots, 1, dtype=dtype, device=device)
    logs = torch.zeros(shots, dtype=torch.float64, device=device)
    drawn = torch.empty(uniforms.shape, dtype=torch.int8, device=device)
    tiny = 100 * torch.finfo(uniforms.dtype).eps ** 2
    for site, matrix in enumerate(joined):
        halves = (vectors @ matrix).reshape(shots, 2, -1)
        weights = (halves.conj() * halves).real.sum(dim=2)
        total = weights.sum(dim=1)
        weights = weights.where(weights > tiny * total[:, None], weights.new_zeros(()))
        one = (uniforms[site] * weights.sum(dim=1) >= weights[:, 0]) & (weights[:, 1] > 0)
        one = one.long()
        taken = weights[rows, one]
        vectors = halves[rows, one] / taken.sqrt()[:, None]
        logs += torch.log((taken / total).double())
        drawn[site] = one.to(torch.int8)
    bits[:] = drawn.cpu().numpy()
    log_probabilities[:] = logs.cpu().numpy()


def _sample_block(joined, uniforms, bits, log_probabilities) -> None:
    """One block of shots: matrix products in torch, the rest compiled."""
    n = uniforms.shape[1]
    dtype = joined[0].numpy().dtype
    widest = max(matrix.shape[1] for matrix in joined)
    left_vectors = np.empty((n, widest // 2), dtype=dtype)
    products = np.empty(n * widest, dtype=dtype)
    probability = np.ones(n)
    left_vectors[:, 0] = 1
    log_probabilities[:] = 0
    for site, matrix in enumerate(joined):
        width = matrix.shape[1]
        product = products[: n * width].reshape(n, width)
        torch.mm(
            torch.from_numpy(left_vectors[:, : len(matrix)]), matrix, out=torch.from_numpy(product)
        )
        _choose(
            product.view(uniforms.dtype),
            uniforms[site],
            bits[site],
            left_vectors.view(uniforms.dtype),
            probability,
        )
        if site % 8 == 7 or site == len(joined) - 1:  # before the product can underflow
            with np.errstate(divide="ignore"):
                log_probabilities += np.log(probability)
            probability[:] = 1


@compiled(nogil=True, fastmath=FAST)
def _squares(row):
    total = row.dtype.type(0)
    for k in range(len(row)):
        total += row[k] * row[k]
    return total


@compiled(nogil=True)
def _choose(product, uniforms, bits, left_vectors, probability):
    """Draws a bit for each row, and makes its half of the row the next left vector."""
    half = product.shape[1] // 2
    dtype = product.dtype
    tiny = 100 * np.finfo(dtype).eps ** 2
    for s in range(len(product)):
        p0, p1 = _squares(product[s, :half]), _squares(product[s, half:])
        total = p0 + p1
        p0 = p0 if p0 > tiny * total else dtype.type(0)
        p1 = p1 if p1 > tiny * total else dtype.type(0)
        one = uniforms[s] * (p0 + p1) >= p0 and p1 > 0
        taken = p1 if one else p0
        scale = 1 / np.sqrt(taken) if taken > 0 else dtype.type(0)
        bits[s] = 1 if one else 0
        probability[s] *= taken / total if total > 0 else 0.0
        start = half if one else 0
        for k in range(half):
            left_vectors[s, k] = product[s, start + k] * scale
