"""Capabilities of Braket's devices that are known without an account."""

import json
import re
from pathlib import Path

from braket.device_schema.device_capabilities import DeviceCapabilities
from braket.schema_common import BraketSchemaBase

from pl_hypernet.devices.braket.model_qpus import MODEL_QPUS
from pl_hypernet.errors import InputError, RunFolderError, unknown_name
from pl_hypernet.regular_file import read_text

# last part of an ARN -> the model QPU that resembles it
LOOK_ALIKES = {
    "Garnet": "iqm-20",
    "Emerald": "iqm-54",
    "Forte-1": "ionq-36",
    "Forte-Enterprise-1": "ionq-36",
    "Cepheus-1-108Q": "rigetti-108",
}


SCHEMA = re.compile(r"braket\.device_schema\.(aqt|ionq|iqm|oqc|rigetti)\.\1_device_capabilities")


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
        text = read_text(source)
        _check_schema(json.loads(text))
        properties = BraketSchemaBase.parse_raw_schema(text)
    except OSError as error:
        raise RunFolderError(f"{source} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError, ImportError, AttributeError) as error:
        raise InputError(f"{source} holds no capabilities of a Braket QPU") from error
    return arn or f"arn:aws:braket:us-east-1::device/qpu/emulated/{Path(source).stem}", properties


def _check_schema(document) -> None:
    """Refuses all but a gate-model QPU's capabilities: the SDK imports the module that they name.

    Raises:
        ValueError: they name another one.
    """
    header = document.get("braketSchemaHeader") if isinstance(document, dict) else None
    if not isinstance(header, dict):
        raise ValueError("no header")
    name, version = header.get("name"), header.get("version")
    if not (isinstance(name, str) and SCHEMA.fullmatch(name) and str(version) in ("1", "2", "3")):
        raise ValueError(f"schema {name!r}")
