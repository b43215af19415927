"""Capabilities of Braket's devices that are known without an account."""

from pathlib import Path

from braket.device_schema.device_capabilities import DeviceCapabilities
from braket.schema_common import BraketSchemaBase

from pl_hypernet.devices.braket.model_qpus import MODEL_QPUS
from pl_hypernet.errors import InputError, RunFolderError, unknown_name

# last part of an ARN -> the model QPU that resembles it
LOOK_ALIKES = {
    "Garnet": "iqm-20",
    "Emerald": "iqm-54",
    "Forte-1": "ionq-36",
    "Forte-Enterprise-1": "ionq-36",
    "Cepheus-1-108Q": "rigetti-108",
}


def find_capabilities(source, arn: str | None = None) -> tuple[str, DeviceCapabilities]:
    """An ARN and capabilities, by the name of a model QPU or from a file.

    Args:
        source: a name of ``MODEL_QPUS``, or a file ``.json`` with what
            ``AwsDevice(arn).properties.json()`` gives.
        arn: takes the place of the ARN of the model.

    Raises:
        InputError, RunFolderError: an unknown name, or a file that does not serve.
    """
    if str(source) in MODEL_QPUS:
        own_arn, make = MODEL_QPUS[str(source)]
        return arn or own_arn, make()
    if not str(source).endswith(".json"):
        raise unknown_name("emulator", source, [*MODEL_QPUS, "a file .json", "True"])
    try:
        properties = BraketSchemaBase.parse_raw_schema(Path(source).read_text())
    except OSError as error:
        raise RunFolderError(f"{source} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise InputError(f"{source} holds no capabilities of a Braket device") from error
    return arn or f"arn:aws:braket:us-east-1::device/qpu/emulated/{Path(source).stem}", properties
