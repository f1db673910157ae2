"""What a browser fetches for a page at its first visit."""

import gzip
import http.client
import re

from tools.demo.operations import OperationFailed

IN_PAGE = re.compile(r'(?:href|src)="(/static/[^"#]+)')
IN_FILE = re.compile(r"""(?:@import\s+(?:url\()?|url\(|from\s+|import\s+)["']?([./][^"')\s;]+)""")


def first_visit(address: tuple[str, int], host: str, path: str, cookie: str) -> tuple[int, int]:
    """How many files the page needs, itself among them, and how many bytes travel for them, compressed."""
    body, sent = _fetch(address, host, path, cookie)
    wanted, seen = list(dict.fromkeys(IN_PAGE.findall(body))), {path: sent}
    while wanted:
        name = wanted.pop()
        if name in seen:
            continue
        body, seen[name] = _fetch(address, host, name, cookie)
        if name.endswith((".css", ".js")):
            wanted += [_joined(name, found) for found in IN_FILE.findall(body)]
    return len(seen), sum(seen.values())


def _joined(base: str, found: str) -> str:
    if found.startswith("/"):
        return found
    parts = base.split("/")[:-1]
    for step in found.partition("?")[0].split("/"):
        if step == "..":
            parts.pop()
        elif step != ".":
            parts.append(step)
    return "/".join(parts)


def _fetch(address: tuple[str, int], host: str, path: str, cookie: str) -> tuple[str, int]:
    connection = http.client.HTTPConnection(*address, timeout=60)
    try:
        connection.request("GET", path, headers={"Host": host, "Cookie": cookie, "Accept-Encoding": "gzip"})
        answer = connection.getresponse()
        raw = answer.read()
        if answer.status != 200:
            raise OperationFailed(f"{path} was answered {answer.status}.")
        is_packed = answer.getheader("Content-Encoding") == "gzip"
        return (gzip.decompress(raw) if is_packed else raw).decode("utf-8", "replace"), len(raw)
    finally:
        connection.close()
