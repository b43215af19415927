"""A whole circuit on a line of sites in one compiled call.

A site is a matrix (2 chi_left, chi_right), whose rows are the left bond and the bit. One is the
centre of orthogonality, all left of it are left-canonical and all right of it right-canonical.
"""

import numpy as np

from pl_hypernet.compiled import compiled
from pl_hypernet.mps.splitting import EXACTLY, new_matrix, split, zero_matrix

ONE, TWO, OPERATOR = 0, 1, 2  # kinds of gates
FEW_PRODUCTS = 1000  # multiplications up to which a plain loop is faster than BLAS
SMALL_RANK = 2  # operator rank up to which a long bond is cheaper than swaps (measured)
SMALL_BOND = 2  # and any rank, up to these bonds


@compiled(apart=True, nogil=True)
def reshaped(matrix, p, q):
    """The numbers of a contiguous matrix as one of another shape, not copied."""
    return matrix.reshape(p, q)


@compiled(apart=True, nogil=True)
def product(a, b):
    """The matrix product of two contiguous complex matrices."""
    n, m, k = a.shape[0], a.shape[1], b.shape[1]
    if n * m * k > FEW_PRODUCTS:
        return np.dot(a, b)
    out = zero_matrix(n, k)
    for i in range(n):
        for j in range(m):
            factor = a[i, j]
            if factor != 0:
                for c in range(k):
                    out[i, c] += factor * b[j, c]
    return out


