"""PennyLane's program capture, which hands over no circuits, is refused where it is met."""

from pennylane import capture

from pl_hypernet.errors import DeviceError


def check_no_capture(what: str) -> None:
    """Refuses to go on while programs are captured.

    Raises:
        DeviceError: they are.
    """
    if capture.enabled():
        raise DeviceError(
            f"{what} does not work while PennyLane captures programs: call "
            "pennylane.capture.disable() first"
        )
