"""Which runs a sweep makes, what it refuses, and what it says of those that it made."""

import csv
import sys

import numpy as np
import pytest
from matplotlib.figure import Figure
from typer.testing import CliRunner

import pl_hypernet as plh
from pl_hypernet.cli.main import app
from pl_hypernet.errors import HypernetError, InputError, RunFolderError
from pl_hypernet.settings import SweepSettings
from pl_hypernet.studies import SweepResults
from pl_hypernet.studies.estimate import estimate
from pl_hypernet.studies.folder import STUDY, places, study_folder
from pl_hypernet.studies.metrics import figures_of
from pl_hypernet.studies.study import read_study, run_name
from pl_hypernet.studies.values import Range

GRID = {"layers": [0, 2], "optimizer_options": {"stepsize": [0.1, 0.2]}}
AWS = {"device_arn": "arn:aws:braket:eu-north-1::device/qpu/iqm/Garnet"}


def study(values=GRID, base=None, **sweep):
    return read_study({"steps": 3, **(base or {}), "sweep": {"values": values, **sweep}})


def points_of(asked):
    return asked.search().ask()


def test_a_grid_has_each_value_with_each_other():
    asked = study(seeds=2, base={"seed": 5})
    points = points_of(asked)
    assert [tuple(point.values()) for point in points] == [(0, 0.1), (0, 0.2), (2, 0.1), (2, 0.2)]
    runs = asked.runs(points[1])
    assert [run.seed for run in runs] == [5, 6]
    assert runs[1].name == "layers=0,optimizer_options.stepsize=0.2,seed=6"
    config = runs[1].config
    assert (config.layers, config.optimizer_options, config.seed) == (0, {"stepsize": 0.2}, 6)
    assert config.steps == 3
    assert study(seeds=[9, 4]).seeds == (9, 4)


def test_lists_go_together():
    values = {"device": ["hypernet.mps", "lightning.qubit"], "device_options": [{"cutoff": 0}, {}]}
    points = points_of(study(values, search="list"))
    assert points == [
        {"device": "hypernet.mps", "device_options": {"cutoff": 0}},
        {"device": "lightning.qubit", "device_options": {}},
    ]
    with pytest.raises(InputError, match="one length: layers has 2, shots has 1"):
        study({"layers": [0, 1], "shots": [10]}, search="list").search()


def test_tables_of_all_runs_are_added_to():
    asked = study(base={"optimizer_options": {"perturbation": 0.05}})
    config = asked.runs(points_of(asked)[0])[0].config
    assert config.optimizer_options == {"perturbation": 0.05, "stepsize": 0.1}


def test_random_points_are_the_same_each_time_and_lie_in_their_ranges():
    values = {
        "layers": {"low": 0, "high": 3},
        "optimizer_options": {"stepsize": {"low": 1e-3, "high": 1.0, "log": True}},
        "device": ["hypernet.mps", "lightning.qubit"],
    }
    many = points_of(study(values, search="random", points=400))
    assert points_of(study(values, search="random", points=7)) == many[:7]
    assert points_of(study(values, {"seed": 1}, search="random", points=7)) != many[:7]
    assert {point["layers"] for point in many} == {0, 1, 2, 3}
    sizes = np.log10([point["optimizer_options.stepsize"] for point in many])
    assert sizes.min() > -3
    assert sizes.max() < 0
    assert abs(sizes.mean() + 1.5) < 5 * np.sqrt(9 / 12 / 400)  # uniform in the logarithm
    first = sum(point["device"] == "hypernet.mps" for point in many)
    assert abs(first - 200) < 5 * np.sqrt(100)


def test_whole_numbers_of_a_logarithmic_range_reach_its_ends():
    rng = np.random.default_rng(0)
    drawn = [Range(1, 8, log=True).drawn(rng) for _ in range(300)]
    assert set(drawn) == set(range(1, 9))
    assert drawn.count(1) > drawn.count(8)


