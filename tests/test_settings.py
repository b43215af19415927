"""Each setting is spelled once: functions, the command and files derive theirs from its field."""

import inspect

import numpy as np
import pytest
from pydantic import Field
from pydantic.fields import FieldInfo
from typer.testing import CliRunner

import pl_hypernet as plh
from pl_hypernet.cli.main import app
from pl_hypernet.errors import InputError
from pl_hypernet.settings import (
    CircuitSettings,
    RunSettings,
    Settings,
    TrainingSettings,
    takes_settings,
)
from pl_hypernet.settings.merge import merge_settings
from pl_hypernet.settings.option import Option, help_of, option_of, typed_as
from pl_hypernet.training.config import RunConfig

FIELDS = RunSettings.model_fields


def small_hypernet(**options) -> plh.QuantumHypernetwork:
    network = plh.BinaryNetwork(3, [1], activation="sigmoid")
    return plh.QuantumHypernetwork(network, layers=1, shots=20, seed=0, **options)


@pytest.fixture
def task():
    inputs = np.random.default_rng(0).normal(size=(30, 3))
    return inputs, (inputs[:, 0] > 0).astype(int)


def small_run(task, optimizer="spsa", hypernet=None, **settings):
    settings = {"steps": 2, "evaluation_shots": 10, "progress": False} | settings
    return plh.train(hypernet or small_hypernet(), task, optimizer, **settings)


def test_train_shows_every_setting_of_a_training():
    shown = inspect.signature(plh.train).parameters
    described = inspect.getdoc(plh.train)
    for name, field in TrainingSettings.model_fields.items():
        assert shown[name].default == field.get_default()
        assert field.description
        assert f"\n    {name}: {field.description[:20]}" in described
    assert max(map(len, plh.train.__doc__.splitlines())) <= 100


def test_the_commands_have_an_option_for_every_setting_but_two():
    without = [name for name, field in FIELDS.items() if option_of(field) is None]
    assert without == ["network_digest", "ansatz"]
    for command in ("train", "plan"):
        shown = CliRunner().invoke(app, [command, "--help"], terminal_width=250).output
        for name, field in FIELDS.items():
            if name not in without:
                option = (option_of(field).name or name).replace("_", "-")
                assert f"--{option} " in shown
                assert " ".join(help_of(field).split()) in " ".join(shown.split())
                assert "{" not in help_of(field)


@pytest.mark.parametrize(
    ("annotation", "option", "default", "kind", "said"),
    [
        (int | None, Option("Many; default {default}."), 3, int, "Many; default 3."),
        (bool | tuple[bool, ...], Option("{default}"), True, bool, "yes"),
        (float | tuple[float, float], Option("As 1:0", parse=str), 0.0, str, "As 1:0"),
        (tuple[int, ...], Option("{default}"), (1, -1), str, "1,-1"),
        (dict[str, int], None, {}, str, ""),
    ],
    ids=str,
)
def test_options_follow_their_fields(annotation, option, default, kind, said):
    field = FieldInfo(annotation=annotation, default=default)
    field.metadata = [] if option is None else [option]
    assert (typed_as(field), help_of(field)) == (kind, said)


def test_settings_as_arguments():
    class Toy(Settings):
        depth: int = Field(2, description="how deep.")
        width: int = Field(3, description="how wide.")

    @takes_settings(Toy)
    def build(name, depth=5, *, settings, at="here", **others):
        """Builds.

        {settings}
        """
        return name, depth, settings, at, others

    assert (
        str(inspect.signature(build)) == "(name, depth=5, width: int = 3, *, at='here', **others)"
    )
    assert build("a", 1, 4) == ("a", 1, {"width": 4}, "here", {})
    assert build("a", colour=1, at="there") == ("a", 5, {}, "there", {"colour": 1})
    assert "width: how wide." in build.__doc__
    with pytest.raises(TypeError, match="name"):
        build()


def test_a_keyword_that_nothing_takes(task):
    optimizer = plh.SPSAOptimizer(seed=0)
    with pytest.raises(InputError, match=r"setps=7: did you mean 'steps'\?"):
        small_run(task, optimizer, setps=7)
    with pytest.raises(InputError, match=r"colour=7: is it an option of the optimizer\?"):
        small_run(task, optimizer, colour=7)
    with pytest.raises(InputError, match=r"'spsa': no option 'setps': did you mean 'steps'\?"):
        small_run(task, setps=7)
    with pytest.raises(InputError, match=r"^shots is an argument of QuantumHypernetwork"):
        small_run(task, shots=3)
    with pytest.raises(InputError, match=r"'spsa': no option 'stepsiz': did you mean 'stepsize'\?"):
        small_run(task, stepsiz=0.1)
    with pytest.raises(InputError, match=r"unknown setting 'shotz': did you mean 'shots'\?"):
        plh.plan(shotz=3)
    with pytest.raises(InputError, match=r"^steps is a setting of the run, and no option"):
        plh.plan(optimizer="auto", optimizer_options={"steps": 3})


