"""Monitor of one process where nothing can confine it (isolation none): run as a script, speaks as bubblewrap does.

Arguments: status descriptor, block descriptor, then the launcher's command line. What it runs before the launcher is
Greenroom's own, so it knows nothing of the site.
"""

import json
import os
import signal
import sys


def main(status: int, block: int, command: list[str]) -> int:
    """Starts the command in a session of its own, tells its pid, then its exit code, which it returns."""
    gate_reader, gate_writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.setsid()
        for descriptor in (gate_writer, status, block):
            os.close(descriptor)
        os.read(gate_reader, 1)
        try:
            os.execv(command[0], command)  # noqa: S606 - a list, no shell
        except OSError as error:
            os.write(2, f"{command[0]}: {error.strerror}\n".encode())
            os._exit(127)
    os.write(status, json.dumps({"child-pid": child}).encode() + b"\n")
    os.read(block, 1)
    os.close(gate_writer)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code = code if code >= 0 else 128 - code
    os.write(status, json.dumps({"exit-code": code}).encode() + b"\n")
    return code


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]))
