"""Files that were damaged or made up: each is read, or refused in one line, and nothing else.

PL_HYPERNET_CASES=2000 pytest tests/test_hostile_files.py
"""

import gzip
import json
import os
import zipfile

import numpy as np
import pytest
from hostile import CASES, SEED, changed, damaged, memory_limit, refused_in_one_line
from test_datasets_images import write_images

import pl_hypernet as plh
from pl_hypernet import datasets
from pl_hypernet.devices.braket.capabilities import find_capabilities
from pl_hypernet.devices.braket.emulated_session import EmulatedSession
from pl_hypernet.devices.braket.model_qpus import MODEL_QPUS
from pl_hypernet.devices.braket.prices import PriceTable
from pl_hypernet.devices.braket.qpu import circuits_per_task, read_qpu, shots_range
from pl_hypernet.errors import DataError, InputError, RunFolderError
from pl_hypernet.numpy_files import FileError, load_npy, load_npz


@pytest.fixture
def arrays(rng):
    inputs = rng.uniform(size=(12, 3)).astype(np.float32)
    return {"inputs": inputs, "targets": np.arange(12) % 2, "test_inputs": inputs}


@pytest.fixture
def rng():
    return np.random.default_rng(SEED)


@pytest.fixture(scope="module", autouse=True)
def all_within_memory():
    with memory_limit():
        yield


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_damaged_npz(save, arrays, rng, tmp_path):
    path = tmp_path / "it.npz"
    save(path, **arrays)
    whole, refused = path.read_bytes(), 0
    for _ in range(CASES):
        path.write_bytes(damaged(whole, rng))
        refused += refused_in_one_line(lambda: datasets.load(path))
    assert refused > CASES / 3


def test_damaged_npy(arrays, rng, tmp_path):
    path = tmp_path / "it.npy"
    np.save(path, arrays["inputs"])
    whole = path.read_bytes()
    np.testing.assert_array_equal(load_npy(path), arrays["inputs"])
    for _ in range(CASES):
        path.write_bytes(damaged(whole, rng))
        refused_in_one_line(lambda: load_npy(path))


