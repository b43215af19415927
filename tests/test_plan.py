"""What a run would cost: against runs that were made, and tasks that were sent."""

import json
from itertools import pairwise

import numpy as np
import pennylane as qml
import pytest
from braket.circuits import Circuit
from case_names import name
from typer.testing import CliRunner

import pl_hypernet as plh
from pl_hypernet.circuits.gate_counts import count_gates
from pl_hypernet.cli.main import app
from pl_hypernet.errors import DataError, DeviceError, InputError, RunFolderError

SV1 = "arn:aws:braket:::device/quantum-simulator/amazon/sv1"
GARNET = "arn:aws:braket:eu-north-1::device/qpu/iqm/Garnet"
CEPHEUS = "arn:aws:braket:us-west-1::device/qpu/rigetti/Cepheus-1-108Q"


@pytest.fixture
def data_file(tmp_path):
    """Three inputs: a network of 4 qubits."""
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(60, 3))
    path = tmp_path / "data.npz"
    np.savez(path, inputs=inputs, targets=(inputs[:, 0] > 0).astype(int))
    return str(path)


def small(data_file, **settings):
    return {
        "data": data_file,
        "activation": "sigmoid",
        "layers": 1,
        "shots": 30,
        "steps": 3,
        "evaluation_shots": 20,
    } | settings


def run_of(settings):
    config = plh.training.config.RunConfig.checked(settings)
    data = config.load_data()
    hypernet = config.build_hypernetwork(data.n_inputs)
    run = plh.train(
        hypernet,
        data,
        steps=config.steps,
        evaluate_every=config.evaluate_every,
        evaluation_shots=config.evaluation_shots,
        progress=False,
        **config.optimizer_options,
    )
    return hypernet, run


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"device": "default.qubit"},
        {"device": "default.mixed"},
        {"device": "default.tensor", "device_options": {"method": "mps"}},
        {"optimizer_options": {"resamplings": 2, "blocking": True}},
        {"optimizer_options": {"stepsize": "auto"}, "evaluate_every": 1},
        {"device": "braket.aws.qubit", "device_options": {"emulator": "iqm-20", "noise": False}},
        {"device": "braket.aws.qubit", "device_options": {"emulator": "ionq-36", "noise": False}},
    ],
    ids=name,
)
def test_a_run_costs_what_its_plan_said(data_file, settings):
    settings = small(data_file, **settings)
    planned = plh.plan(**settings)
    hypernet, run = run_of(settings)
    last = run.history[-1]
    assert planned["n_qubits"] == hypernet.n_qubits
    assert planned["n_angles"] == hypernet.n_angles
    assert planned["total"]["circuits"] == last["circuits"] + 1
    assert planned["total"]["shots"] == last["shots"] + 20
    tasks = getattr(getattr(hypernet.device, "inner", None), "_session", None)
    assert planned["total"]["tasks"] == (None if tasks is None else tasks.n_created)


@pytest.mark.parametrize("emulator", ["iqm-20", "rigetti-108", "ionq-36"])
def test_the_gates_are_those_that_are_sent(data_file, emulator):
    options = {"emulator": emulator, "noise": False}
    settings = small(data_file, device="braket.aws.qubit", device_options=options)
    planned = plh.plan(**settings)
    config = plh.training.config.RunConfig.checked(settings)
    hypernet = config.build_hypernetwork(3)
    session = hypernet.device.inner._session.session
    sent = []
    create = session.create_quantum_task
    session.create_quantum_task = lambda **request: sent.append(request) or create(**request)
    rng = np.random.default_rng(1)
    theta = qml.numpy.array(rng.uniform(0.1, 3, hypernet.theta_shape), requires_grad=True)
    energy = hypernet.energy_qnode(lambda bits: bits.sum(axis=1))
    plh.QNSPSAOptimizer(seed=0).step_and_cost(energy, theta)
    actions = [json.loads(request["action"]) for request in sent]
    programs = [p for action in actions for p in action.get("programs", [action])]
    counts = []
    for program in programs:
        gates = [
            instruction
            for instruction in Circuit.from_ir(program["source"]).instructions
            if instruction.operator.name not in ("StartVerbatimBox", "EndVerbatimBox", "Measure")
        ]
        n_two = sum(len(instruction.target) == 2 for instruction in gates)
        counts.append((len(gates) - n_two, n_two))
        assert {int(q) for g in gates for q in g.target} == set(planned["line"])
    # tasks go out side by side, in any order; where a shift is 0, gates of an overlap cancel
    for gates in planned["circuits"].values():
        one_qubit = max(one for one, two in counts if two == gates["two_qubit"])
        if emulator == "rigetti-108":  # whether an RZ of pi is played depends on signs of angles
            assert abs(gates["one_qubit"] - one_qubit) <= 4
        else:
            assert gates["one_qubit"] == one_qubit
    assert len({two for _, two in counts}) == 2


