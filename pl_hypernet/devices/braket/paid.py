"""What quantum tasks did cost, asked by their ARNs after they ran."""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from braket.aws import AwsSession

from pl_hypernet.devices.braket.prices import Price, PriceTable
from pl_hypernet.devices.braket.task_session import TaskSession, service_error
from pl_hypernet.errors import DeviceError, InputError

FREE = {"FAILED", "CANCELLED", "CANCELLING"}
RESERVED = "RESERVATION_TIME_WINDOW_ARN"  # billed by the hour, whatever runs in it


@dataclass(frozen=True)
class PaidTasks:
    """The tasks of one device, and what they cost.

    Attributes:
        device: its ARN.
        price: of its tasks; None: not in the table.
        tasks, shots: that completed, and shots of theirs that succeeded.
        free: tasks that failed, were cancelled, or ran in a reservation: they cost nothing.
        open: tasks that have not ended, which are not counted yet.
        dollars: of the tasks that completed; NaN without a price. Of a managed simulator, which
            bills by the time a task ran, the least.
    """

    device: str
    price: Price | None
    tasks: int
    shots: int
    free: int
    open: int

    @property
    def dollars(self) -> float:
        if not self.tasks:
            return 0.0
        return math.nan if self.price is None else self.price.dollars(self.tasks, self.shots)


def cost_of_tasks(arns: Iterable[str], prices=None, aws_session=None) -> list[PaidTasks]:
    """What tasks cost, as Amazon Braket tells of each whether it completed, and with which shots.

    Args:
        arns: of the tasks; one that is there twice counts once.
        prices: a TOML file of Braket's prices; None: a table with a date, :class:`PriceTable`.
        aws_session: what talks to the service, as an ``AwsSession``; None: one in the region of
            each task, with boto3's credentials.

    Returns:
        One for each device, in the order of their first tasks.

    Raises:
        InputError: what is no ARN of a quantum task.
        DeviceError: the service refuses, as a task that it does not know.
    """
    if isinstance(arns, str):
        arns = [arns]
    table = PriceTable() if prices is None else PriceTable.read(prices)
    sessions, counts = {}, {}
    for arn in dict.fromkeys(arns):
        region = _region_of(arn)
        if region not in sessions:
            sessions[region] = TaskSession(aws_session or _session_in(region))
        answer = sessions[region].get_quantum_task(arn)
        count = counts.setdefault(answer["deviceArn"], Counter())
        status = answer["status"]
        reserved = any(entry["type"] == RESERVED for entry in answer.get("associations", []))
        if status in FREE or (reserved and status == "COMPLETED"):
            count["free"] += 1
        elif status == "COMPLETED":
            count["tasks"] += 1
            count["shots"] += answer.get("numSuccessfulShots", answer["shots"])
        else:
            count["open"] += 1
    fields = ("tasks", "shots", "free", "open")
    return [
        PaidTasks(device, table.find(device), **{name: count[name] for name in fields})
        for device, count in counts.items()
    ]


def _region_of(arn: str) -> str:
    parts = str(arn).split(":")
    if len(parts) != 6 or parts[2] != "braket" or not parts[5].startswith("quantum-task/"):
        raise InputError(
            f"{arn!r} is no ARN of a quantum task: expected "
            "arn:aws:braket:REGION:ACCOUNT:quantum-task/ID"
        )
    return parts[3]


def _session_in(region: str) -> AwsSession:
    try:
        return AwsSession(boto_session=boto3.Session(region_name=region))
    except (ClientError, BotoCoreError) as error:
        raise DeviceError(service_error(error)) from error
