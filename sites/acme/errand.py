"""Asks the authority in a process of its own, which is ended after a minute whatever the authority does.

So an authority that answers byte by byte, or with more than anybody can hold, takes a minute and some memory and not a
worker. What is asked comes on the standard input, for it holds private keys.
"""

import json
import os
import subprocess
import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from sites.acme.shapes import Access, AccountUnknown, AcmeRefused, AcmeUnreachable, Answer, Placed, placed_from

SECONDS = 60
ROOT = Path(__file__).resolve().parents[2]
COMMAND = (sys.executable, "-m", "sites.acme.child")
PASSED_ON = ("PATH", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")
_FAILURES = {kind.__name__: kind for kind in (AcmeRefused, AcmeUnreachable, AccountUnknown)}


def place(access: Access, name: str, key: str) -> Answer:
    """As `authority.place`."""
    return _answer(_ask({"task": "place", "access": asdict(access), "name": name, "key": key}))


def conclude(access: Access, placed: Placed, name: str, key: str) -> Answer:
    """As `authority.conclude`."""
    asked = {"task": "conclude", "access": asdict(access), "placed": placed.as_data, "name": name, "key": key}
    return _answer(_ask(asked))


def renewal_time(access: Access, chain: str) -> datetime | None:
    """As `authority.renewal_time`."""
    told = _ask({"task": "renewal", "access": asdict(access), "chain": chain})["renew_at"]
    return datetime.fromisoformat(told) if told else None


def _answer(told: dict[str, Any]) -> Answer:
    placed = told["placed"]
    return Answer(told["account_uri"], placed_from(placed) if placed else None, told["chain"])


def _ask(asked: dict[str, Any]) -> dict[str, Any]:
    try:
        done = subprocess.run(
            COMMAND,
            input=json.dumps(asked).encode(),
            capture_output=True,
            timeout=SECONDS,
            cwd=ROOT,
            env={name: os.environ[name] for name in PASSED_ON if name in os.environ},
        )
        told: dict[str, Any] = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        raise AcmeUnreachable(f"it did not answer within {SECONDS} s") from None
    except ValueError:
        raise AcmeUnreachable("its answer cannot be used") from None
    if "failure" in told:
        raise _FAILURES[told["failure"]](told["reason"])
    return told