@pytest.mark.parametrize(("layers", "limit"), [(0, None), (2, None), (3, None), (3, 5)])
def test_bond_dimension(data_file, layers, limit):
    options = {} if limit is None else {"max_bond_dim": limit}
    settings = small(data_file, layers=layers, device_options=options)
    planned = plh.plan(**settings)
    assert planned["bond_dim"] == min(2**layers, limit or 2**layers)
    assert planned["memory"] == 16 * 2 * 4 * 4**layers


def test_memory_of_what_is_truncated_gate_by_gate():
    planned = plh.plan(layers=25, device_options={"max_bond_dim": 8})
    assert planned["bond_dim"] == 8
    assert planned["memory"] == 16 * 2 * 66 * 8**2
    options = {"method": "mps", "max_bond_dim": 2}
    planned = plh.plan(layers=6, device="default.tensor", device_options=options)
    assert planned["memory"] == 16 * 2 * 66 * 2**2


def test_memory_of_states(nine_pixels):
    assert plh.plan(device="default.qubit", data=nine_pixels)["memory"] == 16 * 2**11
    assert plh.plan(device="default.mixed", data=nine_pixels)["memory"] == 16 * 4**11
    dense = plh.plan(
        device="braket.local.qubit", device_options={"backend": "braket_dm"}, data=nine_pixels
    )
    assert dense["memory"] == 16 * 4**11


@pytest.fixture
def nine_pixels(tmp_path):
    """Nine inputs: a network of 11 qubits."""
    inputs = np.random.default_rng(0).normal(size=(20, 9))
    path = tmp_path / "nine.npz"
    np.savez(path, inputs=inputs, targets=(inputs[:, 0] > 0).astype(int))
    return str(path)


def test_gates_and_depth_as_pennylane_counts_them():
    theta = np.random.default_rng(0).normal(size=plh.HardwareEfficientAnsatz.shape(3, 5))
    operations = plh.HardwareEfficientAnsatz(theta, wires=range(5)).decomposition()
    counts = count_gates(operations)
    resources = qml.tape.QuantumScript(operations).specs["resources"]
    assert counts.total == resources.num_gates
    assert counts.depth == resources.depth
    assert counts.two_qubit == resources.gate_sizes[2]


def test_cost_from_a_table_of_ones_own(data_file, tmp_path):
    prices = tmp_path / "prices.toml"
    prices.write_text(
        'as_of = 2026-11-01\nper_task = 0.5\n[per_shot]\n"qpu/iqm/" = 9.0\n'
        '"qpu/iqm/Garnet" = 0.01\n'
    )
    settings = small(data_file, device="braket.aws.qubit", device_options={"device_arn": GARNET})
    planned = plh.plan(prices=prices, **settings)
    assert planned["total"]["tasks"] == 4
    assert planned["total"]["shots"] == 3 * 7 * 30 + 20
    assert planned["total"]["usd"] == pytest.approx(4 * 0.5 + 650 * 0.01)
    assert planned["cost"]["as_of"] == "2026-11-01"
    assert "resembles" in " ".join(planned["remarks"])
    default = plh.plan(**settings)
    assert default["total"]["usd"] == pytest.approx(4 * 0.3 + 650 * 0.00145)


def test_managed_simulators_bill_three_seconds_a_task(data_file):
    settings = small(data_file, device="braket.aws.qubit", device_options={"device_arn": SV1})
    planned = plh.plan(**settings)
    assert planned["total"]["tasks"] == 22
    assert planned["total"]["usd"] == pytest.approx(22 * 3 / 60 * 0.075)


