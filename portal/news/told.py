"""What this process changed itself."""

import threading
from collections import deque

MAX_TOLD = 1000


class Told:
    """Changes that this process made itself and that leave no operation: settings of people, a closed notification."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[tuple[str, int | None]] = deque(maxlen=MAX_TOLD)

    def tell(self, site_name: str, user_id: int | None) -> None:
        """Something of the site has changed, or of what that person sees."""
        with self._lock:
            self._waiting.append((site_name, user_id))

    def take(self) -> set[tuple[str, int | None]]:
        """What changed since the last call."""
        with self._lock:
            found = set(self._waiting)
            self._waiting.clear()
        return found


told = Told()
"""Of this process."""
