"""What is lowered."""

from typing import Annotated

from pydantic import Field, field_validator

from pl_hypernet.settings.base import Settings
from pl_hypernet.settings.option import Option
from pl_hypernet.settings.typed import as_typed, parse_penalties
from pl_hypernet.settings.weights import Weight, find_weight


class ObjectiveSettings(Settings):
    """The loss of a network, what is made of the losses of the shots, and what is added to it."""

    loss: Annotated[str | None, Option("bce or mse of one output, cross_entropy of several.")] = (
        Field(
            None,
            description='``"bce"`` or ``"mse"`` of one output, ``"cross_entropy"`` of several; '
            "None: cross-entropy; or a callable (outputs (S, M, n_outputs), targets (M,)) -> "
            "losses (S,).",
        )
    )
    reduction: Annotated[
        str,
        Option("Lower the mean loss, or cvar:0.1, that of the best 10 %; default {default}."),
    ] = Field(
        "mean",
        description='what is lowered: ``"mean"``, the energy, or ``"cvar:0.1"``, the mean of the '
        "best 10 % of the shots.",
    )
    entropy: Annotated[
        Weight,
        Option(
            "Of the networks' entropy, as 0.01, or 0.02:0 over the steps.",
            metavar="WEIGHT",
            parse=as_typed,
        ),
    ] = Field(
        0.0,
        description="weight of the entropy of the bitstrings, which is raised, in units of the "
        'loss a nat; ``(start, stop)`` or ``"start:stop"`` goes linearly from one to the other '
        "over the steps. It keeps the networks diverse, and needs log p: see "
        ":func:`expected_loss`.",
    )
    mmd: Annotated[
        Weight,
        Option(
            "Of MMD^2, the shots' distance from uniform bits.", metavar="WEIGHT", parse=as_typed
        ),
    ] = Field(
        0.0,
        description="weight of the MMD^2 from uniform bitstrings, which is lowered, in units of "
        "the loss; as ``entropy``, of bits alone.",
    )
    mmd_bandwidth: Annotated[
        float | None,
        Option("Of its kernel; default half the number of qubits.", metavar="BITS"),
    ] = Field(None, gt=0, description="of its kernel, in bits; None: half the number of qubits.")
    penalties: Annotated[
        dict[str, dict[str, float]],
        Option(
            "As activation.hard_sigmoid=0.01.",
            metavar="CHOICE.OPTION=LOSS",
            name="penalty",
            parse=parse_penalties,
            several=True,
        ),
    ] = Field(
        {},
        description='what options of a choice cost, in units of the loss: ``{"activation": '
        '{"hard_sigmoid": 0.01}}``. They take part in the training, not in its evaluation.',
    )

    flips: Annotated[
        float,
        Option("Of bits of each shot before it is scored, in training.", metavar="PROBABILITY"),
    ] = Field(
        0.0,
        ge=0,
        lt=0.5,
        description="probability with which each bit of a shot is flipped before it is scored, in "
        "the training alone: networks that bear flipped bits. The energies of the training are of "
        "the flipped bits.",
    )

    @field_validator("entropy", "mmd", mode="before")
    @classmethod
    def _weight(cls, weight) -> Weight:
        return find_weight(weight)
