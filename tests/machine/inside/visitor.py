"""Somebody who looks at both slots of the sample, once or until SIGTERM, and says what came."""

import collections
import http.client
import json
import re
import signal
import sys
import time

PORT = 8080
HOSTS = ("hello", "hello-staging")


def said(host: str) -> str:
    """The version that a page shows, or what came in its place."""
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=120)
    try:
        connection.request("GET", "/", headers={"Host": f"{host}.localhost:{PORT}"})
        answer = connection.getresponse()
        found = re.search(r"Version \d", answer.read().decode())
        return found[0] if answer.status == 200 and found else f"status {answer.status}"
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__
    finally:
        connection.close()


def main(*, only_once: bool) -> None:
    """JSON: host → what it said → how often."""
    ended = [only_once]
    signal.signal(signal.SIGTERM, lambda *_: ended.append(True))
    seen = {host: collections.Counter([said(host)]) for host in HOSTS}
    while not any(ended):
        time.sleep(0.5)
        for host in HOSTS:
            seen[host][said(host)] += 1
    sys.stdout.write(json.dumps(seen))


if __name__ == "__main__":
    main(only_once=sys.argv[1:] == ["once"])
