"""Ctrl-C, SIGTERM and SIGHUP let what is in progress finish, so that what is saved is whole."""

import signal
import sys
import threading

SIGHUP = getattr(signal, "SIGHUP", None)  # not on Windows
ENDING = [number for number in (signal.SIGINT, signal.SIGTERM, SIGHUP) if number is not None]


class FinishStep:
    """While it is entered, the first signal to end sets ``requested``; a second one ends at once.

    Does nothing outside the main thread, where Python delivers no signals. SIGHUP is ignored still
    where it was before, as under ``nohup``.

    Attributes:
        requested: whether a signal came.
        requested_since: whether it came after :meth:`next`.
    """

    def __init__(self):
        self.requested = self.requested_since = False
        self._what = "this step"

    def __enter__(self):
        self._previous = {}
        if threading.current_thread() is threading.main_thread():
            for number in ENDING:
                if number != SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                    self._previous[number] = signal.signal(number, self._request)
        return self

    def __exit__(self, *_):
        for number, before in self._previous.items():
            signal.signal(number, before)

    def next(self, what: str) -> None:
        """From now on this is what is in progress."""
        self._what = what
        self.requested_since = False

    def _request(self, number, _):
        self.requested = self.requested_since = True
        again = "; Ctrl-C again stops at once" if number == signal.SIGINT else ""
        print(f"\nFinishing {self._what}{again}.", file=sys.stderr)
        self.__exit__()
