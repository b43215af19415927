"""The expected calibration error."""

import numpy as np
import pytest

from pl_hypernet.analysis.calibration import expected_calibration_error
from pl_hypernet.errors import InputError


def two_classes(confidence):
    return np.stack([confidence, 1 - confidence], axis=1)


def test_it_compares_accuracy_and_confidence_bin_by_bin():
    p = two_classes(np.array([0.6, 0.7, 0.9, 0.9]))
    targets = np.array([0, 1, 0, 0])  # 0.6 to 0.7: one of two right; 0.9: both
    expected = (2 * abs(0.5 - 0.65) + 2 * abs(1 - 0.9)) / 4
    assert expected_calibration_error(p, targets, bins=4) == pytest.approx(expected)
    assert expected_calibration_error(p, targets, bins=1) == pytest.approx(abs(0.75 - 0.775))


def test_calibrated_probabilities_have_none_and_certain_ones_what_is_wrong():
    rng = np.random.default_rng(0)
    confidence = rng.uniform(0.5, 1, 100_000)
    targets = (rng.random(100_000) > confidence).astype(int)
    assert expected_calibration_error(two_classes(confidence), targets) < 0.01
    certain = two_classes(np.ones(100_000))
    assert expected_calibration_error(certain, targets) == pytest.approx(targets.mean())


@pytest.mark.parametrize("targets", [[0], [[0, 1]]])
def test_shapes_that_do_not_fit(targets):
    with pytest.raises(InputError, match=r"expected \(M, n_classes\) and \(M,\)"):
        expected_calibration_error(two_classes(np.array([0.6, 0.7])), targets)
