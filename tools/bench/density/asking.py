"""Visitors of many sites at one request per second each; without Django, for a process of its own."""

import http.client
import threading
import time
from collections.abc import Callable, Sequence


def visit(hosts: Sequence[str], port: int, until_the_end: Callable[[], None]) -> int:
    """Ask each host once a second; returns how often it asked. For a process of its own: see tools.bench.apart."""
    ended = threading.Event()
    visits = 0

    def ask() -> None:
        nonlocal visits
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while not ended.is_set():
            began = time.monotonic()
            for host in hosts:
                connection.request("GET", "/", headers={"Host": host})
                connection.getresponse().read()
                visits += 1
            ended.wait(max(0.0, 1.0 - (time.monotonic() - began)))
        connection.close()

    visitor = threading.Thread(target=ask)
    visitor.start()
    until_the_end()
    ended.set()
    visitor.join()
    return visits
