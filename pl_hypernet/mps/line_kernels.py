"""A whole circuit on a line of sites in one compiled call.

A site is an array (chi_left, 2, chi_right). One is the centre of orthogonality, all left of it are
left-canonical and all right of it right-canonical.
"""

import numpy as np

from pl_hypernet.compiled import compiled
from pl_hypernet.mps.splitting import orthonormal_left, orthonormal_right, truncated

ONE, NEIGHBOURS, FAR, OPERATOR = 0, 1, 2, 3  # kinds of gates
FEW_PRODUCTS = 1000  # multiplications up to which a plain loop is faster than BLAS
SMALL_RANK = 2  # operator rank up to which a long bond is cheaper than swaps (measured)
SMALL_BOND = 2  # and any rank, up to these bonds


@compiled(nogil=True)
def product(a, b):
    """The matrix product of two contiguous complex matrices."""
    n, m, k = a.shape[0], a.shape[1], b.shape[1]
    if n * m * k > FEW_PRODUCTS:
        return np.dot(a, b)
    out = np.zeros((n, k), dtype=np.complex128)
    for i in range(n):
        for j in range(m):
            factor = a[i, j]
            if factor != 0:
                for c in range(k):
                    out[i, c] += factor * b[j, c]
    return out


@compiled(nogil=True)
def move_centre(sites, centre, target):
    """Moves the centre along the line; directions that are rounding are dropped."""
    while centre < target:
        site = sites[centre]
        n_left, n_right = site.shape[0], site.shape[2]
        q, rest = orthonormal_left(site.reshape(2 * n_left, n_right))
        sites[centre] = q.reshape(n_left, 2, q.shape[1])
        centre += 1
        site = sites[centre]
        n_right = site.shape[2]
        moved = product(rest, site.reshape(site.shape[0], 2 * n_right))
        sites[centre] = moved.reshape(len(rest), 2, n_right)
    while centre > target:
        site = sites[centre]
        n_left, n_right = site.shape[0], site.shape[2]
        rest, q = orthonormal_right(site.reshape(n_left, 2 * n_right))
        sites[centre] = q.reshape(len(q), 2, n_right)
        centre -= 1
        site = sites[centre]
        n_left = site.shape[0]
        moved = product(site.reshape(2 * n_left, site.shape[2]), rest)
        sites[centre] = moved.reshape(n_left, 2, rest.shape[1])
    return centre


@compiled(nogil=True)
def apply_one(site, gate):
    """A gate (2, 2) on one site."""
    n_left, _, n_right = site.shape
    out = np.empty((n_left, 2, n_right), dtype=np.complex128)
    for a in range(n_left):
        for b in range(n_right):
            x, y = site[a, 0, b], site[a, 1, b]
            out[a, 0, b] = gate[0, 0] * x + gate[0, 1] * y
            out[a, 1, b] = gate[1, 0] * x + gate[1, 1] * y
    return out


@compiled(nogil=True)
def apply_to_neighbours(sites, centre, gate, left, to_left, max_bond_dim, cutoff):
    """A gate (4, 4) on sites left, left + 1; the centre ends on the side asked for.

    Returns:
        the centre and the weight that was dropped.
    """
    centre = move_centre(sites, centre, left if centre <= left else left + 1)
    a, b = sites[left], sites[left + 1]
    n_left, n_right = a.shape[0], b.shape[2]
    pair = product(a.reshape(2 * n_left, a.shape[2]), b.reshape(b.shape[0], 2 * n_right))
    pair = pair.reshape(n_left, 4, n_right)
    out = np.zeros((n_left, 4, n_right), dtype=np.complex128)
    for i in range(n_left):
        for x in range(4):
            for y in range(4):
                factor = gate[x, y]
                if factor != 0:
                    for k in range(n_right):
                        out[i, x, k] += factor * pair[i, y, k]
    matrix = out.reshape(2 * n_left, 2 * n_right)
    u, v, dropped = truncated(matrix, to_left, max_bond_dim, cutoff)
    sites[left] = u.reshape(n_left, 2, u.shape[1])
    sites[left + 1] = v.reshape(len(v), 2, n_right)
    return left if to_left else left + 1, dropped