def test_a_device_without_a_price(data_file, tmp_path):
    prices = tmp_path / "prices.toml"
    prices.write_text("per_shot = {}\n")
    settings = small(data_file, device="braket.aws.qubit", device_options={"device_arn": GARNET})
    planned = plh.plan(prices=prices, **settings)
    assert planned["total"]["usd"] is None
    assert "no price known" in planned["remarks"][0]
    assert "cost" not in str(planned)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"device": "braket.aws.qubit", "device_options": {"emulator": "iqm-54"}}, DeviceError,
         "66 wires on a QPU of 54 qubits"),
        ({"device": "braket.aws.qubit", "device_options": {"device_arn": SV1}}, DeviceError,
         "66 wires on SV1, which has 34 qubits"),
        ({"device": "braket.aws.qubit", "device_options": {"device_arn": CEPHEUS},
          "shots": 60_000}, DeviceError, "60000 shots on .* which takes 1 to 50000 for each"),
        ({"device": "braket.aws.qubit", "device_options": {"device_arn": GARNET[:-1]}}, InputError,
         "capabilities of .* are not known here.*emulator=FILE.json"),
        ({"device": "braket.aws.qubit"}, InputError, "needs a device_arn"),
        ({"device": "braket.aws.qubit", "device_options": {"emulator": "iqm-54", "noise": "maybe"}},
         InputError, "noise='maybe': expected true or false"),
        ({"device": "lightning.qubit"}, DeviceError, r"can have \d+ wires here, not 66"),
        ({"device": "nothing.here"}, DeviceError, "is not installed"),
        ({"optimizer": "adam"}, InputError, "unknown optimizer"),
        ({"optimizer_options": {"colour": 1}}, InputError, "optimizer 'qnspsa'"),
        ({"shots": 0}, InputError, "shots=0"),
        ({"network": (3,)}, InputError, "data have 2 classes, the network tells 3 apart"),
        ({"validation": 0.99999}, DataError, "leaves one side empty"),
        ({"loss": "nonsense"}, InputError, "unknown loss 'nonsense'"),
        ({"start": "bogus"}, InputError, "'bogus'"),
        ({"layers": 25}, DeviceError, "set max_bond_dim to truncate"),
        ({"ansatz_options": {"foo": 1}}, InputError, "unknown option of the ansatz 'foo'"),
        ({"device_options": {"max_bond_dim": -3}}, InputError, "max_bond_dim=-3"),
        ({"device_options": {"max_bond_dim": "abc"}}, InputError, "max_bond_dim"),
        ({"device_options": {"bogus": 1}}, InputError, "bogus"),
        ({"device_options": {"wires": 5}}, InputError, "device option 'wires'"),
        ({"device": "braket.aws.qubit", "device_options": {"emulator": "rigetti-108"},
          "optimizer_options": {"metric": "exact"}}, DeviceError,
         "gives no exact overlaps at 66 wires"),
        ({"device": "braket.aws.qubit", "device_options": {"emulator": "rigetti-108", "x": 1}},
         InputError, "unknown option of braket.aws.qubit 'x'"),
    ],
)  # fmt: skip
def test_refusals(settings, error, message):
    with pytest.raises(error, match=message) as caught:
        plh.plan(**settings)
    assert "\n" not in str(caught.value)


def test_a_state_vector_of_40_qubits_is_refused(tmp_path):
    inputs = np.random.default_rng(0).normal(size=(20, 38))
    path = tmp_path / "data.npz"
    np.savez(path, inputs=inputs, targets=(inputs[:, 0] > 0).astype(int))
    with pytest.raises(DeviceError, match=r"can have \d+ wires here, not 40: use hypernet.mps"):
        plh.plan(data=str(path), device="default.qubit")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("per_task = -1\n", "per_task"),
        ("per_qubit = 1\n", "per_qubit"),
        ("per_shot = 3\n", "per_shot"),
        ("no toml", "is not TOML"),
        (None, "cannot be read"),
    ],
)
def test_bad_price_tables(data_file, tmp_path, text, message):
    path = tmp_path / "prices.toml"
    if text is not None:
        path.write_text(text)
    settings = small(data_file, device="braket.aws.qubit", device_options={"device_arn": GARNET})
    with pytest.raises((InputError, RunFolderError), match=message) as caught:
        plh.plan(prices=path, **settings)
    assert "\n" not in str(caught.value)


def test_the_command_prints_a_table_and_json():
    runner = CliRunner()
    result = runner.invoke(app, ["plan", "--steps", "50"])
    assert result.exit_code == 0
    assert "66 qubits, 330 angles on hypernet.mps" in result.output
    assert "bond dimension" in result.output
    assert max(map(len, result.output.splitlines())) <= 80
    assert "overlaps (exact, no shots)" in result.output
    assert "an overlap" in result.output
    result = runner.invoke(app, ["plan", "--optimizer", "spsa"])
    assert "overlap" not in result.output  # none is sent
    arguments = ["plan", "--json", "--device", "braket.aws.qubit", "--steps", "10"]
    result = runner.invoke(app, [*arguments, "--device-option", f"device_arn={CEPHEUS}"])
    planned = json.loads(result.output)
    assert planned["total"]["circuits"] == 71
    assert planned["total"]["tasks"] == 11
    assert len(planned["line"]) == 66


def task(n_inputs):
    inputs = np.random.default_rng(0).normal(size=(60, n_inputs))
    return inputs, (inputs[:, 0] > 0).astype(int)


