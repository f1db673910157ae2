"""Questions to name servers, in threads of which nobody has more than a share.

The C library's look-up cannot be ended from outside: at a name server that says nothing it holds its thread for half a
minute, long after the one who asked has given up. So what one owner asks never takes more than SHARE of the threads.
"""

import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

THREADS, SHARE = 32, 2
Answers = Sequence[tuple[Any, ...]]
"""As getaddrinfo gives them."""
Question = Callable[[], Answers]


class LookUps:
    """Asked by owner: a text that is the same for all who shall have one share together."""

    def __init__(self, threads: int = THREADS) -> None:
        """`threads` for all owners."""
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="look-up")
        self._lock = threading.Lock()
        self._running: Counter[str] = Counter()
        self._waiting: defaultdict[str, deque[tuple[Question, Future[Answers]]]] = defaultdict(deque)

    def begin(self, owner: str, question: Question) -> "Future[Answers]":
        """Ask as soon as one of the owner's share is free; one that is cancelled before is not asked."""
        found: Future[Answers] = Future()
        with self._lock:
            self._waiting[owner].append((question, found))
            self._go_on(owner)
        return found

    def _go_on(self, owner: str) -> None:
        waiting = self._waiting[owner]
        while waiting and self._running[owner] < SHARE:
            self._running[owner] += 1
            self._threads.submit(self._ask, owner, *waiting.popleft())
        if not waiting:
            del self._waiting[owner]

    def _ask(self, owner: str, question: Question, found: "Future[Answers]") -> None:
        try:
            if found.set_running_or_notify_cancel():
                found.set_result(question())
        except BaseException as error:
            found.set_exception(error)
        finally:
            with self._lock:
                self._running[owner] -= 1
                if not self._running[owner]:
                    del self._running[owner]
                self._go_on(owner)