@compiled(nogil=True)
def apply_operator(sites, centre, tensors, places, first, last):
    """A matrix product operator on sites first ... last; the centre ends at the last.

    Args:
        tensors: flat complex128, (a, 2, 2, b) for each site that the operator acts on, with
            indices bond, out, in, bond.
        places: int64 (last - first + 1, 3): where a site's tensor begins, a and b; begins at -1
            where the bond passes by.
    """
    centre = move_centre(sites, centre, first)
    carry = np.ones((1, 1, 1), dtype=np.complex128)  # (k, a, chi_left)
    n_left = sites[first].shape[0]
    if n_left > 1:
        carry = np.eye(n_left).astype(np.complex128).reshape(n_left, 1, n_left)
    for i in range(first, last + 1):
        site = sites[i]
        k, rank, n_left = carry.shape
        n_right = site.shape[2]
        begin, _, b_rank = places[i - first]
        flat = site.reshape(n_left, 2 * n_right)
        if begin < 0:
            b_rank = rank
        out = np.zeros((k, 2, b_rank, n_right), dtype=np.complex128)
        for a in range(rank):
            parts = product(np.ascontiguousarray(carry[:, a]), flat).reshape(k, 2, n_right)
            if begin < 0:
                out[:, :, a] = parts
                continue
            for x in range(2):
                for y in range(2):
                    for b in range(b_rank):
                        factor = tensors[begin + ((a * 2 + x) * 2 + y) * b_rank + b]
                        if factor != 0:
                            for j in range(k):
                                for c in range(n_right):
                                    out[j, x, b, c] += factor * parts[j, y, c]
        if i == last:
            sites[i] = out.reshape(k, 2, n_right)
            break
        q, rest = orthonormal_left(out.reshape(2 * k, b_rank * n_right))
        sites[i] = q.reshape(k, 2, q.shape[1])
        carry = rest.reshape(len(rest), b_rank, n_right)
    return last


@compiled(nogil=True)
def truncate_leftwards(sites, centre, target, max_bond_dim, cutoff):
    """Truncates each bond on the way; returns the log of what stays of the weight."""
    stays = 0.0
    while centre > target:
        site = sites[centre]
        n_left, n_right = site.shape[0], site.shape[2]
        matrix = site.reshape(n_left, 2 * n_right)
        u, v, dropped = truncated(matrix, True, max_bond_dim, cutoff)
        stays += np.log1p(-dropped)
        sites[centre] = v.reshape(len(v), 2, n_right)
        centre -= 1
        site = sites[centre]
        n_left = site.shape[0]
        moved = product(site.reshape(2 * n_left, site.shape[2]), u)
        sites[centre] = moved.reshape(n_left, 2, u.shape[1])
    return stays


@compiled(nogil=True)
def truncate_rightwards(sites, centre, target, max_bond_dim, cutoff):
    """As :func:`truncate_leftwards`, to the right."""
    stays = 0.0
    while centre < target:
        site = sites[centre]
        n_left, n_right = site.shape[0], site.shape[2]
        matrix = site.reshape(2 * n_left, n_right)
        u, v, dropped = truncated(matrix, False, max_bond_dim, cutoff)
        stays += np.log1p(-dropped)
        sites[centre] = u.reshape(n_left, 2, u.shape[1])
        centre += 1
        site = sites[centre]
        n_right = site.shape[2]
        moved = product(v, site.reshape(site.shape[0], 2 * n_right))
        sites[centre] = moved.reshape(len(v), 2, n_right)
    return stays


@compiled(nogil=True)
def unpacked(tensors, dims):
    """Sites (chi_left, 2, chi_right) of padded tensors (n_sites, 2, chi, chi)."""
    sites = []
    for i in range(len(dims) - 1):
        site = np.empty((dims[i], 2, dims[i + 1]), dtype=np.complex128)
        for x in range(2):
            site[:, x] = tensors[i, x, : dims[i], : dims[i + 1]]
        sites.append(site)
    return sites


@compiled(nogil=True)
def packed(sites):
    """Padded tensors (n_sites, 2, chi, chi), and the bond dimensions (n_sites + 1,)."""
    dims = np.ones(len(sites) + 1, dtype=np.int64)
    for i, site in enumerate(sites):
        dims[i + 1] = site.shape[2]
    chi = dims.max()
    tensors = np.zeros((len(sites), 2, chi, chi), dtype=np.complex128)
    for i, site in enumerate(sites):
        for x in range(2):
            tensors[i, x, : dims[i], : dims[i + 1]] = site[:, x]
    return tensors, dims


@compiled(nogil=True)
def widest(sites, first, last):
    """The largest bond dimension between two sites."""
    largest = 1
    for i in range(first, last):
        largest = max(largest, sites[i].shape[2])
    return largest


