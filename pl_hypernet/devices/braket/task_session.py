"""An AWS session that loses no task: it logs, takes up paid tasks again, and retries."""

import uuid
from contextlib import contextmanager

import backoff
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    HTTPClientError,
)

from pl_hypernet.devices.braket.spending import Spending
from pl_hypernet.devices.braket.task_log import Request, TaskLog, digest
from pl_hypernet.errors import DeviceError

TRANSIENT = {
    "InternalServiceException",
    "InternalServerException",
    "RequestTimeout",
    "RequestTimeoutException",
    "ServiceQuotaExceededException",  # too many tasks at once: some will end
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
}
GIVE_UP_AFTER = 600.0  # seconds
LONGEST_WAIT = 30.0  # seconds between two attempts
NO_RESULT = {"FAILED", "CANCELLED", "CANCELLING"}


class TaskSession:
    """Stands before an ``AwsSession`` where quantum tasks are made, asked for and fetched.

    Args:
        session: what talks to the service.
        give_up_after: seconds after which a failing request is given up.

    Attributes:
        task_log (TaskLog): where tasks are noted; may be set.
        spending (Spending | None): asked before a task is sent; None: tasks cost nothing.
        n_created (int): tasks made, and paid for, by this object.
        n_taken_up (int): tasks that had been paid for before.
    """

    def __init__(self, session, give_up_after: float = GIVE_UP_AFTER):
        self.session = session
        self.spending: Spending | None = None
        self.task_log = TaskLog()
        self.n_created = 0
        self.n_taken_up = 0
        self._open: list[Request] = []  # whose results nobody has yet
        self._patiently = backoff.on_exception(
            backoff.expo,
            (ClientError, BotoCoreError),
            giveup=lambda error: not is_transient(error),
            max_time=give_up_after,
            max_value=LONGEST_WAIT,
        )

    def __getattr__(self, name):
        if name == "session":  # while it is copied
            raise AttributeError(name)
        return getattr(self.session, name)

    @contextmanager
    def results_or_back(self):
        """Tasks made inside whose results did not arrive can be taken up by the next who asks."""
        self._open.clear()
        try:
            yield
        except BaseException:
            self.task_log.give_back(self._open)
            raise
        finally:
            self._open = []

    def create_quantum_task(self, **asked) -> str:
        """The ARN of a new task, or of one that was paid for before.

        Raises:
            DeviceError: the service refuses it.
            BudgetError: it would cost too much.
        """
        device, shots = asked["deviceArn"], asked["shots"]
        known = digest(device, shots, asked["action"])
        while (request := self.task_log.take(known)) is not None:
            self._open.append(request)
            if request.arn is None:
                break  # sent, but the answer never came
            if self._has_result(request.arn):
                self.n_taken_up += 1
                return request.arn
            self._open.remove(request)
        if self.spending is not None:
            self.spending.begin(shots)
        if request is None:
            request = Request(uuid.uuid4().hex, known)
            self.task_log.sending(request, device, shots)
            self._open.append(request)
        try:
            create = self._patiently(self.session.create_quantum_task)
            request.arn = create(**asked, clientToken=request.token)
        except ClientError as error:
            if not is_transient(error):
                self._open.remove(request)
                self.task_log.refused(request, error.response["Error"]["Code"])
                if self.spending is not None:
                    self.spending.take_back(shots)
            raise DeviceError(service_error(error)) from error
        except BotoCoreError as error:
            raise DeviceError(service_error(error)) from error
        self.task_log.sent(request)
        self.n_created += 1
        return request.arn

    def _has_result(self, arn: str) -> bool:
        """Whether a task has a result or will have one."""
        try:
            return self._patiently(self.session.get_quantum_task)(arn)["status"] not in NO_RESULT
        except (ClientError, BotoCoreError) as error:
            if error_code(error) == "ResourceNotFoundException":
                return False  # as that of an emulator that has ended
            raise DeviceError(service_error(error)) from error

    def get_quantum_task(self, arn: str) -> dict:
        return self._call(self.session.get_quantum_task, arn)

    def retrieve_s3_object_body(self, bucket: str, key: str, **options) -> str:
        return self._call(self.session.retrieve_s3_object_body, bucket, key, **options)

    def _call(self, function, *args, **kwargs):
        try:
            return self._patiently(function)(*args, **kwargs)
        except (ClientError, BotoCoreError) as error:
            raise DeviceError(service_error(error)) from error


def is_transient(error: Exception) -> bool:
    """Whether the same request may succeed a little later."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
        return status >= 500 or status == 429 or error.response["Error"]["Code"] in TRANSIENT
    return isinstance(error, ConnectionError | HTTPClientError)


def error_code(error: Exception) -> str:
    """What AWS or its client calls an error."""
    if isinstance(error, ClientError):
        return error.response["Error"]["Code"]
    return type(error).__name__


def service_error(error: Exception) -> str:
    """One line for an error of AWS: what it says, and how to mend the usual ones."""
    name = error_code(error)
    advice = {
        "NoRegionError": "set AWS_DEFAULT_REGION, or run `aws configure`",
        "NoCredentialsError": "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run "
        "`aws configure`; emulator='iqm-20' rehearses without an account",
        "PartialCredentialsError": "set both AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        "ProfileNotFound": "set AWS_PROFILE to one that `aws configure list-profiles` shows",
        "TokenRefreshRequired": "log in again with `aws sso login`",
        "ExpiredTokenException": "log in again: the credentials have expired",
        "UnrecognizedClientException": "check the AWS credentials: the service does not know them",
        "AccessDeniedException": "the account or role may not use this device: check its policy",
        "ResourceNotFoundException": "check the ARN of the device and its region",
    }.get(name)
    said = " ".join(str(error).split()).removesuffix(".")
    return f"Amazon Braket: {name}: {said}" + (f"; {advice}" if advice else "")
