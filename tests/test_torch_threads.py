"""Parts of the work in threads: the same numbers in the same order, whoever computes them."""

import os
import threading
import time

import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_info

import pl_hypernet as plh
from pl_hypernet.torch_threads import AHEAD, LIGHT, SMALL, in_order, one_thread_if_small


@pytest.fixture
def three_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


def test_results_come_in_order_and_torch_has_one_thread_in_each(three_threads):
    workers = set()

    def work(part):
        workers.add(threading.current_thread().name)
        time.sleep(0.002 * (part % 3))  # later parts are done before earlier ones
        return part, torch.get_num_threads()

    assert list(in_order(work, range(20))) == [(part, 1) for part in range(20)]
    assert len(workers) == 3
    assert torch.get_num_threads() == 3
    seen = []
    other = threading.Thread(target=lambda: seen.append(torch.get_num_threads()))
    other.start()
    other.join()
    assert seen == [3]  # threads to come are left as they were


def blas_threads() -> set[int]:
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


def test_small_work_has_one_thread_in_all(three_threads):
    before = blas_threads()
    with one_thread_if_small(SMALL):
        assert torch.get_num_threads() == 1
        assert blas_threads() == {1}
    with one_thread_if_small(SMALL + 1):
        assert torch.get_num_threads() == 3
        assert blas_threads() == before
    with one_thread_if_small(2, LIGHT // 2):
        assert torch.get_num_threads() == 1
    with one_thread_if_small(2, LIGHT // 2 + 1):  # few outputs of a large network
        assert torch.get_num_threads() == 3
    with pytest.raises(ValueError, match="inside"), one_thread_if_small(1):
        raise ValueError("inside")
    assert torch.get_num_threads() == 3
    assert blas_threads() == before


def test_few_results_wait(three_threads):
    begun = []
    results = in_order(begun.append, range(100))
    next(results)
    assert len(begun) <= AHEAD * 3 + 1
    results.close()


def test_an_error_in_a_part_is_raised_and_ends_the_work(three_threads):
    begun = []

    def work(part):
        begun.append(part)
        if part == 4:
            raise ValueError("part 4")
        return part

    with pytest.raises(ValueError, match="part 4"):
        list(in_order(work, range(1000)))
    assert len(begun) < 100


def test_an_evaluation_does_not_depend_on_the_threads(monkeypatch, three_threads):
    monkeypatch.setattr("pl_hypernet.networks.network.CHUNK", 4000)  # many parts
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(200, 6))
    targets = (inputs.sum(axis=1) > 0).astype(int)
    network = plh.BinaryNetwork(6, [4, 1], hidden="relu")
    bits = rng.integers(0, 2, (300, network.n_qubits)).astype(np.int8)
    in_threads = plh.evaluate(network, bits, (inputs, targets, inputs[:50], targets[:50]))
    with one_thread_if_small(1):
        alone = plh.evaluate(network, bits, (inputs, targets, inputs[:50], targets[:50]))
    np.testing.assert_array_equal(in_threads.energy.losses, alone.energy.losses)
    np.testing.assert_array_equal(in_threads.test.each, alone.test.each)
    assert in_threads.train.vote == alone.train.vote
    assert torch.get_num_threads() == 3


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_process_waits_for_no_threads_of_its_parent(three_threads):
    expected = ["0", "1", "2", "3", "4"]
    assert list(in_order(str, range(5))) == expected
    large = torch.zeros(3_000_000)
    large += 1  # in torch's own threads
    child = os.fork()
    if child == 0:
        large += 1
        as_before = list(in_order(str, range(5))) == expected and torch.get_num_threads() == 1
        os._exit(0 if as_before else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
