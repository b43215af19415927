"""Ctrl-C, SIGTERM and SIGHUP let the step in progress finish, so that what is saved is whole."""

import signal
import sys
import threading

ENDING = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]


class FinishStep:
    """While it is entered, the first signal to end sets ``requested``; a second one ends at once.

    Does nothing outside the main thread, where Python delivers no signals. A signal that was
    ignored before, as SIGHUP under ``nohup``, still is.
    """

    def __init__(self):
        self.requested = False

    def __enter__(self):
        self._previous = {}
        if threading.current_thread() is threading.main_thread():
            for number in ENDING:
                before = signal.getsignal(number)
                if before not in (signal.SIG_IGN, None):
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
