"""Windows of torch's convolutions and poolings, as the header of a packed file has them."""

from collections.abc import Sequence

from torch import nn

MEANS = (nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d)
MAXIMA = (nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d)
ADAPTIVE = {
    nn.AdaptiveAvgPool1d: True, nn.AdaptiveAvgPool2d: True, nn.AdaptiveAvgPool3d: True,
    nn.AdaptiveMaxPool1d: False, nn.AdaptiveMaxPool2d: False, nn.AdaptiveMaxPool3d: False,
}  # fmt: skip


def convolution_windows(layer) -> dict | None:
    """Of a convolution; None: it pads with other numbers than 0."""
    if layer.padding_mode != "zeros":
        return None
    if layer.padding == "same":
        reach = [d * (k - 1) for d, k in zip(layer.dilation, layer.kernel_size, strict=True)]
        padding = [[n // 2, n - n // 2] for n in reach]
    else:
        each = [0] * len(layer.stride) if layer.padding == "valid" else layer.padding
        padding = [[n, n] for n in each]
    return {
        "kind": "convolution",
        "groups": layer.groups,
        "size": list(layer.kernel_size),
        "stride": list(layer.stride),
        "padding": padding,
        "dilation": list(layer.dilation),
    }


def pooling_windows(layer: nn.Module, shape: Sequence[int]) -> dict | None:
    """Of a pooling of maxima or means, of inputs of this shape (M, channels, ...); None: another
    layer, or one whose windows overlap the end or are of several sizes."""
    kind, space = type(layer), list(shape[2:])
    n = len(space)
    if kind in ADAPTIVE:
        wanted = _each(layer.output_size, n)
        if wanted is None:
            return None
        sizes = [a if b is None else b for a, b in zip(space, wanted, strict=True)]
        if any(a % b for a, b in zip(space, sizes, strict=True)):
            return None
        size = [a // b for a, b in zip(space, sizes, strict=True)]
        return _pooling(ADAPTIVE[kind], size, size, [0] * n, [1] * n)
    if kind not in (*MEANS, *MAXIMA) or layer.ceil_mode:
        return None
    size, stride, padding = (_each(x, n) for x in (layer.kernel_size, layer.stride, layer.padding))
    if size is None:
        return None
    if kind in MEANS:
        divided = getattr(layer, "divisor_override", None) is not None
        if divided or (any(padding) and not layer.count_include_pad):
            return None
        return _pooling(True, size, stride, padding, [1] * n)
    if layer.return_indices:
        return None
    return _pooling(False, size, stride, padding, _each(layer.dilation, n))


def _pooling(mean: bool, size, stride, padding, dilation) -> dict:
    return {
        "kind": "pool",
        "mean": mean,
        "size": size,
        "stride": stride,
        "padding": [[n, n] for n in padding],
        "dilation": dilation,
    }


def _each(numbers, n: int) -> list | None:
    """One for each of n axes; None: they are of other axes."""
    found = list(numbers) if isinstance(numbers, tuple | list) else [numbers] * n
    return found if len(found) == n and n else None
