"""Reads an upload in a process of its own: whoever made the file chose how much work its key and password take.

A PFX file states how often its password is hashed, and a key how long its numbers are. The process may use a processor
for a few seconds; whatever wants more is refused.
"""

import json
import os
import resource
import subprocess
import sys
from base64 import b64decode, b64encode
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from sites.errors import CertificateRefused
from sites.tls.pair import MAX_BYTES, Pair, read_pair

CPU_SECONDS = 5
MEMORY_BYTES = 1024**3
PATIENCE_SECONDS = 60
"""For a machine whose processors are busy."""
ROOT = Path(__file__).resolve().parents[2]
COMMAND = (sys.executable, "-m", "sites.tls.reader")


def read_upload(content: bytes, password: str, *, at: datetime) -> Pair:
    """As `read_pair`; raises CertificateRefused also for what takes too long."""
    if len(content) > MAX_BYTES:
        return read_pair(content, password, at=at)  # refuses it unread
    asked = {"content": b64encode(content).decode(), "password": password, "at": at.isoformat()}
    try:
        done = subprocess.run(
            [*COMMAND, str(CPU_SECONDS)],
            input=json.dumps(asked).encode(),
            capture_output=True,
            timeout=PATIENCE_SECONDS,
            cwd=ROOT,
            env={"PATH": os.environ.get("PATH", os.defpath)},
        )
        told = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, ValueError):
        raise CertificateRefused(
            reason="it takes too long to read", remedy="Export it again with the usual settings."
        ) from None
    if "reason" in told:
        raise CertificateRefused(reason=told["reason"], remedy=told["remedy"])
    times = {name: datetime.fromisoformat(told[name]) for name in ("not_before", "not_after")}
    return Pair(**told | times | {"names": tuple(told["names"])})


def main() -> None:
    """Read what is asked from the standard input, and answer on the standard output; the argument limits the time."""
    seconds = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    asked = json.load(sys.stdin)
    at = datetime.fromisoformat(asked["at"])
    try:
        found = asdict(read_pair(b64decode(asked["content"]), asked["password"], at=at))
    except CertificateRefused as refusal:
        found = refusal.values
    json.dump(found, sys.stdout, default=str)


if __name__ == "__main__":
    main()