def by_hand(theta, wires):
    for layer in range(2):
        for i, wire in enumerate(wires):
            qml.RY(theta[layer * len(wires) + i], wires=wire)
        for pair in pairwise(wires):
            if layer == 0:
                qml.CZ(wires=pair)


def test_of_a_run_in_hand_as_of_its_settings(data_file):
    settings = small(data_file, device="lightning.qubit", ansatz_options={"pattern": "ring"})
    config = plh.training.config.RunConfig.checked(settings)
    data = config.load_data()
    planned = plh.plan(config.build_hypernetwork(data.n_inputs), data, **config.of_training)
    assert planned == plh.plan(**settings)


@pytest.mark.parametrize(
    ("device", "optimizer", "options"),
    [
        ("hypernet.mps", "qnspsa", {"stepsize": 0.1}),
        ("default.mixed", "pathwise", {}),
        ("default.qubit", "score", {"evaluate_every": 2, "entropy": "0.01:0"}),
        (lambda: qml.device("lightning.qubit", wires=4), plh.SPSAOptimizer(seed=0), {}),
        (lambda: qml.device("default.mixed", wires=4), "qnspsa", {"validation": 0.5}),
    ],
    ids=name,
)
def test_an_ansatz_and_a_device_of_ones_own(device, optimizer, options):
    network = plh.BinaryNetwork(3, [1], activation="sigmoid")
    device = device() if callable(device) else device
    hypernet = plh.QuantumHypernetwork(
        network, device, shots=20, ansatz=by_hand, n_angles=8, seed=0
    )
    settings = {"steps": 3, "evaluation_shots": 30} | options
    planned = plh.plan(hypernet, task(3), optimizer, **settings)
    run = plh.train(hypernet, task(3), optimizer, progress=False, **settings)
    last = run.history[-1]
    assert planned["total"]["circuits"] == last["circuits"] + 1
    assert planned["total"]["shots"] == last["shots"] + 30
    assert planned["n_angles"] == 8
    assert planned["circuits"]["energy"] == {"one_qubit": 8, "two_qubit": 3, "depth": 5}
    assert planned["device"] == hypernet.device.name


def test_templates_in_an_ansatz_of_ones_own_are_counted_as_gates():
    def ansatz(theta, wires):
        qml.StronglyEntanglingLayers(theta.reshape(1, 4, 3), wires=wires)
        qml.GlobalPhase(0.3)

    network = plh.BinaryNetwork(3, [1], activation="sigmoid")
    hypernet = plh.QuantumHypernetwork(network, ansatz=ansatz, n_angles=12)
    assert plh.plan(hypernet, task(3))["circuits"]["energy"]["two_qubit"] == 4


def test_a_gate_by_gate_chain_has_the_bond_dimension_of_the_template():
    network = plh.BinaryNetwork(9, [1], activation="sigmoid")
    hypernet = plh.QuantumHypernetwork(network, ansatz=by_hand, n_angles=20)
    planned = plh.plan(hypernet, task(9))
    assert planned["bond_dim"] == 2
    assert planned["total"]["seconds"] > 0


def test_a_braket_device_in_hand(data_file):
    options = {"emulator": "iqm-20", "noise": False}
    settings = small(data_file, device="braket.aws.qubit", device_options=options)
    network = plh.BinaryNetwork(3, [1], activation="sigmoid")
    device = plh.device("braket.aws.qubit", wires=4, **options)
    hypernet = plh.QuantumHypernetwork(network, device, layers=1, shots=30)
    planned = plh.plan(hypernet, task(3), steps=3, evaluation_shots=20)
    expected = plh.plan(**settings)
    for part in ("per_step", "circuits", "line", "cost"):
        assert planned[part] == expected[part]


def test_what_a_run_in_hand_cannot_be_planned_with():
    hypernet = plh.QuantumHypernetwork(plh.BinaryNetwork(3, [1], activation="sigmoid"))
    for arguments, settings, message in (
        (("mnist",), {}, "plan of 'mnist': expected a QuantumHypernetwork"),
        ((hypernet,), {}, "without data"),
        ((hypernet, task(3)), {"layers": 4}, "layers=4: the hypernetwork has its own"),
        ((hypernet, task(3)), {"setps": 4}, "no option 'setps': did you mean 'steps'"),
        ((hypernet, task(4)), {}, "data have 4 inputs, the network 3"),
        ((hypernet, task(3), qml.SPSAOptimizer(3)), {}, "does not say what a step sends out"),
    ):
        with pytest.raises(InputError, match=message):
            plh.plan(*arguments, **settings)
