"""A torch module with its signs and bits by Brevitas, trained as its own examples are.

Linear and convolution layers become Brevitas' with weights of one bit, ``plh.Sign`` its activation
of one bit; batch norms stay, and make biases superfluous. Adam, clamped latent weights, and
gradients that pass signs within [-1, 1], as in its BNN-PYNQ examples.
"""

import time

import numpy as np
import torch
from brevitas.nn import QuantConv2d, QuantIdentity, QuantLinear
from brevitas.quant.binary import (
    SignedBinaryActPerTensorConst,
    SignedBinaryWeightPerTensorConst,
)
from torch import nn
from torch.nn.functional import cross_entropy

import pl_hypernet as plh


class Weights(SignedBinaryWeightPerTensorConst):
    """+1 and -1."""

    scaling_const = 1.0


def as_brevitas(layer: nn.Module) -> nn.Module:
    """The layer of Brevitas in the place of one of torch's, or the layer itself."""
    if isinstance(layer, nn.Sequential):
        return nn.Sequential(*map(as_brevitas, layer))
    if isinstance(layer, plh.Sign):
        return QuantIdentity(act_quant=SignedBinaryActPerTensorConst)
    if isinstance(layer, nn.Linear):
        return QuantLinear(layer.in_features, layer.out_features, False, weight_quant=Weights)
    if isinstance(layer, nn.Conv2d):
        return QuantConv2d(
            layer.in_channels,
            layer.out_channels,
            layer.kernel_size,
            layer.stride,
            layer.padding,
            bias=False,
            weight_quant=Weights,
        )
    return layer


class BrevitasModule:
    """One network of bits, and its real parameters.

    Args:
        module: a sequential one, whose sums are all behind batch norms.
        input_shape: of a sample.
        seed: of the latent weights, uniform, and the mini-batches.
    """

    def __init__(self, module: nn.Sequential, input_shape: tuple[int, ...], seed: int):
        torch.manual_seed(seed)
        self.module, self.input_shape = as_brevitas(module), input_shape
        self.rng = np.random.default_rng(seed)
        self.latent = []
        for layer in self.module.modules():
            if isinstance(layer, QuantLinear | QuantConv2d):
                nn.init.uniform_(layer.weight, -1, 1)
                self.latent.append(layer.weight)

    def train(self, data, seconds: float, stepsize: float, batch_size: int, lr: float) -> float:
        """Adam for so many seconds of the processor, its learning rates falling linearly to 0.

        Args:
            data: whose training samples are used.
            seconds: as above.
            stepsize: of the latent weights.
            batch_size: samples of a step.
            lr: of the real parameters.

        Returns:
            The seconds that it took.
        """
        latent = {id(weight) for weight in self.latent}
        real = [p for p in self.module.parameters() if p.requires_grad and id(p) not in latent]
        groups = [{"params": self.latent, "lr": stepsize}, {"params": real, "lr": lr}]
        optimizer = torch.optim.Adam(groups)
        inputs = self._shaped(data.inputs)
        targets = torch.as_tensor(np.asarray(data.targets)).long()
        self.module.train()
        begun, done = time.process_time(), 0.0
        while done < 1:
            for group, rate in zip(optimizer.param_groups, (stepsize, lr), strict=True):
                group["lr"] = rate * (1 - done)
            chosen = self.rng.choice(len(inputs), min(batch_size, len(inputs)), False)
            optimizer.zero_grad()
            cross_entropy(self.module(inputs[chosen]), targets[chosen]).backward()
            optimizer.step()
            with torch.no_grad():
                for weight in self.latent:
                    weight.clamp_(-1, 1)
            done = (time.process_time() - begun) / seconds
        self.module.eval()
        return time.process_time() - begun

    @torch.no_grad()
    def probabilities(self, inputs: np.ndarray) -> np.ndarray:
        """float32 (M, K)."""
        parts = self._shaped(inputs).split(1000)
        return torch.cat([self.module(part).softmax(dim=1) for part in parts]).numpy()

    def _shaped(self, inputs) -> torch.Tensor:
        inputs = torch.as_tensor(np.asarray(inputs, np.float32))
        return inputs.reshape(len(inputs), *self.input_shape)
