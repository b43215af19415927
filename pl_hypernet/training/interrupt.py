"""Ctrl-C lets the step in progress finish, so that what is saved is whole."""

import signal
import sys
import threading


class FinishStep:
    """While it is entered, the first Ctrl-C sets ``requested``; the second interrupts at once.

    Does nothing outside the main thread, where Python delivers no signals.
    """

    def __init__(self):
        self.requested = False

    def __enter__(self):
        self._in_main = threading.current_thread() is threading.main_thread()
        if self._in_main:
            self._previous = signal.signal(signal.SIGINT, self._request)
        return self

    def __exit__(self, *_):
        if self._in_main:
            signal.signal(signal.SIGINT, self._previous)

    def _request(self, *_):
        self.requested = True
        print("\nFinishing this step; Ctrl-C again stops at once.", file=sys.stderr)
        signal.signal(signal.SIGINT, self._previous)