def test_arrays_come_back_as_they_were(rng, tmp_path):
    arrays = {
        "fortran": np.asfortranarray(rng.normal(size=(3, 4))),
        "empty": np.zeros((0, 5), dtype=np.int8),
        "scalar": np.array(1.5),
        "text": np.array(["a", "bc"]),
        "swapped": np.arange(3, dtype=">i4"),
    }
    np.savez(tmp_path / "it.npz", **arrays)
    found = load_npz(tmp_path / "it.npz")
    assert set(found) == set(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == array.dtype


def test_arrays_that_say_they_are_huge_take_no_memory(tmp_path):
    path = tmp_path / "it.npy"
    with open(path, "wb") as file:
        header = {"descr": "<f8", "fortran_order": False, "shape": (10**12, 8)}
        np.lib.format.write_array_header_1_0(file, header)
    with pytest.raises(FileError, match="its size denies"):
        load_npy(path)
    bomb = tmp_path / "bomb.npz"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inputs.npy", b"\0" * 10**7)
    with pytest.raises(DataError, match="raise most_bytes"):
        datasets.load(bomb, most_bytes=10**6)


def test_objects_are_not_unpickled(tmp_path):
    np.savez(tmp_path / "it.npz", inputs=np.array([{}, []], dtype=object), targets=[0, 1])
    with pytest.raises(DataError, match="expected numbers or text"):
        datasets.load(tmp_path / "it.npz")


def test_damaged_csv(arrays, rng, tmp_path):
    path = tmp_path / "it.csv"
    lines = [",".join(map(str, row)) for row in np.c_[arrays["inputs"], arrays["targets"]]]
    whole = "\n".join(["a,b,c,y", *lines]).encode()
    for _ in range(CASES):
        path.write_bytes(damaged(whole, rng))
        refused_in_one_line(lambda: datasets.load(path))


@pytest.mark.parametrize("packed", [False, True], ids=["idx", "idx.gz"])
def test_damaged_images(packed, rng, tmp_path):
    raw = tmp_path / "MNIST" / "raw"
    write_images(raw)
    paths = sorted(raw.iterdir())
    for path in paths if packed else []:
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    paths = sorted(raw.iterdir())
    for i in range(CASES):
        path = paths[i % len(paths)]
        whole = path.read_bytes()
        path.write_bytes(damaged(whole, rng))
        refused_in_one_line(lambda: datasets.mnist((0, 1), 4, root=tmp_path))
        path.write_bytes(whole)
    assert not refused_in_one_line(lambda: datasets.mnist((0, 1), 4, root=tmp_path))


@pytest.mark.parametrize("suffix", [".npz", ".csv"])
def test_a_pipe_is_not_waited_for(suffix, tmp_path):
    path = tmp_path / f"it{suffix}"
    os.mkfifo(path)
    with pytest.raises(DataError, match="no regular file"):
        datasets.load(path)


def test_changed_capabilities_of_a_qpu(rng, tmp_path):
    path = tmp_path / "qpu.json"
    documents = [json.loads(make().json()) for _, make in MODEL_QPUS.values()]

    def use():
        arn, properties = find_capabilities(path)
        read_qpu(properties)
        shots_range(properties)
        circuits_per_task(properties, 100)
        EmulatedSession(arn, properties)

    for i in range(CASES):
        path.write_text(json.dumps(changed(documents[i % len(documents)], rng)))
        refused_in_one_line(use)


def test_capabilities_choose_no_module_to_import(tmp_path):
    path = tmp_path / "qpu.json"
    for name in ("antigravity", "braket.device_schema.iqm.rigetti_device_capabilities", "os.path"):
        path.write_text(json.dumps({"braketSchemaHeader": {"name": name, "version": "1"}}))
        with pytest.raises(InputError, match="no capabilities of a Braket QPU"):
            find_capabilities(path)


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory):
    rng = np.random.default_rng(0)
    inputs = rng.uniform(size=(12, 3))
    folder = tmp_path_factory.mktemp("run") / "it"
    hypernet = plh.QuantumHypernetwork(plh.BinaryNetwork(3), layers=1, shots=5)
    data = (inputs, (inputs[:, 0] > 0.5).astype(int))
    plh.train(hypernet, data, "spsa", 3, evaluation_shots=5, progress=False, out=folder)
    return folder


@pytest.mark.parametrize(
    "name",
    [
        "history.jsonl",
        "checkpoint.safetensors",
        "shots.npy",
        "losses.npy",
        "schema.safetensors",
        "digests.json",
        "summary.json",
        "config.toml",
    ],
)
def test_damaged_run_folders(name, run_folder, rng):
    path = run_folder / name
    whole = path.read_bytes()
    odd = [
        b"",
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b"{}\n{}\n",
        b"[]\n[]\n",
        b"null",
        b"\xef\xbb\xbf" + whole,
    ]

    def use():
        run = plh.load(run_folder)
        assert run.summary
        assert run.best.shape == (4,)

    try:
        assert not refused_in_one_line(use)
        for i in range(CASES + len(odd)):
            path.write_bytes(odd[i] if i < len(odd) else damaged(whole, rng))
            refused_in_one_line(use)
    finally:
        path.write_bytes(whole)


def test_damaged_prices(rng, tmp_path):
    path = tmp_path / "prices.toml"
    whole = b'as_of = 2025-06-01\nper_task = 0.3\n[per_shot]\n"qpu/iqm/Garnet" = 0.00145\n'
    for _ in range(CASES):
        path.write_bytes(damaged(whole, rng))
        refused_in_one_line(lambda: PriceTable.read(path))
    path.write_text("per_task = inf")
    with pytest.raises(InputError, match="finite"):
        PriceTable.read(path)
    with pytest.raises(RunFolderError, match="no regular file"):
        PriceTable.read(tmp_path)
