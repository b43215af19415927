"""Votes, calibration, neighbours and diversity of a trained state, and the page of a run."""

import itertools
import shutil
import subprocess
from base64 import b64decode
from html.parser import HTMLParser

import numpy as np
import pennylane as qml
import pytest
from matplotlib.image import imread

import pl_hypernet as plh
from pl_hypernet.analysis.calibration import (
    expected_calibration_error,
    negative_log_likelihood,
    reliability,
)
from pl_hypernet.analysis.diversity import diversity
from pl_hypernet.analysis.ensembles import ensembles
from pl_hypernet.analysis.neighbourhood import DRAWS, neighbourhood
from pl_hypernet.errors import InputError


@pytest.fixture(scope="module")
def task():
    """A network of 7 qubits, all its bitstrings, samples with classes, and losses."""
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(300, 6)).astype(np.float32)
    targets = (inputs @ [1, -1, 2, 1, -2, 1] > 0).astype(int)
    network = plh.BinaryNetwork(6, activation="sigmoid")
    bits = np.array(list(itertools.product((0, 1), repeat=7)), dtype=np.int8)
    losses = plh.NetworkLoss(network, inputs, targets)(bits)
    return network, bits, inputs, targets, losses


def accuracy_of(network, rows, inputs, targets):
    return (network.vote(rows, inputs).classes == targets).mean()


def test_votes_of_some_networks(task):
    network, bits, inputs, targets, losses = task
    found = ensembles(network, bits, losses, inputs, targets)
    np.testing.assert_array_equal(found.sizes, [1, 2, 5, 10, 20, 50, 100, 128])
    order = np.argsort(losses, kind="stable")
    for size, top in zip(found.sizes, found.top, strict=True):
        assert top == pytest.approx(accuracy_of(network, bits[order[:size]], inputs, targets))
    assert found.random[-1] == found.top[-1]
    assert found.spread[-1] == 0
    each = [accuracy_of(network, row[None], inputs, targets) for row in bits]
    assert abs(found.random[0] - np.mean(each)) < 5 * np.std(each) / np.sqrt(20)
    weights = np.exp((losses.min() - losses) / losses.std())
    mean = sum(
        w * network.vote(row[None], inputs).mean for w, row in zip(weights, bits, strict=True)
    )
    assert found.weighted == np.mean(mean.argmax(axis=1) == targets)  # no sums that tie


def test_many_samples_are_judged_in_part(task, monkeypatch):
    network, bits, inputs, targets, losses = task
    monkeypatch.setattr("pl_hypernet.analysis.ensembles.MOST_NUMBERS", 128 * 2 * 40)
    seen = []
    score = network.score
    monkeypatch.setattr(
        network, "score", lambda rows, x, reduce: seen.append(len(x)) or score(rows, x, reduce)
    )
    ensembles(network, bits, losses, inputs, targets)
    assert seen == [40]


def test_neighbours_are_as_many_bits_away_as_they_should(task, monkeypatch):
    network, bits, inputs, targets, losses = task
    middle = bits[losses.argmin()]
    rows = []
    score = network.score
    monkeypatch.setattr(network, "score", lambda b, *rest: rows.append(b.copy()) or score(b, *rest))
    found = neighbourhood(network, middle, inputs, targets)
    np.testing.assert_array_equal(found.distances, [1, 2])
    assert [len(some) for some in rows] == [1, DRAWS, DRAWS]
    for distance, some in zip(found.distances, rows[1:], strict=True):
        assert ((some != middle).sum(axis=1) == distance).all()
        away = bits[(bits != middle).sum(axis=1) == distance]
        each = np.array([accuracy_of(network, row[None], inputs, targets) for row in away])
        k = list(found.distances).index(distance)
        assert abs(found.accuracy[k] - each.mean()) < 5 * each.std() / np.sqrt(DRAWS)
        share = (each >= found.threshold).mean()
        assert abs(found.good[k] - share) <= 5 * np.sqrt(share * (1 - share) / DRAWS) + 1e-9
        if share:
            assert found.log_number[k] == pytest.approx(np.log(len(away) * found.good[k]))
    assert found.own == accuracy_of(network, middle[None], inputs, targets)


def test_diversity_of_a_product_state():
    """Exact entropies of independent bits, and their correlation where two are copies."""
    rng = np.random.default_rng(0)
    p = np.array([0.5, 0.3, 0.02, 1.0, 0.1])
    bits = (rng.random((20_000, 5)) < p).astype(np.int8)
    bits[:, 0] = bits[:, 1]
    p[0] = p[1]
    log_p = np.log(np.where(bits[:, 1:], p[1:], 1 - p[1:]).clip(1e-300)).sum(axis=1)
    found = diversity(bits, log_p)
    inner = p[[1, 2, 4]]
    exact = -(inner * np.log(inner) + (1 - inner) * np.log(1 - inner))
    assert abs(found.entropy - exact.sum()) < 5 * found.entropy_stderr
    assert found.bit_entropy == pytest.approx(exact.sum() + exact[0], abs=0.02)
    assert found.effective_number == pytest.approx(np.exp(found.entropy))
    assert found.n_different == len(np.unique(bits, axis=0)) == 8
    assert found.undecided == 3
    assert found.largest_covariance == pytest.approx(4 * 0.3 * 0.7, abs=0.02)
    alone = diversity(bits[:, 2:4])
    assert (alone.entropy, alone.effective_number, alone.largest_covariance) == (None,) * 3


