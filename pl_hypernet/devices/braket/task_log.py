"""Which quantum tasks were paid for, in a file, so that none is paid for twice."""

import hashlib
import json
import threading
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pl_hypernet.errors import RunFolderError


@dataclass
class Request:
    """A request for a task, as the log knows it.

    Attributes:
        token: names it for the service, which makes one task for one token.
        digest: of what was asked.
        arn: of the task that it became; None: the answer is not known.
    """

    token: str
    digest: str
    arn: str | None = None


class TaskLog:
    """A file of quantum tasks, a line of JSON for each event, written before anybody waits.

    A task is known by what was sent: device, shots and program. A program that runs again with the
    log of a run that died asks for the same tasks in the same order, and gets the paid ones back
    until it comes to one that was never sent.

    A line holds the time, the ``token`` of the request, and the device, the shots and a digest of
    the program before it is sent, then the ARN (``"task"``), or the error with which the service
    refused it (``"refused"``). A request whose answer was lost is sent again with its token, for
    which Braket returns the task that it made.

    Args:
        path: the file; it is made with the first task, and added to if it exists. None: no file,
            for a device that takes up its own tasks after an interruption.

    Raises:
        RunFolderError: it exists and cannot be read, or is not a task log.
    """

    def __init__(self, path=None):
        self.path = None if path is None else Path(path)
        self._lock = threading.Lock()
        self._left: dict[str, deque[Request]] = {}
        for request in _read(self.path):
            self._left.setdefault(request.digest, deque()).append(request)

    def take(self, asked: str) -> Request | None:
        """The oldest earlier request with this digest that was not taken yet."""
        with self._lock:
            left = self._left.get(asked)
            return left.popleft() if left else None

    def give_back(self, requests: list[Request]) -> None:
        """For the next who asks: requests whose results did not arrive, in their order."""
        with self._lock:
            for request in reversed(requests):
                self._left.setdefault(request.digest, deque()).appendleft(request)

    def sending(self, request: Request, device: str, shots: int) -> None:
        """Notes a request before it is sent."""
        self._append(
            {"token": request.token, "device": device, "shots": shots, "digest": request.digest}
        )

    def sent(self, request: Request) -> None:
        """Notes the task that a request became."""
        self._append({"token": request.token, "task": request.arn})

    def refused(self, request: Request, reason: str) -> None:
        """Notes that a request became no task."""
        self._append({"token": request.token, "refused": reason})

    def _append(self, event: dict) -> None:
        if self.path is None:
            return
        line = {"time": datetime.now(UTC).isoformat(timespec="seconds")} | event
        with self._lock:
            try:
                with open(self.path, "a") as file:
                    file.write(json.dumps(line) + "\n")
            except OSError as error:
                raise RunFolderError(
                    f"task log {self.path} cannot be written: {error.strerror}"
                ) from error


def holds_tasks(path) -> bool:
    """Whether a task log names tasks that were, or may have been, paid for."""
    return bool(_read(Path(path)))


def arns_in(path) -> list[str]:
    """ARNs of the tasks that a task log names, in their order."""
    return [request.arn for request in _read(Path(path)) if request.arn is not None]


def digest(device: str, shots: int, program: str) -> str:
    """What makes two requests the same."""
    return hashlib.sha256(f"{device}\n{shots}\n{program}".encode()).hexdigest()


def _read(path: Path | None) -> list[Request]:
    """The requests in a log that were not refused, in their order.

    A line that was cut off when a program died is passed over, and ended for the next to begin
    anew.
    """
    if path is None or not path.exists():
        return []
    try:
        text = path.read_text().replace("\0", "")
        if text and not text.endswith("\n"):
            with open(path, "a") as file:
                file.write("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise RunFolderError(f"task log {path} cannot be read: {error}") from error
    requests: dict[str, Request] = {}
    for line in filter(None, text.splitlines()):
        try:
            event = json.loads(line)
            token = event["token"]
            if "digest" in event:
                requests[token] = Request(token, event["digest"])
            elif "refused" in event:
                requests.pop(token, None)
            elif token in requests:
                requests[token].arn = event["task"]
        except (ValueError, KeyError, TypeError) as error:
            if isinstance(error, ValueError) and line.startswith("{"):
                continue  # cut off
            raise RunFolderError(f"{path} is not a task log: give another task_log") from None
    return list(requests.values())