def test_names_of_runs_tell_them_apart():
    assert run_name({"layers": 1}, 0) == "layers=1,seed=0"
    close = [run_name({"stepsize": size}, 0) for size in (0.1, 0.1 + 1e-12)]
    assert close[0] == "stepsize=0.1,seed=0"
    assert close[1].startswith("stepsize=0.1,seed=0,")
    others = [
        {"data": "../x"},
        {"data": "..-x"},
        {"a": "true"},
        {"a": True},
        {"a": [1]},
        {"a": "[1]"},
    ]
    names = [run_name(point, 0) for point in others]
    assert len(set(names)) == len(others)
    assert not any("/" in name for name in names)
    assert len(run_name({"data": "x" * 300}, 0)) < 100


@pytest.mark.parametrize(
    ("contents", "said"),
    [
        ({"steps": 3}, r"no table \[sweep\]"),
        ({"sweep": {}}, "sweep.values is empty"),
        ({"device_options": {"api_token": "x"}, "sweep": {}}, "api_token stands in files of a"),
        ({"sweep": {"values": {"device_options": {"password": ["x"]}}}}, "password stands in"),
        ({"sweep": {"value": {}}}, "unknown setting 'value': did you mean 'values'"),
        ({"sweep": {"values": {"layer": [1]}}}, "sweep.values: unknown setting 'layer': did you"),
        ({"sweep": {"values": {"seed": [1]}}}, "give seeds in"),
        ({"sweep": {"values": {"layers": 1}}}, "sweep.values.layers = 1: expected a list"),
        ({"sweep": {"values": {"layers": []}}}, "layers is an empty list"),
        ({"sweep": {"values": {"layers": [1, 1.0]}}}, "layers has 1.0 twice"),
        ({"sweep": {"values": {"layers": {"low": 2, "high": 1}}}}, "expected low below high"),
        ({"sweep": {"values": {"layers": {"low": 0, "high": 1, "log": True}}}}, "no logarithm"),
        ({"sweep": {"values": {"layers": {"low": 0, "hi": 1}}}}, "expected a range"),
        ({"sweep": {"values": {"layers": {"low": 0, "high": 1}}}}, "takes lists"),
        ({"sweep": {"values": GRID, "search": "best"}}, "search='best'"),
        ({"sweep": {"values": GRID, "search": "random"}}, "wants a number of points"),
        ({"sweep": {"values": GRID, "points": 3}}, "has as many points as"),
        ({"sweep": {"values": GRID, "seeds": 0}}, "seeds=0: expected a number of at least 1"),
        ({"sweep": {"values": GRID, "seeds": [1, 1]}}, "or a list of different seeds"),
        ({"sweep": {"values": GRID, "seeds": 10**9}}, "4,000,000,000 runs: expected at most"),
        ({"sweep": {"values": GRID, "metric": "energy"}}, "unknown metric 'energy'"),
        ({"sweep": {"values": GRID, "metric": "validation_r2.vote"}}, "give validation = 0.2"),
        ({"validation": 0.2, "sweep": {"values": GRID, "metric": "test_accuracy.vote"}},
         "choose 'validation_accuracy.vote'"),
        ({"data": "iris", "network": [3], "sweep": {"values": GRID, "metric": "train_r2.vote"}},
         "run layers=0.*metric = 'train_r2.vote' is of a regression, and the outputs are classes"),
        ({"data": "diabetes", "network": [1], "activation": "identity", "sweep":
          {"values": GRID, "metric": "fraction_above_90"}}, "is of classes, and the outputs are n"),
        ({"seed": "x", "sweep": {"values": GRID}}, "seed='x': expected a number"),
        ({"step": 3, "sweep": {"values": GRID}}, "run layers=0.*unknown setting 'step'"),
        ({"sweep": {"values": {"layers": [0, -1]}}}, "run layers=-1,seed=0: layers=-1"),
        ({"sweep": {"values": {"device": ["lightning.qbit"]}}}, "run device=lightning.qbit,seed=0"),
        ({"device_options": {"workers": 2}, "sweep": {"values": GRID}}, "workers: a run of a"),
        ({"network": "mine.py:build", "sweep": {"values": GRID}}, "add --network mine.py:build"),
        ({"device": "braket.aws.qubit", "device_options": AWS, "network": [1], "shots": 10,
          "data": "iris", "optimizer": "spsa", "sweep": {"values": {"network": [[3]]}}},
         "give max_cost"),
    ],
)  # fmt: skip
def test_bad_studies_are_refused_in_one_line(contents, said):
    with pytest.raises(HypernetError, match=said) as caught:
        estimate(read_study(contents))
    assert "\n" not in str(caught.value)


