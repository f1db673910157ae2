"""The process that asks the authority: reads what is asked from its standard input, and answers on the other one."""

import json
import resource
import sys
from dataclasses import asdict
from datetime import UTC
from typing import Any

from sites.acme import authority
from sites.acme.shapes import Access, AccountUnknown, AcmeRefused, AcmeUnreachable, placed_from

MEMORY_BYTES = 1024**3


def answer_to(asked: dict[str, Any]) -> dict[str, Any]:
    """Do what is asked, and say what came of it."""
    access = Access(**asked["access"])
    try:
        if asked["task"] == "renewal":
            renew_at = authority.renewal_time(access, asked["chain"])
            return {"renew_at": renew_at.astimezone(UTC).isoformat() if renew_at else None}
        if asked["task"] == "place":
            answer = authority.place(access, asked["name"], asked["key"])
        else:
            answer = authority.conclude(access, placed_from(asked["placed"]), asked["name"], asked["key"])
        return asdict(answer)
    except (AcmeRefused, AcmeUnreachable, AccountUnknown) as failure:
        return {"failure": type(failure).__name__, "reason": str(failure)}


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    json.dump(answer_to(json.load(sys.stdin)), sys.stdout)