@compiled(nogil=True)
def apply_layers(
    tensors, dims, centre, layers, kinds, spans, where, ones, pairs, operators, places,
    max_bond_dim, cutoff,
):  # fmt: skip
    """Applies layers of gates that commute, each in a sweep from the nearer end.

    Args:
        tensors, dims: the state, as of :func:`packed`.
        centre: its centre of orthogonality.
        layers: int64 (n_layers + 1,), where each layer begins among the gates.
        kinds: int64 (n_gates,): ONE, NEIGHBOURS, FAR or OPERATOR.
        spans: int64 (n_gates, 2), the first and last site of each.
        where: int64 (n_gates, 2): its place in ``ones`` (n, 2, 2) or ``pairs`` (n, 4, 4); of
            operators and far gates also that in ``places``.
        operators, places: see :func:`apply_operator`.
        max_bond_dim, cutoff: see :func:`splitting.truncated`.

    Returns:
        tensors, dims, centre, and the sum of the logs of what each truncation kept of the weight.
    """
    sites = unpacked(tensors, dims)
    swap = np.zeros((4, 4), dtype=np.complex128)
    swap[0, 0] = swap[1, 2] = swap[2, 1] = swap[3, 3] = 1
    stays = 0.0
    for layer in range(len(layers) - 1):
        begin, end = layers[layer], layers[layer + 1]
        backwards = centre > spans[(begin + end) // 2, 0]
        for j in range(end - begin):
            gate = end - 1 - j if backwards else begin + j
            first, last = spans[gate]
            kind, place = kinds[gate], where[gate, 0]
            if kind == ONE:
                sites[first] = apply_one(sites[first], ones[place])
                continue
            if kind == NEIGHBOURS:
                centre, dropped = apply_to_neighbours(
                    sites, centre, pairs[place], first, backwards, max_bond_dim, cutoff
                )
                stays += np.log1p(-dropped)
                continue
            span = places[where[gate, 1] : where[gate, 1] + last - first + 1]
            small = kind == OPERATOR or span[0, 2] <= SMALL_RANK
            if small or widest(sites, first, last) <= SMALL_BOND:
                centre = apply_operator(sites, centre, operators, span, first, last)
                stays += truncate_leftwards(sites, centre, first, max_bond_dim, cutoff)
                centre = first
                continue
            for site in range(last - 1, first, -1):  # bring the far qubit next to the near one
                centre, dropped = apply_to_neighbours(
                    sites, centre, swap, site, True, max_bond_dim, cutoff
                )
                stays += np.log1p(-dropped)
            centre, dropped = apply_to_neighbours(
                sites, centre, pairs[place], first, False, max_bond_dim, cutoff
            )
            stays += np.log1p(-dropped)
            for site in range(first + 1, last):
                centre, dropped = apply_to_neighbours(
                    sites, centre, swap, site, False, max_bond_dim, cutoff
                )
                stays += np.log1p(-dropped)
    tensors, dims = packed(sites)
    return tensors, dims, centre, stays


@compiled(nogil=True)
def multiply_layers(
    tensors, dims, centre, layers, kinds, spans, where, ones, pairs, operators, places,
    max_bond_dim, cutoff,
):  # fmt: skip
    """As :func:`apply_layers`, with no truncation before a single sweep at the end.

    For shallow circuits: bonds are multiplied by the operator ranks of the gates. All gates on two
    sites are given as operators.
    """
    sites = unpacked(tensors, dims)
    for gate in range(len(kinds)):
        first, last = spans[gate]
        place = where[gate, 0]
        if kinds[gate] == ONE:
            sites[first] = apply_one(sites[first], ones[place])
            continue
        rank = 1
        for i in range(first, last + 1):
            begin, _, b_rank = places[where[gate, 1] + i - first]
            site = sites[i]
            n_left, n_right = site.shape[0], site.shape[2]
            if begin < 0:
                b_rank = rank
            out = np.zeros((rank, n_left, 2, b_rank, n_right), dtype=np.complex128)
            for a in range(rank):
                if begin < 0:
                    out[a, :, :, a] = site
                    continue
                for x in range(2):
                    for y in range(2):
                        for b in range(b_rank):
                            factor = operators[begin + ((a * 2 + x) * 2 + y) * b_rank + b]
                            if factor != 0:
                                for j in range(n_left):
                                    for c in range(n_right):
                                        out[a, j, x, b, c] += factor * site[j, y, c]
            sites[i] = out.reshape(rank * n_left, 2, b_rank * n_right)
            rank = b_rank
    last = len(sites) - 1
    move_centre(sites, 0, last)
    stays = truncate_leftwards(sites, last, 0, max_bond_dim, cutoff)
    tensors, dims = packed(sites)
    return tensors, dims, 0, stays


@compiled(nogil=True)
def truncate_all(tensors, dims, centre, max_bond_dim, cutoff):
    """One sweep that truncates every bond, from the left end to the right one, as
    :func:`apply_layers` returns."""
    sites = unpacked(tensors, dims)
    centre = move_centre(sites, centre, 0)
    stays = truncate_rightwards(sites, centre, len(sites) - 1, max_bond_dim, cutoff)
    tensors, dims = packed(sites)
    return tensors, dims, len(sites) - 1, stays


@compiled(nogil=True)
def moved(tensors, dims, centre, target):
    """A state with its centre elsewhere, as :func:`packed`."""
    sites = unpacked(tensors, dims)
    move_centre(sites, centre, target)
    return packed(sites)