def test_a_metric_of_test_samples_needs_them(tmp_path):
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "own.npz", inputs=rng.random((20, 3)), targets=np.arange(20) % 2)
    base = {"data": str(tmp_path / "own.npz"), "network": [1]}
    with pytest.raises(InputError, match=r"run layers=0.*the data have no test samples"):
        estimate(study(GRID, base, metric="test_accuracy.vote"))
    assert estimate(study(GRID, base, metric="train_accuracy.vote")).runs


def test_runs_that_fit_alone_but_not_side_by_side_are_refused(monkeypatch):
    monkeypatch.setattr("pl_hypernet.memory.memory_here", lambda: 10**9)
    asked = study(GRID, seeds=3)
    assert estimate(asked, workers=2).runs
    with pytest.raises(InputError, match=r"3 runs side by side take 1.2 GB.*use fewer workers"):
        estimate(asked, workers=3)


def test_an_estimate_is_the_sum_of_plans():
    asked = study({"layers": [0, 1], "shots": [50, 100]}, {"optimizer": "spsa"}, seeds=3)
    found = estimate(asked)
    plans = [
        plh.plan(steps=3, optimizer="spsa", layers=layers, shots=shots)["total"]
        for layers in (0, 1)
        for shots in (50, 100)
    ]
    assert found.runs == 12
    assert found.total["shots"] == 3 * sum(each["shots"] for each in plans)
    assert found.total["usd"] is None
    assert str(found).startswith("12 runs: ")


def rows(values):
    """Runs of two layers and two step sizes, three seeds each."""
    return [
        {"run": f"runs/{k}", "layers": k // 6, "optimizer_options.stepsize": (0.1, 0.2)[k // 3 % 2],
         "seed": k % 3, "energy.mean": value}
        for k, value in enumerate(values)
    ]  # fmt: skip


def results(folder, values):
    names = ("layers", "optimizer_options.stepsize")
    return SweepResults(folder, names, "energy.mean", rows(values))


def test_results_are_means_with_errors_over_seeds(tmp_path):
    energies = np.random.default_rng(0).uniform(size=12)
    found = results(tmp_path, energies)
    found.rows[0].pop("energy.mean")
    found.rows[0]["error"] = "DeviceError: broken"
    first, second, *_ = found.points()
    assert (first.n, second.n) == (2, 3)
    assert second.mean == pytest.approx(energies[3:6].mean())
    assert second.error == pytest.approx(energies[3:6].std(ddof=1) / np.sqrt(3))
    assert found.failed == [found.rows[0]]
    paths = found.save()
    assert [path.name for path in paths] == ["results.csv", "results.png"]
    with open(paths[0]) as file:
        read = list(csv.DictReader(file))
    assert [float(row["energy.mean"]) for row in read[1:]] == list(energies[1:])
    assert (read[0]["error"], read[1]["error"]) == ("DeviceError: broken", "")
    assert paths[1].stat().st_size > 5000


def test_a_picture_has_error_bars_and_a_line_for_each_value_of_the_others(tmp_path):
    found = results(tmp_path, np.linspace(0.1, 0.2, 12))
    figure = Figure()
    found.draw(figure)
    left, right = figure.axes
    assert left.get_xlabel() == "layers"
    assert right.get_xlabel() == "optimizer_options.stepsize"
    labels = [text.get_text() for text in left.get_legend().get_texts()]
    assert labels == ["stepsize 0.1", "stepsize 0.2"]
    line, _, (bars,) = left.containers[1]
    points = found.points()
    assert list(line.get_ydata()) == [points[1].mean, points[3].mean]
    low, high = np.diff([segment[:, 1] for segment in bars.get_segments()], axis=1)[:, 0]
    assert low == pytest.approx(2 * points[1].error)
    assert high == pytest.approx(2 * points[3].error)


