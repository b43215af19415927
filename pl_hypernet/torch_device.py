"""Where torch works: the name of one of its devices."""

import torch

from pl_hypernet.errors import InputError


def checked_torch_device(name: str) -> str:
    """The name of a torch device that is there.

    Raises:
        InputError: torch does not know it or cannot use it here.
    """
    try:
        torch.empty(1, device=name)
    except (RuntimeError, AssertionError, TypeError) as error:
        reason = str(error).split("\n")[0]
        raise InputError(f"torch_device={name!r}: {reason}; use 'cpu'") from error
    return str(name)
