"""What the signals to `up` mean: the first one stops it, and a second Ctrl-C hurries the stop."""

import asyncio
import signal


class Signals:
    """`stop` is set by the first signal, `hurry` by a second SIGINT.

    SIGTERM and SIGHUP only ask for a stop, however often: two `down` at once, or systemd beside one, hurry nothing.
    """

    def __init__(self) -> None:
        """Nothing has come yet, and nothing is heard before `listen`."""
        self.stop = asyncio.Event()
        self.hurry = asyncio.Event()
        self._was_interrupted = False

    def listen(self) -> None:
        """Hear the signals from now on, in the running loop."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGINT, self._interrupt)
        loop.add_signal_handler(signal.SIGTERM, self.stop.set)
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # nohup wants it ignored
            loop.add_signal_handler(signal.SIGHUP, self.stop.set)

    def _interrupt(self) -> None:
        if self._was_interrupted:
            self.hurry.set()
        self._was_interrupted = True
        self.stop.set()