def test_figures_within_tables_have_names_of_their_own():
    summary = {
        "shots": 7,
        "validation_accuracy": {"vote": 0.9},
        "choices": {"a": {"b": 1.0}},
        "remarks": [],
    }
    assert figures_of(summary) == {
        "total.shots": 7, "validation_accuracy.vote": 0.9, "choices.a.b": 1.0,
    }  # fmt: skip


def taken_up(folder, asked):
    with study_folder(folder, asked):
        pass


def test_a_folder_belongs_to_one_study(tmp_path):
    another = pytest.raises(RunFolderError, match="another process is making this sweep")
    with study_folder(tmp_path / "s", study()), another:
        taken_up(tmp_path / "s", study())
    taken_up(tmp_path / "s", study(seeds=5))  # what differs may be more
    assert read_study(tmp_path / "s" / STUDY).seeds == (0, 1, 2, 3, 4)
    with pytest.raises(RunFolderError, match="holds runs with steps = 3, and this sweep has 4"):
        taken_up(tmp_path / "s", study(base={"steps": 4}))
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").touch()
    with pytest.raises(RunFolderError, match="is no sweep's"):
        taken_up(tmp_path / "other", study())


def test_where_a_study_is_made(tmp_path):
    assert places(tmp_path / "s.toml", None) == (tmp_path / "s.toml", tmp_path / "s")
    assert places(tmp_path, None) == (tmp_path / STUDY, tmp_path)
    with pytest.raises(InputError, match="goes on there"):
        places(tmp_path, tmp_path / "s")
    with pytest.raises(InputError, match="needs a folder"):
        places({}, None)


SEARCHED = {
    "layers": [[0], [4]],
    "optimizer_options": {"stepsize": {"low": 1e-3, "high": 10.0, "log": True}},
}


class TestOptuna:
    def searched(self, n_points, told=lambda score: score):
        search = study(SEARCHED, search="optuna", points=n_points, at_once=3).search()
        points = []
        while batch := search.ask():
            assert len(batch) == min(3, n_points - len(points))
            points += batch
            search.tell([told(self.loss(point)) for point in batch])
        return points

    def loss(self, point):
        return np.log10(point["optimizer_options.stepsize"]) ** 2 + point["layers"][0]

    def test_points_follow_from_what_was_told(self):
        points = self.searched(20)
        assert len(points) == 20
        assert self.searched(20) == points
        assert self.searched(20, lambda score: -score) != points

    def test_it_improves_the_metric(self):
        losses = [self.loss(point) for point in self.searched(40)]
        assert np.mean(losses[-12:]) < 0.5 * np.mean(losses[:12])

    def test_points_that_failed_end_nothing(self):
        assert len(self.searched(7, lambda score: None)) == 7

    def test_nothing_is_chosen_by_test_samples(self):
        for metric, said in (
            ("test_accuracy.vote", "to judge the choice"),
            ("total.shots", "none"),
        ):
            with pytest.raises(InputError, match=said):
                study(SEARCHED, search="optuna", points=3, metric=metric).search()

    def test_without_optuna(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "optuna", None)
        with pytest.raises(InputError, match=r"pip install 'pl_hypernet\[search\]'"):
            study(SEARCHED, search="optuna", points=3).search()


def test_the_command_says_what_a_study_would_take(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "study.toml").write_text("steps = 3\n[sweep]\nvalues.layers = [0, 1]\n")
    result = CliRunner().invoke(app, ["sweep", "study.toml", "--plan"])
    assert result.exit_code == 0
    assert result.output.startswith("2 runs: ")
    assert not (tmp_path / "study").exists()


def test_without_dask(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    contents = {"steps": 3, "sweep": {"values": {"layers": [0]}}}
    with pytest.raises(InputError, match=r"pip install 'pl_hypernet\[sweep\]'"):
        plh.sweep(contents, tmp_path / "s", progress=False)
    with pytest.raises(InputError, match="workers=0"):
        plh.sweep(contents, tmp_path / "t", workers=0, progress=False)


def test_every_setting_of_a_sweep_is_described():
    assert all(field.description for field in SweepSettings.model_fields.values())