def test_settings_cannot_be_changed():
    with pytest.raises(ValueError, match="frozen"):
        TrainingSettings().steps = 3


def test_a_weight_that_stays_is_a_number(task):
    assert TrainingSettings(entropy="0:0").entropy == 0.0
    assert TrainingSettings(mmd=[0.2, 0.2]).mmd == 0.2
    runs = [small_run(task, entropy=weight) for weight in ("0.02:0.02", 0.02)]
    np.testing.assert_array_equal(*(run.theta for run in runs))


@pytest.mark.parametrize(("entropy", "refused"), [("0:0", False), ("0:0.1", True), (0.1, True)])
def test_plan_and_train_refuse_the_same_entropy(task, tmp_path, entropy, refused):
    path = tmp_path / "task.npz"
    np.savez(path, inputs=task[0], targets=task[1])
    settings = {"data": str(path), "optimizer": "spsa", "entropy": entropy, "steps": 2}
    hypernet = small_hypernet(device="default.mixed")
    attempts = [
        lambda: plh.plan(device="default.mixed", activation="sigmoid", **settings),
        lambda: small_run(task, hypernet=hypernet, entropy=entropy),
    ]
    messages = []
    for attempt in attempts:
        if not refused:
            attempt()
            continue
        with pytest.raises(InputError, match="the entropy needs log p") as error:
            attempt()
        messages.append(str(error.value))
    assert len(set(messages)) <= 1
    assert hypernet.device.counts.circuits == (0 if refused else 7)


def test_a_hypernetwork_and_its_settings():
    options = {"ansatz_options": {"rotations": ["RY"], "pattern": "ring"}, "start": "uniform"}
    hypernet = small_hypernet(device="default.qubit", **options)
    again = plh.QuantumHypernetwork.of(hypernet.network, CircuitSettings(**hypernet.settings))
    assert again.settings == hypernet.settings
    assert again.theta_shape == hypernet.theta_shape == (2, 4)


def test_old_files_are_read(tmp_path):
    (tmp_path / "config.toml").write_text(
        'data = "mnist"\nnetwork = [1]\nscale = 0.25\nlayers = 3\nloss = "bce"\n'
        "entropy = [0.02, 0.0]\nsteps = 7\n[choices]\nactivation = ['sigmoid', 'hard_sigmoid']\n"
        "[optimizer_options]\nstepsize = 0.1\n"
    )
    config = RunConfig.read(tmp_path / "config.toml")
    assert (config.layers, config.steps, config.entropy) == (3, 7, (0.02, 0.0))
    assert config.of_training["stepsize"] == 0.1


def test_tables_are_added_to_those_of_a_file():
    file = {"penalties": {"activation": {"sigmoid": 1.0}}, "data_options": {"size": 8}}
    given = {"penalties": {"activation": {"hard_sigmoid": 0.1}}, "data_options": {"digits": 3}}
    assert merge_settings(file, given) == {
        "penalties": {"activation": {"sigmoid": 1.0, "hard_sigmoid": 0.1}},
        "data_options": {"size": 8, "digits": 3},
    }


@pytest.mark.parametrize("name", ["token", "api_key", "aws_secret_access_key", "Password"])
def test_secrets_of_a_device_are_not_written(name):
    config = RunConfig.checked({"device_options": {name: "hidden-from-all", "keys": 3}})
    assert config.secrets == [name]
    assert "hidden-from-all" not in config.to_toml()
    assert "keys = 3" in config.to_toml()


@pytest.mark.parametrize("name", ["steps", "max_shots", "max_circuits", "evaluate_every", "shots"])
def test_numbers_of_hundreds_of_digits(name):
    """They are larger than any float."""
    with pytest.raises(InputError, match=f"{name}: expected a number of at most 18 digits"):
        plh.plan(data="gaussian_mixture", **{name: 10**400})
    if name.startswith("max"):
        assert plh.plan(data="gaussian_mixture", **{name: 10**18 - 1})["n_qubits"]
