"""What pictures show, of every kind of run."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

import pl_hypernet as plh
from pl_hypernet.analysis.pictures import Pictures, draw_entanglement
from pl_hypernet.analysis.pictures.hamming import MOST_BARS, draw_hamming
from pl_hypernet.analysis.shares import chosen, shares

NAMES = ("age", "height", "a very long name of a column", "weight")
SHOTS = 60
STEPS = 45


def task(kind: str) -> tuple[plh.BinaryNetwork, plh.Data]:
    """A network and samples of a kind of run."""
    rng = np.random.default_rng(0)
    images, rows = rng.uniform(size=(90, 3, 3)), rng.normal(size=(90, 4))
    activation = plh.Choice("sigmoid", "hard_sigmoid")
    one_of_three = np.array(["cat", "dog", "owl"])[np.digitize(rows[:, 0], (-0.4, 0.4))]

    def data(inputs, targets, **options):
        arrays = (inputs[:60], targets[:60], inputs[60:], targets[60:])
        return plh.datasets.as_data(arrays, **options)

    bright = (images.mean(axis=(1, 2)) > 0.5).astype(int)
    if kind == "one layer":
        return plh.BinaryNetwork(9, [1], activation), data(images, bright)
    if kind == "hidden layers":
        return plh.BinaryNetwork(9, [6, 4, 1], hidden=["sign", "relu"]), data(images, bright)
    if kind == "three classes":
        return plh.BinaryNetwork(9, [3]), data(images, one_of_three)
    if kind == "table":
        return plh.BinaryNetwork(4, [1], activation), data(
            rows, (rows.sum(axis=1) > -1).astype(int)
        )
    if kind == "table, hidden layer":
        return plh.BinaryNetwork(4, [6, 3]), data(rows, one_of_three)
    if kind == "regression":
        network = plh.BinaryNetwork(4, [1], "identity")
        return network, data(rows, rows @ [1, -1, 0.5, 2], regression=True)
    network = plh.BinaryNetwork(
        9,
        [6, 1],
        activation,
        hidden=plh.Choice("sign", "relu", "tanh"),
        values=plh.Choice((1, -1), (1, -3)),
        choices=[plh.RemoveNeurons(0)],
    )
    return network, data(images, bright)


KINDS = ("one layer", "hidden layers", "three classes", "table", "table, hidden layer",
         "regression", "choices")  # fmt: skip


def pictures_of(kind: str, bits=None) -> Pictures:
    network, data = task(kind)
    rng = np.random.default_rng(1)
    if bits is None:
        bits = rng.integers(0, 2, (SHOTS, network.n_qubits)).astype(np.int8)
    evaluation = plh.evaluate(network, bits, data)
    history = [{"step": k, "energy": 1 / k, "stderr": 0.1 / k} for k in range(1, STEPS + 1)]
    if network.choices:
        for record in history:
            few = rng.integers(0, 2, (20, network.n_qubits)).astype(np.int8)
            record["choices"] = shares(network, chosen(network, few))
    entropies = {"trained": rng.uniform(size=network.n_qubits - 1)}
    return Pictures(history, evaluation, network, data, entropies)


def drawn(pictures: Pictures, name: str) -> Figure:
    figure = Figure(figsize=(5.5, 3.75))
    pictures.each()[name](figure)
    return figure


def texts(ax) -> list[str]:
    return [text.get_text() for text in ax.get_yticklabels()]


@pytest.mark.parametrize("kind", KINDS)
def test_no_picture_is_empty_or_without_words(kind):
    pictures = pictures_of(kind)
    assert ("choices" in pictures.each()) == bool(pictures.network.choices)
    for name in pictures.each():
        figure = drawn(pictures, name)
        assert figure.get_axes()
        for ax in figure.get_axes():
            artists = [*ax.lines, *ax.patches, *ax.images, *ax.collections]
            assert artists, name
            assert np.isfinite([ax.get_xlim(), ax.get_ylim()]).all()
        said = [ax.get_xlabel() + ax.get_ylabel() for ax in figure.get_axes()]
        assert any(said), name


@pytest.mark.parametrize("kind", KINDS)
def test_no_text_leaves_its_picture(kind):
    """Labels of rows need the widest margin; it is estimated and not measured."""
    pictures = pictures_of(kind)
    if pictures.data.n_inputs == len(NAMES):
        pictures = replace(pictures, data=replace(pictures.data, feature_names=NAMES))
    for name in pictures.each():
        figure = drawn(pictures, name)
        figure.draw_without_rendering()
        box = figure.get_tightbbox()
        assert box.x0 >= 0, name
        assert box.y0 >= 0, name
        assert box.x1 <= 5.5, name
        assert box.y1 <= 3.75, name


def test_files_and_the_overview_made_of_them(tmp_path):
    pictures = pictures_of("one layer")
    paths = pictures.save(tmp_path)
    assert {path.stem for path in paths} == {*pictures.each(), "overview"}
    single, overview = imread(tmp_path / "energy.png"), imread(tmp_path / "overview.png")
    height, width = single.shape[:2]
    assert overview.shape[:2] == (3 * height, 2 * width)
    np.testing.assert_array_equal(overview[:height, :width], single)
    figure = Figure(figsize=pictures.overview_size())
    pictures.draw_overview(figure)
    each = sum(len(drawn(pictures, name).get_axes()) for name in pictures.each())
    assert len(figure.get_axes()) == each


def test_energy():
    (ax,) = drawn(pictures_of("one layer"), "energy").get_axes()
    np.testing.assert_allclose(ax.lines[0].get_ydata()[:3], [1, 1 / 2, 1 / 3])
    assert len(ax.get_legend().get_texts()) == 2
    below_zero = replace(
        pictures_of("three classes"), history=[{"step": 1, "energy": -0.3, "stderr": None}]
    )
    (ax,) = drawn(below_zero, "energy").get_axes()
    assert ax.get_yscale() == "linear"


def test_all_choices_against_step():
    pictures = pictures_of("choices")
    axes = drawn(pictures, "choices").get_axes()
    assert [ax.get_title() for ax in axes] == [
        "Choice: values", "Choice: hidden", "Choice: neurons.0", "Choice: activation"
    ]  # fmt: skip
    assert [len(ax.lines) for ax in axes] == [2, 3, 2, 2]
    total = sum(line.get_ydata() for line in axes[1].lines)
    np.testing.assert_allclose(total, np.ones(STEPS))
    share = pictures.evaluation.choices["hidden"]["relu"]
    assert axes[1].get_legend().get_texts()[1].get_text() == f"relu ({100 * share:.1f} %)"
    assert all(ax.lines[0].get_ydata().max() < ax.get_ylim()[1] for ax in axes)


def test_accuracies_of_each_option():
    pictures = pictures_of("choices")
    top, rows = drawn(pictures, "accuracy").get_axes()
    assert sum(patch.get_height() for patch in top.patches) == pytest.approx(SHOTS)
    assert len(texts(rows)) == 2 + 3 + 2  # of neurons each shot has several
    assert texts(rows)[2].startswith("hidden: sign (")
    relu = pictures.network.layout.decode(pictures.evaluation.bits)["choice.hidden"] == 1
    median = np.median(pictures.evaluation.test.each[relu])
    assert rows.lines[3 * 3 + 2].get_xdata()[0] == pytest.approx(median)


def test_an_option_of_one_shot_is_seen():
    network, _ = task("one layer")
    bits = np.random.default_rng(0).integers(0, 2, (500, network.n_qubits)).astype(np.int8)
    bits[:, -1] = 1
    bits[0, -1] = 0
    _, rows = drawn(pictures_of("one layer", bits), "accuracy").get_axes()
    assert texts(rows) == ["sigmoid (0.2 %)", "hard_sigmoid (99.8 %)"]
    assert [line.get_marker() for line in rows.lines].count("o") == 2


def test_a_regression_is_no_vote_and_bad_networks_do_not_hide_the_others():
    pictures = pictures_of("regression")
    assert pictures.evaluation.test.each.min() < -1
    (ax,) = drawn(pictures, "accuracy").get_axes()
    legend = ax.get_legend()
    assert legend.get_texts()[0].get_text().startswith("mean prediction: ")
    assert legend.get_window_extent().y0 >= ax.get_window_extent().y1  # where no line crosses it
    assert ax.get_xlabel() == "test R², the worst as -1"
    assert ax.get_xlim()[0] > -1.3


def test_hamming_distances():
    network, data = task("table")
    bits = np.random.default_rng(0).integers(0, 2, (500, network.n_qubits)).astype(np.int8)
    assert plh.evaluate(network, bits, data).good.sum() > 1
    (ax,) = drawn(pictures_of("table", bits), "hamming").get_axes()
    assert ax.get_title() == "Shots above 90 % accuracy: how far apart"
    assert sum(patch.get_height() for patch in ax.patches) == pytest.approx(1)


def test_hamming_distances_of_thousands_of_bits():
    """A bar stands for several distances; all pairs are in some bar, and all bars in sight."""
    network = plh.BinaryNetwork(9000, [1])
    bits = np.random.default_rng(0).integers(0, 2, (20, network.n_qubits)).astype(np.int8)
    evaluation = SimpleNamespace(bits=bits, good=np.ones(20, bool), metric="accuracy")
    ax = Figure().subplots()
    draw_hamming(ax, evaluation)
    heights = [patch.get_height() for patch in ax.patches]
    assert sum(heights) == pytest.approx(1)
    assert 10 < len(heights) <= MOST_BARS
    low, high = ax.get_xlim()
    assert all(low <= patch.get_x() and patch.get_x() + patch.get_width() <= high
               for patch in ax.patches)  # fmt: skip


@pytest.mark.parametrize("kind", ["one layer", "regression"])
def test_hamming_distances_of_equal_shots(kind):
    network, _ = task(kind)
    bits = np.zeros((4, network.n_qubits), np.int8)
    (ax,) = drawn(pictures_of(kind, bits), "hamming").get_axes()
    assert ax.get_title() == "All shots: how far apart"
    low, high = ax.get_xlim()
    shown = [tick for tick in ax.get_xticks() if low <= tick <= high]
    assert min(shown) == 0
    assert all(tick == round(tick) for tick in shown)


def test_weights_as_images():
    pictures = pictures_of("one layer")
    mean, best, bar = drawn(pictures, "weights").get_axes()
    weights = 1 - 2 * pictures.evaluation.bits[:, :9].astype(float)
    np.testing.assert_allclose(mean.images[0].get_array().ravel(), weights.mean(axis=0))
    one = weights[pictures.evaluation.best]
    np.testing.assert_array_equal(best.images[0].get_array().ravel(), one)
    assert texts(bar) == ["-1", "0", "1"]
    assert bar.get_ylabel() == "weight (> 0: for 1)"


def test_weights_of_three_classes_are_named():
    mean, *_ = drawn(pictures_of("three classes"), "weights").get_axes()
    assert [text.get_text() for text in mean.texts] == ["cat", "dog", "owl"]


def test_weights_of_a_table_have_the_names_of_its_columns():
    pictures = pictures_of("table")
    data = replace(pictures.data, feature_names=NAMES)
    (ax,) = drawn(replace(pictures, data=data), "weights").get_axes()
    assert texts(ax) == ["age", "height", "a very long name of a c…", "weight"]
    means = 1 - 2 * pictures.evaluation.bits[:, :4].mean(axis=0)
    np.testing.assert_allclose([patch.get_width() for patch in ax.patches], means)
    (ax,) = drawn(pictures, "weights").get_axes()
    assert texts(ax) == [f"input {i}" for i in range(4)]


def test_of_many_inputs_those_of_the_largest_weights():
    network = plh.BinaryNetwork(100, [1])
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(50, 100))
    data = plh.datasets.as_data((inputs, (inputs[:, 0] > 0).astype(int)))
    bits = rng.integers(0, 2, (SHOTS, network.n_qubits)).astype(np.int8)
    bits[:, [3, 97]] = 0
    made = Pictures(pictures_of("table").history, plh.evaluate(network, bits, data), network, data)
    (ax,) = drawn(made, "weights").get_axes()
    assert len(ax.patches) == 30
    assert {"input 3", "input 97"} <= set(texts(ax))


@pytest.mark.parametrize("n_cuts", [3, 400])
def test_entanglement(n_cuts):
    entropies = {"start": np.zeros(n_cuts), "trained": np.full(n_cuts, np.log(2))}
    ax = Figure().subplots()
    draw_entanglement(ax, entropies)
    np.testing.assert_allclose(ax.lines[-1].get_ydata(), 1)
    assert [text.get_text() for text in ax.get_legend().texts][1] == "trained: mean 1.00"


def test_shown_once_in_a_notebook():
    """As a last line, by plt.show(), and where it is neither; pyplot's own is shown twice."""
    make = "figure = new_figure((2, 2)); figure.subplots()"
    cells = {
        f"{make}; figure": [1, 0],
        f"{make}; plt.show()": [0, 1],
        f"{make}; figure.savefig(io.BytesIO())": [0, 1],
        "figure": [1, 0],  # in a later cell
        "figure = plt.figure(); figure.subplots(); figure": [1, 1],
    }
    script = Path(__file__).parent / "shown_in_notebook.py"
    source = Path(plh.__file__).parent / "training/shown_once.py"
    command = [sys.executable, str(script), str(source), "import io", *cells]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    shown = [json.loads(line) for line in result.stdout.splitlines()]
    assert shown[1:] == list(cells.values())
