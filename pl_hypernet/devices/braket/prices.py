"""What a task on Amazon Braket costs: a table with a date, which a user may replace."""

import tomllib
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, NonNegativeFloat, ValidationError, field_validator

from pl_hypernet.errors import InputError, RunFolderError
from pl_hypernet.regular_file import read_text

SHORTEST_BILLED = 3.0  # seconds of a task on a managed simulator


class PriceTable(BaseModel):
    """US dollars, as https://aws.amazon.com/braket/pricing said on a day.

    The keys are starts of what follows ``device/`` in an ARN; the longest that fits counts. Give a
    table of your own as a TOML file with these names.
    """

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    as_of: str = "2025-06"
    per_task: NonNegativeFloat = 0.30
    per_shot: dict[str, NonNegativeFloat] = {
        "qpu/iqm/": 0.00145,  # Garnet
        "qpu/ionq/": 0.08,  # Forte
        "qpu/rigetti/": 0.0009,  # Ankaa
    }
    per_minute: dict[str, NonNegativeFloat] = {
        "quantum-simulator/amazon/sv1": 0.075,
        "quantum-simulator/amazon/dm1": 0.075,
        "quantum-simulator/amazon/tn1": 0.275,
    }

    @field_validator("as_of", mode="before")
    @classmethod
    def _as_text(cls, value) -> str:
        return str(value)  # TOML has dates of its own

    @classmethod
    def read(cls, path) -> "PriceTable":
        """From a TOML file; a name that it leaves out is as in the default table.

        Raises:
            RunFolderError, InputError: it cannot be read, or is no price table.
        """
        try:
            return cls(**tomllib.loads(read_text(path)))
        except OSError as error:
            raise RunFolderError(f"{path} cannot be read: {error.strerror}") from error
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise InputError(f"{path} is no price table: {where}: {first['msg']}") from error
        except ValueError as error:
            raise InputError(f"{path} is not TOML: {error}") from error

    def find(self, arn: str) -> "Price | None":
        """The price of a device; None where the table has none."""
        name = arn.partition(":device/")[2]
        for prices, kind in ((self.per_shot, "per_shot"), (self.per_minute, "per_minute")):
            fitting = [key for key in prices if name.startswith(key)]
            if fitting:
                key = max(fitting, key=len)
                per_task = self.per_task if kind == "per_shot" else 0.0
                return Price(**{kind: prices[key]}, per_task=per_task, source=key, as_of=self.as_of)
        return None


@dataclass(frozen=True, kw_only=True)
class Price:
    """US dollars for the tasks of one device.

    Attributes:
        per_task, per_shot: of a QPU.
        per_minute: of a managed simulator, which bills at least 3 s a task.
        source: the entry of the price table.
        as_of: its date.
    """

    per_task: float = 0.0
    per_shot: float = 0.0
    per_minute: float = 0.0
    source: str
    as_of: str

    def __str__(self) -> str:
        if self.per_minute:
            return f"${self.per_minute} a minute"
        return f"${self.per_task:.2f} a task and ${self.per_shot} a shot"

    def dollars(self, tasks: int, shots: int) -> float:
        """The cost of tasks with so many shots in all; on a managed simulator the least."""
        minutes = SHORTEST_BILLED * tasks / 60
        return self.per_task * tasks + self.per_shot * shots + self.per_minute * minutes
