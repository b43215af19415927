"""Ctrl-C, SIGTERM and SIGHUP let the step in progress finish, so that what is saved is whole."""

import signal
import sys
import threading

SIGHUP = getattr(signal, "SIGHUP", None)  # not on Windows
ENDING = [number for number in (signal.SIGINT, signal.SIGTERM, SIGHUP) if number is not None]


class FinishStep:
    """While it is entered, the first signal to end sets ``requested``; a second one ends at once.

    Does nothing outside the main thread, where Python delivers no signals. SIGHUP is ignored still
    where it was before, as under ``nohup``.
    """

    def __init__(self):
        self.requested = False

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

    def _request(self, number, _):
        self.requested = True
        again = "; Ctrl-C again stops at once" if number == signal.SIGINT else ""
        print(f"\nFinishing this step{again}.", file=sys.stderr)
        self.__exit__()
