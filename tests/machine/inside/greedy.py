"""A site that takes what it is told to: memory, files kept in memory, processes, processor time. Or crashes."""

import http.server
import os
import signal
import time


def use(megabytes: int) -> int:
    """Memory, held from now on."""
    server.held = b"x" * (megabytes << 20)
    return megabytes


def write(megabytes: int) -> int:
    """Files, half of them in each of two folders."""
    for folder in ("/tmp", "/dev/shm"):
        with open(f"{folder}/{time.monotonic_ns()}", "wb") as file:
            file.writelines(b"x" * (1 << 20) for _ in range(megabytes // 2))
    return megabytes


def fork(count: int) -> int:
    """Processes in sessions of their own that no polite signal ends; how many there could be."""
    for made in range(count):
        try:
            pid = os.fork()
        except OSError:
            return made
        if pid == 0:
            os.setsid()
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            time.sleep(3600)
            os._exit(0)
    return count


def crash(signal_number: int) -> int:
    """What wait(2) says of a process that this signal ended: 128 is added to the number if its memory was dumped."""
    pid = os.fork()
    if pid == 0:
        os.kill(os.getpid(), signal_number)
    return os.waitpid(pid, 0)[1]


def spin(seconds: int) -> int:
    """Processor time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass
    return seconds


class Handler(http.server.BaseHTTPRequestHandler):
    """`GET /use/200` and so on; `GET /` only answers."""

    def do_GET(self) -> None:
        """Do it, then say how much it was."""
        _, name, *number = self.path.split("/")
        actions = {"use": use, "write": write, "fork": fork, "crash": crash, "spin": spin}
        body = str(actions[name](int(number[0])) if number else "ok").encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


if __name__ == "__main__":
    server = http.server.ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    server.serve_forever()
