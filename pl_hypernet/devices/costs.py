"""What the circuits of a run cost on a device, found without running one."""

from pennylane.operation import Operator
from pennylane.ops.functions import bind_new_parameters

from pl_hypernet.circuits.gate_counts import count_gates
from pl_hypernet.circuits.undone import undone
from pl_hypernet.devices.cost_figures import CircuitCosts
from pl_hypernet.devices.factory import device
from pl_hypernet.devices.installed import check_installed, check_option_names
from pl_hypernet.devices.known import KNOWN, NUMBER_BYTES, check_size
from pl_hypernet.devices.timing import Effort
from pl_hypernet.memory import check_memory, rounded
from pl_hypernet.mps.closed_form import ClosedForm, closed_form
from pl_hypernet.mps.evolution import draws_alone, fits_closed_form, gate_bond_dim
from pl_hypernet.mps.gate_bonds import bond_dim_bound
from pl_hypernet.mps.recognise import recognise
from pl_hypernet.mps.site_order import site_order
from pl_hypernet.mps.sizes import tensor_bytes


def circuit_costs(
    name: str, ansatz: Operator, shots: int, options: dict, prices=None
) -> CircuitCosts:
    """What the circuits of an ansatz cost on a device.

    Args:
        name: of the device.
        ansatz: an operation with angles that are not special.
        shots: of each energy.
        options: of the device.
        prices: a TOML file of Braket's prices; None: the table of ``braket/prices.py``.

    Raises:
        DeviceError: the device is not installed, or cannot have so many wires or shots.
    """
    check_installed(name)
    n_wires = len(ansatz.wires)
    check_option_names(name, options)
    check_size(name, n_wires, options)
    if name == "hypernet.mps":
        device(name, wires=1, **options)  # which checks its options
    if name == "braket.aws.qubit":
        # here alone: its imports take seconds
        from pl_hypernet.devices.braket.costs import task_costs

        return task_costs(circuits_of(ansatz), shots, options, prices)
    known = KNOWN.get(name)
    exact = known is not None and known.overlaps_exactly(n_wires, options)
    gates = {kind: count_gates(ops) for kind, ops in circuits_of(ansatz).items()}
    costs = CircuitCosts(exact, gates)
    if known is None:
        costs.remarks.append(f"{name} is not among the devices that we know: no time, no memory")
        return costs
    if known.is_mps and not known.is_mps_with(options):
        costs.remarks.append(f"{name} with method={options['method']}: no estimate of its time")
        return costs
    form = _form_of(ansatz)
    numbers = float(known.growth_with(options)) ** n_wires
    if known.is_mps and form is None:
        _check_gates(name, ansatz, options)
        costs.remarks.append("no closed form of this circuit is known: no time, no memory")
        return costs
    if known.is_mps:
        limit = options.get("max_bond_dim")
        ours = name == "hypernet.mps"
        without_tensors = ours and draws_alone(form, limit)
        exactly = without_tensors or (ours and fits_closed_form(form, limit))
        exact_dim = form.bond_dim if exactly else gate_bond_dim(form)
        costs.bond_dim = min(exact_dim, limit or exact_dim)
        # hypernet.mps writes the exact state down before it is truncated, where that fits
        numbers = 2 * n_wires * (exact_dim if exactly else costs.bond_dim) ** 2
        if without_tensors:
            numbers = min(numbers, form.draw_bytes // NUMBER_BYTES)
        check_memory(
            NUMBER_BYTES * numbers,
            f"states of bond dimension {rounded(costs.bond_dim)} at {n_wires} wires",
            "set max_bond_dim to truncate, or use fewer layers",
        )
    if numbers > 1:
        costs.memory = NUMBER_BYTES * numbers
    if known.seconds is not None:
        costs.seconds = {}
        # shots and overlaps without tensors
        alone = form is not None and form.has_overlaps and costs.bond_dim == form.bond_dim
        for kind, counts in gates.items():
            kind_shots = 0 if kind == "overlap" and exact else shots
            effort = Effort(
                counts,
                n_wires,
                kind_shots,
                costs.bond_dim or 1,
                numbers,
                draws_alone=alone,
            )
            costs.seconds[kind] = known.seconds(effort)
    return costs


def check_bond_dim(name: str, ansatz: Operator, options: dict) -> None:
    """Refuses a circuit whose exact state no machine like this may hold.

    Args:
        name, options: of the device; one that truncates takes any circuit.
        ansatz: an operation with angles that are not special.

    Raises:
        InputError: with the bond dimension that it may need.
        DeviceError: with that which a circuit of a closed form needs.
    """
    known = KNOWN.get(name)
    if known is None or not known.is_mps_with(options):
        return
    form, limit = _form_of(ansatz), options.get("max_bond_dim")
    if form is None:
        _check_gates(name, ansatz, options)
    elif name == "hypernet.mps" and not draws_alone(form, limit):
        fits_closed_form(form, limit)


def _check_gates(name: str, ansatz: Operator, options: dict) -> None:
    if options.get("max_bond_dim") is not None or options.get("cutoff") is not None:
        return
    operations, wires = ansatz.decomposition(), ansatz.wires
    if name == "hypernet.mps":  # which lays the wires on its line as it likes
        wires = site_order(operations, wires)
    bond_dim = bond_dim_bound(operations, wires)
    check_memory(
        tensor_bytes(bond_dim, len(wires)),
        f"states of a bond dimension up to {rounded(bond_dim)} at {len(wires)} wires",
        "use fewer gates, or set max_bond_dim, which changes nothing where less is needed",
    )


def _form_of(ansatz: Operator) -> ClosedForm | None:
    """Known by its type, or recognised in all of its gates."""
    form = closed_form(ansatz)
    if form is None:
        form, rest = recognise(ansatz.decomposition(), ansatz.wires)
        form = None if rest else form
    return form


def circuits_of(ansatz: Operator) -> dict[str, list]:
    """Gates of an energy, and of an overlap: the ansatz, and the inverse of one beside it."""
    forth = ansatz.decomposition()
    beside = bind_new_parameters(ansatz, [0.9 * angles for angles in ansatz.data])
    back = undone(beside.decomposition())
    return {"energy": forth, "overlap": forth + back}
