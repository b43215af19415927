"""Where torch works: the name of one of its devices."""

import torch

from pl_hypernet.errors import InputError

LONGEST = 120  # characters of the reason that is shown


def checked_torch_device(name: str) -> str:
    """The name of a torch device that is there.

    Raises:
        InputError: torch does not know it or cannot use it here.
    """
    try:
        torch.ones(1, device=name).sum().item()  # some have tensors but no numbers
    except Exception as error:  # of any kind, as an import of what is not installed
        reason = str(error).split("\n")[0][:LONGEST]
        raise InputError(f"torch_device={name!r}: {reason}; use 'cpu'") from error
    return str(name)