def test_reliability_by_hand():
    probabilities = [[0.9, 0.1], [0.92, 0.08], [0.3, 0.7], [0.35, 0.65]]
    targets = [0, 1, 1, 1]
    found = reliability(probabilities, targets, bins=4)
    np.testing.assert_allclose(found.confidence, [0.675, 0.91])
    np.testing.assert_allclose(found.accuracy, [1, 0.5])
    np.testing.assert_allclose(found.share, [0.5, 0.5])
    error = expected_calibration_error(probabilities, targets, bins=4)
    assert error == pytest.approx(0.5 * (0.325 + 0.41))
    nll = -np.log([0.9, 0.08, 0.7, 0.65]).mean()
    assert negative_log_likelihood(probabilities, targets) == pytest.approx(nll)
    with pytest.raises(InputError, match="expected \\(M, n_classes\\) and \\(M,\\)"):
        negative_log_likelihood([0.5], [0])
    with pytest.raises(InputError, match="whole ones below 2"):
        negative_log_likelihood([[0.1, 0.9]], [7])
    with pytest.raises(InputError, match="bins=0"):
        reliability(probabilities, targets, bins=0)


@pytest.mark.parametrize("n_qubits", [1, 2, 3, 5])
def test_neighbours_of_few_qubits(n_qubits):
    inputs = np.linspace(-1, 1, 20)[:, None] * np.ones((1, max(1, n_qubits - 1)))
    network = plh.BinaryNetwork(inputs.shape[1], bias=n_qubits > 1)
    found = neighbourhood(network, np.zeros(n_qubits, np.int8), inputs, inputs[:, 0] > 0)
    assert found.distances.tolist() == ([1] if n_qubits < 4 else [1, 2])


def test_a_state_whose_probabilities_are_not_known():
    """Of a circuit with a measurement in its middle; a page of it has no entropy."""

    def ansatz(theta, wires):
        for angle, wire in zip(theta, wires, strict=True):
            qml.RY(angle, wire)
        qml.measure(wires[0])

    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(30, 2))
    hypernet = plh.QuantumHypernetwork(
        plh.BinaryNetwork(2), "default.qubit", ansatz=ansatz, n_angles=3, shots=20, seed=0
    )
    data = (inputs, (inputs[:, 0] > 0).astype(int))
    run = plh.train(hypernet, data, "spsa", steps=2, evaluation_shots=20, progress=False)
    assert run.trained_state.diversity.entropy is None
    with pytest.raises(InputError, match="give the path"):
        run.save_report()


class Page(HTMLParser):
    """What a page asks for, and its pictures."""

    def __init__(self, text):
        super().__init__()
        self.asked, self.pictures, self.text = [], {}, []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.asked += [attrs[name] for name in ("src", "href", "srcset") if name in attrs]
        if tag == "img":
            self.pictures[attrs["alt"]] = attrs["src"]

    def handle_data(self, data):
        self.text.append(data)


def short_run(folder, **options):
    network = plh.BinaryNetwork(64, activation=plh.Choice("sigmoid", "hard_sigmoid"))
    return plh.train(
        plh.QuantumHypernetwork(network, shots=20, seed=0),
        plh.datasets.mnist(),
        "spsa",
        steps=3,
        batch_size=50,
        evaluation_shots=30,
        out=folder,
        progress=False,
        **options,
    )


def test_the_page_of_a_run_needs_nothing_else(tmp_path):
    run = short_run(tmp_path / "run")
    path = run.save_report()
    assert path == tmp_path / "run" / "report.html"
    page = Page(path.read_text())
    assert list(page.pictures) == [
        "energy", "choices", "accuracy", "hamming", "weights", "entanglement",
        "votes", "calibration", "neighbours", "clusters",
    ]  # fmt: skip
    head = "data:image/png;base64,"
    assert all(asked.startswith(head) for asked in page.asked)
    for number, data in enumerate(page.pictures.values()):
        image = tmp_path / f"{number}.png"
        image.write_bytes(b64decode(data.removeprefix(head)))
        assert np.ptp(imread(image)[..., :3]) > 0.5
    text = "".join(page.text)
    for part in (
        "66 qubits, spsa on hypernet.mps", "12,665 training samples", "effective number",
        "Networks with some bits flipped", "pl-hypernet train --config", 'optimizer = "spsa"',
    ):  # fmt: skip
        assert part in text
    if shutil.which("chromium"):
        browser = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
        shown = subprocess.run([*browser, path], capture_output=True, text=True, timeout=120)
        assert Page(shown.stdout).pictures.keys() == page.pictures.keys()


def test_the_page_of_a_regression(tmp_path):
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(40, 3))
    network = plh.BinaryNetwork(3, activation="identity")
    run = plh.train(
        plh.QuantumHypernetwork(network, shots=20, seed=0),
        plh.datasets.as_data((inputs, inputs @ [1, 2, -1]), regression=True),
        "spsa",
        steps=2,
        evaluation_shots=20,
        progress=False,
    )
    assert run.trained_state.neighbour_table() is None
    page = Page(run.save_report(tmp_path / "page.html").read_text())
    assert "clusters" in page.pictures
    assert "votes" not in page.pictures
    assert "by a program that hands over what is custom" in "".join(page.text)