@compiled(apart=True, nogil=True)
def sweep(sites, centre, target, max_bond_dim, cutoff):
    """Moves the centre along the line, and truncates each bond on the way unless ``cutoff`` is
    EXACTLY; returns the log of what stays of the weight."""
    stays = 0.0
    to_left = centre > target
    while centre != target:
        site = sites[centre]
        if to_left:
            site = reshaped(site, site.shape[0] // 2, 2 * site.shape[1])
        left, right, dropped = split(site, to_left, max_bond_dim, cutoff)
        stays += np.log1p(-dropped)
        if to_left:
            sites[centre] = reshaped(right, 2 * right.shape[0], right.shape[1] // 2)
            centre -= 1
            sites[centre] = product(sites[centre], left)
        else:
            sites[centre] = left
            centre += 1
            site = sites[centre]
            moved = product(right, reshaped(site, site.shape[0] // 2, 2 * site.shape[1]))
            sites[centre] = reshaped(moved, 2 * moved.shape[0], site.shape[1])
    return stays


@compiled(apart=True, nogil=True)
def apply_one(site, gate):
    """A gate (2, 2) on one site, in place."""
    for a in range(0, site.shape[0], 2):
        for b in range(site.shape[1]):
            x, y = site[a, b], site[a + 1, b]
            site[a, b] = gate[0, 0] * x + gate[0, 1] * y
            site[a + 1, b] = gate[1, 0] * x + gate[1, 1] * y


@compiled(apart=True, nogil=True)
def joined(left, right, gate):
    """A gate (4, 4) on two neighbouring sites: a matrix (2 chi_left, 2 chi_right)."""
    m, n_right = left.shape[1], right.shape[1]
    pair = product(left, reshaped(right, m, 2 * n_right))
    out = zero_matrix(pair.shape[0], pair.shape[1])
    for a in range(0, len(pair), 2):
        for x in range(4):
            for y in range(4):
                factor = gate[x, y]
                if factor != 0:
                    to, of = (x % 2) * n_right, (y % 2) * n_right
                    for b in range(n_right):
                        out[a + x // 2, to + b] += factor * pair[a + y // 2, of + b]
    return out


@compiled(apart=True, nogil=True)
def multiply(site, rank, tensors, begin, b_rank, n_left):
    """A site of a state times one of a matrix product operator.

    Args:
        site: (n_left, rank, 2, chi_right) as a matrix of any shape.
        rank: of the operator, left of the site.
        tensors: flat complex128, of which (rank, 2, 2, b_rank) from ``begin`` on is the operator's,
            with indices bond, out, in, bond; ``begin`` is -1 where its bond passes by.
        b_rank: right of it.

    Returns:
        (2 n_left, b_rank * chi_right).
    """
    n_right = site.size // (2 * n_left * rank)
    parts = reshaped(site, n_left * rank * 2, n_right)
    out = zero_matrix(2 * n_left, b_rank * n_right)
    for j in range(n_left):
        for a in range(rank):
            for y in range(2):
                row = (j * rank + a) * 2 + y
                if begin < 0:
                    for c in range(n_right):
                        out[2 * j + y, a * n_right + c] = parts[row, c]
                    continue
                for x in range(2):
                    for b in range(b_rank):
                        factor = tensors[begin + ((a * 2 + x) * 2 + y) * b_rank + b]
                        if factor != 0:
                            for c in range(n_right):
                                out[2 * j + x, b * n_right + c] += factor * parts[row, c]
    return out


@compiled(apart=True, nogil=True)
def apply_operator(sites, tensors, places, first, last, max_bond_dim, cutoff):
    """A matrix product operator on sites first ... last, of which the first is the centre; the
    centre ends at the last.

    Args:
        tensors: see :func:`multiply`.
        places: int64 (last - first + 1, 3): where a site's tensor begins, and its bonds.
    """
    rank, n_left, to_left = np.int64(1), sites[first].shape[0] // 2, last < first
    carry = sites[first]
    for i in range(first, last + 1):
        begin, _, b_rank = places[i - first]
        if begin < 0:
            b_rank = rank
        out = multiply(carry, rank, tensors, begin, b_rank, n_left)
        if i == last:
            sites[i] = out
            break
        left, right, _ = split(out, to_left, max_bond_dim, EXACTLY)
        sites[i] = left
        rank, n_left = b_rank, left.shape[1]
        site = sites[i + 1]
        rest = reshaped(right, n_left * rank, right.shape[1] // rank)
        carry = product(rest, reshaped(site, site.shape[0] // 2, 2 * site.shape[1]))


@compiled(apart=True, nogil=True)
def multiply_out(sites, kinds, spans, where, ones, tensors, places):
    """Gates with no truncation, after which no site is canonical."""
    one = np.int64(1)  # no constant: see splitting.EXACTLY
    for gate in range(len(kinds)):
        first, last = spans[gate]
        if kinds[gate] == ONE:
            apply_one(sites[first], ones[where[gate, 0]])
            continue
        rank = one
        for i in range(first, last + 1):
            begin, _, b_rank = places[where[gate, 1] + i - first]
            n_left, n_right = sites[i].shape[0] // 2, sites[i].shape[1]
            passes = begin < 0
            out = zero_matrix(rank * n_left * 2, (rank if passes else b_rank) * n_right)
            for a in range(rank):  # its rows of the operator, as one of bond 1 to the left
                at, width = (begin, one) if passes else (begin + 4 * a * b_rank, b_rank)
                part = multiply(sites[i], one, tensors, at, width, n_left)
                first_column = a * n_right if passes else 0
                for row in range(part.shape[0]):
                    for c in range(part.shape[1]):
                        out[a * n_left * 2 + row, first_column + c] = part[row, c]
            sites[i] = out
            if not passes:
                rank = b_rank


@compiled(apart=True, nogil=True)
def unpacked(tensors, dims):
    """Sites (2 chi_left, chi_right) of padded tensors (n_sites, 2, chi, chi)."""
    sites = []
    for i in range(len(dims) - 1):
        site = new_matrix(2 * dims[i], dims[i + 1])
        for a in range(dims[i]):
            for x in range(2):
                for b in range(dims[i + 1]):
                    site[2 * a + x, b] = tensors[i, x, a, b]
        sites.append(site)
    return sites


@compiled(apart=True, nogil=True)
def packed(sites):
    """Padded tensors (n_sites, 2, chi, chi), and the bond dimensions (n_sites + 1,)."""
    dims = np.ones(len(sites) + 1, dtype=np.int64)
    chi = 1
    for i in range(len(sites)):
        dims[i + 1] = sites[i].shape[1]
        chi = max(chi, dims[i + 1])
    tensors = np.zeros((len(sites), 2, chi, chi), dtype=np.complex128)
    for i in range(len(sites)):
        site = sites[i]
        for a in range(dims[i]):
            for x in range(2):
                for b in range(dims[i + 1]):
                    tensors[i, x, a, b] = site[2 * a + x, b]
    return tensors, dims


@compiled(nogil=True)
def evolve(
    tensors, dims, truncate, at_once, layers, kinds, spans, where, ones, pairs, operators,
    places, max_bond_dim, cutoff,
):  # fmt: skip
    """Applies layers of gates that commute, each in a sweep from the nearer end.

    Args:
        tensors, dims: the state, as of :func:`packed`; its centre is the first site.
        truncate: whether every bond is truncated first, in one sweep.
        at_once: whether nothing is truncated before a single sweep at the end: for shallow
            circuits, whose bonds are multiplied by the operator ranks of the gates. All gates on
            two sites have ``places`` then.
        layers: int64 (n_layers + 1,), where each layer begins among the gates.
        kinds: int64 (n_gates,): ONE, TWO or OPERATOR.
        spans: int64 (n_gates, 2), the first and last site of each.
        where: int64 (n_gates, 2): its place in ``ones`` (n, 2, 2) or ``pairs`` (n, 4, 4); of
            operators, and of pairs that are not neighbours, also that in ``places``.
        operators, places: see :func:`apply_operator`.
        max_bond_dim, cutoff: see :func:`splitting.split`.

    Returns:
        tensors, dims, and the sum of the logs of what each truncation kept of the weight; the
        centre is the first site.
    """
    sites = unpacked(tensors, dims)
    start, end_of_line = np.int64(0), len(sites) - 1  # no constant: see splitting.EXACTLY
    centre = start
    stays = 0.0
    if truncate:
        stays += sweep(sites, start, end_of_line, max_bond_dim, cutoff)
        centre = end_of_line
    if at_once:
        multiply_out(sites, kinds, spans, where, ones, operators, places)
        sweep(sites, start, end_of_line, max_bond_dim, EXACTLY)
        stays += sweep(sites, end_of_line, start, max_bond_dim, cutoff)
        tensors, dims = packed(sites)
        return tensors, dims, stays
    swap = zero_matrix(4, 4)
    swap[0, 0] = swap[1, 2] = swap[2, 1] = swap[3, 3] = 1
    for layer in range(len(layers) - 1):
        begin, end = layers[layer], layers[layer + 1]
        backwards = centre > spans[(begin + end) // 2, 0]
        for j in range(end - begin):
            gate = end - 1 - j if backwards else begin + j
            first, last = spans[gate]
            kind, place = kinds[gate], where[gate, 0]
            if kind == ONE:
                apply_one(sites[first], ones[place])
                continue
            between = last - first - 1
            through_bond = kind == OPERATOR
            if kind == TWO and between > 0:
                widest = 1
                for i in range(first, last):
                    widest = max(widest, sites[i].shape[1])
                rank = places[where[gate, 1], 2]
                through_bond = rank <= SMALL_RANK or widest <= SMALL_BOND
            if through_bond:
                span = places[where[gate, 1] : where[gate, 1] + last - first + 1]
                sweep(sites, centre, first, max_bond_dim, EXACTLY)
                apply_operator(sites, operators, span, first, last, max_bond_dim, cutoff)
                stays += sweep(sites, last, first, max_bond_dim, cutoff)
                centre = first
                continue
            for step in range(2 * between + 1):  # the far qubit is brought near, and back
                site, matrix, to_left = first, pairs[place], backwards and between == 0
                if step < between:
                    site, matrix, to_left = last - 1 - step, swap, True
                elif step > between:
                    site, matrix = first + step - between, swap
                near = site if centre <= site else site + 1
                sweep(sites, centre, near, max_bond_dim, EXACTLY)
                both = joined(sites[site], sites[site + 1], matrix)
                left, right, dropped = split(both, to_left, max_bond_dim, cutoff)
                stays += np.log1p(-dropped)
                sites[site] = left
                sites[site + 1] = reshaped(right, 2 * right.shape[0], right.shape[1] // 2)
                centre = site if to_left else site + 1
    sweep(sites, centre, start, max_bond_dim, EXACTLY)
    tensors, dims = packed(sites)
    return tensors, dims, stays
