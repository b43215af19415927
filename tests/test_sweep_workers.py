"""A sweep on real workers, one of which is killed: as if each run had been made alone."""

import json
import os
import shutil
import signal
import threading
import time

import dask
import numpy as np
import pytest
from distributed.comm.utils import get_tcp_server_addresses

import pl_hypernet as plh
from pl_hypernet.errors import InputError, RunFolderError
from pl_hypernet.studies.one_run import make_run
from pl_hypernet.training.checkpoint import has_checkpoint, load_checkpoint
from pl_hypernet.training.from_settings import made_of_settings
from pl_hypernet.training.run import Run
from pl_hypernet.workers import connected

STEPS, AT = 120, 30  # of a run, and which of them one is killed after
SETTINGS = {
    "steps": STEPS, "optimizer": "score", "shots": 20, "batch_size": 50, "evaluation_shots": 30,
    "layers": 1,
}  # fmt: skip


def without_pictures():
    Run.save_pictures = lambda self, folder=None: []


@pytest.fixture(scope="module")
def client():
    lost_at_once = dask.config.set({"distributed.scheduler.allowed-failures": 0})
    with lost_at_once, connected(2, None) as client:
        client.run(without_pictures)
        yield client


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    rng = np.random.default_rng(0)
    inputs = rng.uniform(size=(100, 4))
    path = tmp_path_factory.mktemp("data") / "task.npz"
    np.savez(path, inputs=inputs, targets=(inputs @ [1, -1, 1, 1] > 1).astype(int))
    return str(path)


def asked(data, seeds=2):
    values = {"optimizer_options": {"stepsize": [0.05, 0.1]}}
    return SETTINGS | {"data": data, "sweep": {"values": values, "seeds": seeds}}


def addresses(dask_worker=None, dask_scheduler=None):
    server = dask_worker or dask_scheduler
    listening = get_tcp_server_addresses(server.http_server)
    return {host for host, *_ in listening}, server.address


def test_other_machines_reach_nothing(client):
    found = [client.run_on_scheduler(addresses), *client.run(addresses).values()]
    for hosts, address in found:
        assert hosts == {"127.0.0.1"}
        assert address.startswith("tcp://127.0.0.1:")


def kill_in_the_middle(client, runs, killed, over):
    """Kills the worker of the first run that has made some steps."""
    pids = client.run(os.getpid)
    while not (killed or over.is_set()):
        for address, keys in client.processing().items():
            name = next(iter(keys), "").rpartition("-")[0]
            history = runs / name / "history.jsonl"
            if name and history.exists() and history.read_bytes().count(b"\n") >= AT:
                os.kill(pids[address], signal.SIGKILL)
                made = history.read_bytes().count(b"\n")
                killed.append((name, pids[address], made, has_checkpoint(runs / name)))
                break
        time.sleep(0.01)


@pytest.fixture(scope="module")
def swept(client, data, tmp_path_factory):
    """A folder, what the sweep returned, and what was killed."""
    folder = tmp_path_factory.mktemp("sweep") / "study"
    killed, over = [], threading.Event()
    arguments = client, folder / "runs", killed, over
    killer = threading.Thread(target=kill_in_the_middle, args=arguments, daemon=True)
    killer.start()
    try:
        results = plh.sweep(asked(data), folder, scheduler=client, progress=False)
    finally:
        over.set()
        killer.join()
    return folder, results, *killed


def test_runs_are_those_made_one_after_the_other(swept, client, data):
    folder, results, (name, pid, made, had_checkpoint) = swept  # one was killed
    assert had_checkpoint
    assert AT <= made < STEPS, "killed in the middle"
    assert pid not in client.run(os.getpid).values()
    assert f"runs/{name}" in [row["run"] for row in results.rows]
    assert not results.failed
    assert len(results.rows) == 4
    for row in results.rows:
        options = {"stepsize": row["optimizer_options.stepsize"]}
        settings = SETTINGS | {"data": data, "seed": row["seed"], "optimizer_options": options}
        config, samples, hypernet, _ = made_of_settings(settings)
        alone = plh.train(hypernet, samples, progress=False, **config.of_training)
        place = folder / row["run"]
        arrays, _ = load_checkpoint(place)
        assert arrays["theta"].tobytes() == np.asarray(alone.theta).tobytes()
        assert np.array_equal(np.load(place / "shots.npy"), alone.bits)
        assert row["energy.mean"] == alone.summary["energy"]["mean"]
        assert row["total.shots"] == alone.summary["shots"]
        assert plh.load(place).how_far == f"{STEPS} steps"


def stamps(folder):
    return {path: path.stat().st_mtime_ns for path in folder.glob("runs/*/summary.json")}


def test_a_study_that_was_moved_goes_on_with_what_is_not_made(swept, client, data, tmp_path):
    folder, results, *_ = swept
    again = plh.sweep(folder, scheduler=client, progress=False)
    assert again.rows == json.loads(json.dumps(results.rows))
    moved = tmp_path / "elsewhere"
    shutil.copytree(folder, moved)
    gone, broken, *others = sorted(moved.glob("runs/*"))
    expected = (gone / "shots.npy").read_bytes()
    shutil.rmtree(gone)
    (broken / "summary.json").write_text("{")
    before = stamps(moved)
    found = plh.sweep(asked(data, seeds=3), moved, scheduler=client, progress=False)
    assert (gone / "shots.npy").read_bytes() == expected
    assert {path: stamps(moved)[path] for path in before} == before
    assert str(folder) not in (moved / "results.csv").read_text()
    (failed,) = found.failed  # which ends no other
    assert failed["run"] == f"runs/{broken.name}"
    assert "summary.json is damaged" in failed["error"]
    assert found.table().caption == "1 runs failed"
    assert len(found.rows) == 6
    assert len(others) == 2


def test_a_search_by_optuna_goes_on_with_the_same_points(client, data, tmp_path):
    values = {"optimizer_options": {"stepsize": {"low": 0.01, "high": 0.5, "log": True}}}
    contents = SETTINGS | {
        "data": data, "steps": 20,
        "sweep": {"values": values, "search": "optuna", "points": 2, "at_once": 2},
    }  # fmt: skip
    found = plh.sweep(contents, tmp_path / "s", scheduler=client, progress=False)
    assert len(found.rows) == 2
    before = stamps(tmp_path / "s")
    contents["sweep"]["points"] = 3
    more = plh.sweep(contents, tmp_path / "s", scheduler=client, progress=False)
    assert [row["run"] for row in more.rows[:2]] == [row["run"] for row in found.rows]
    assert len(more.rows) == 3
    assert {path: stamps(tmp_path / "s")[path] for path in before} == before


def test_a_run_killed_before_its_first_step_begins_again(data, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.toml").touch()
    shares = []
    make_run(SETTINGS | {"data": data, "steps": 4}, tmp_path / "run", report=shares.append)
    assert shares == [0.25, 0.5, 0.75, 1.0]
    with pytest.raises(RunFolderError, match="a file system that all machines share"):
        make_run({}, tmp_path / "nowhere" / "run")


def test_an_address_where_nothing_answers(data, tmp_path, monkeypatch):
    monkeypatch.setattr("pl_hypernet.workers.SECONDS", 0.2)
    with pytest.raises(InputError, match="no scheduler of Dask answers there"):
        plh.sweep(asked(data), tmp_path / "s", scheduler="tcp://127.0.0.1:1", progress=False)
