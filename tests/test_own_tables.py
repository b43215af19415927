"""What is chosen for a table, from its training samples alone."""

import json

import numpy as np
import pytest
from sklearn.datasets import make_circles
from sklearn.linear_model import LogisticRegression

import pl_hypernet as plh
from pl_hypernet.errors import InputError
from pl_hypernet.networks.values import find_values
from pl_hypernet.training import own_tables, table_settings
from pl_hypernet.training.config import RunConfig
from pl_hypernet.training.own_tables import choose_for_table, table_scale
from pl_hypernet.training.table_settings import with_table_defaults

RNG = np.random.default_rng(0)


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(own_tables, "STEPS", 40)
    monkeypatch.setattr(own_tables, "STEPS_HIDDEN", 120)


def make_table(n=120):
    """Two columns of six matter."""
    X = RNG.normal(size=(n, 6)).astype(np.float32)
    return X, (X[:, 0] - X[:, 1] > 0).astype(int)


def rings(n=240):
    X, y = make_circles(n, noise=0.1, factor=0.4, random_state=0)
    return (2 * X).astype(np.float32), y


def test_sums_of_spins():
    assert find_values("2-spins") == (2, 0, 0, -2)
    assert sorted(find_values("4-spins")) == sorted(
        sum(1 - 2 * (code >> k & 1) for k in range(4)) for code in range(16)
    )
    with pytest.raises(InputError, match="expected"):
        find_values("8-spins")


def test_the_largest_weight_is_somewhat_above_the_largest_coefficient():
    X, y = make_table()
    data = plh.datasets.as_data((X, y))
    largest = np.abs(LogisticRegression().fit(X, y).coef_).max()
    assert 4 * table_scale(data) == pytest.approx(1.2 * largest, rel=0.01)
    one_class = plh.datasets.Data(X, np.zeros(len(X), int))
    assert table_scale(one_class) > 0


def test_a_hidden_layer_where_held_out_samples_say_so(quick):
    found = {}
    for name, arrays in {"line": make_table(), "rings": rings()}.items():
        found[name] = choose_for_table(plh.datasets.as_data(arrays), seed=0)
    assert found["line"].hidden_layer_sizes == ()
    assert found["line"].scale is not None
    assert found["rings"].hidden_layer_sizes == (32,)
    assert found["rings"].network(plh.datasets.as_data(rings())).sizes == (32, 1)
    assert "±" in found["line"].why


def test_no_hidden_layer_is_tried_where_it_could_not_be_told(quick):
    X, y = make_table(40)
    assert "too few" in choose_for_table(plh.datasets.as_data((X, y)), 0).why
    wide = np.tile(RNG.normal(size=(80, 1)).astype(np.float32), (1, 300))
    assert "38,528 qubits" in choose_for_table(plh.datasets.as_data((wide, y.repeat(2))), 0).why


def test_test_samples_are_not_looked_at(monkeypatch):
    monkeypatch.setattr(own_tables, "STEPS", 5)
    monkeypatch.setattr(own_tables, "STEPS_HIDDEN", 5)
    X, y = rings(120)
    alone = choose_for_table(plh.datasets.as_data((X, y)), 0)
    beside = choose_for_table(plh.datasets.as_data((X, y, 100 * X, 1 - y)), 0)
    assert alone == beside


@pytest.mark.parametrize("kind", [plh.QuantumHypernetClassifier, plh.QuantumHypernetRegressor])
def test_what_was_given_is_kept(kind):
    X, y = make_table(30)
    given = {"values": (1, -1), "hidden_layer_sizes": (3,), "layers": 1, "shots": 7, "steps": 2}
    fitted = kind(**given, n_networks=5, random_state=0).fit(X, y)
    assert not given.keys() & fitted.chosen_.keys()
    assert fitted.network_.values == ((1, -1), (1, -1))
    assert fitted.network_.sizes == (3, 1)
    assert len(fitted.history_) == 2
    before = kind(optimizer="score", steps=2, n_networks=5, random_state=0).fit(X, y)
    assert before.chosen_["values"] == (1, -1)
    assert before.chosen_["layers"] == 2
    assert before.theta_.shape == (5, before.network_.n_qubits)


def test_a_noisy_device_gets_no_entropy():
    """Log p of its shots is not known."""
    X, y = make_table(30)
    classifier = plh.QuantumHypernetClassifier(
        hidden_layer_sizes=(), values=(1, -1), device="braket.aws.qubit", shots=4, steps=1,
        device_options={"emulator": "iqm-20"}, n_networks=4, random_state=0,
    )  # fmt: skip
    classifier.fit(X[:, :2], y)
    assert classifier.predict(X[:, :2]).shape == y.shape


def test_the_command_looks_at_training_samples_alone(quick, monkeypatch, tmp_path):
    X, y = make_table(100)
    rows = [
        "a,b,c,d,e,f,y",
        *(",".join(map(str, [*x, label])) for x, label in zip(X, y, strict=True)),
    ]
    path = tmp_path / "own.csv"
    path.write_text("\n".join(rows))
    seen = []

    def spied(data, seed):
        seen.append(data)
        return choose_for_table(data, seed)

    monkeypatch.setattr(own_tables, "choose_for_table", spied)
    given = {"data": str(path), "validation": 0.3, "shots": 5, "seed": 3}
    settings, said = with_table_defaults(given)
    assert len(seen[0].inputs) == 70
    assert settings["shots"] == 5
    assert settings["values"] == find_values("4-spins")
    assert settings["optimizer"] == "pathwise"
    assert settings["entropy"] == pytest.approx(1 / 70)
    assert "hidden neurons" in said
    config = RunConfig.checked(settings | {"steps": 2})
    data = config.load_data()
    hypernet = config.build_hypernetwork(data.n_inputs)
    run = plh.train(hypernet, data, progress=False, **config.of_training)
    assert len(run.data.inputs) == 70
    np.testing.assert_allclose(run.data.inputs, seen[0].inputs)
    json.dumps(run.summary)


@pytest.mark.parametrize(
    "given", [{"data": "iris", "optimizer": "spsa"}, {"data": "iris", "network": (3,)}, {}]
)
def test_a_method_that_was_given_is_not_chosen(given):
    assert with_table_defaults(given) == (given, None)
    assert RunConfig.model_fields.keys() >= table_settings.METHOD


def test_tables_that_come_along():
    for name, shape in {"iris": (150, 4), "wine": (178, 13), "breast_cancer": (569, 30)}.items():
        data = plh.datasets.load(name)
        assert data.inputs.shape == shape
        assert data.source == {"name": name}
        assert isinstance(data.classes[0], str)
    assert plh.datasets.diabetes().is_regression
