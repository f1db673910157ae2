"""Serves the folder it is started in: writes the configuration of lighttpd, and becomes lighttpd in the same process.

The program of static sites, run inside the sandbox. `site.lua` beside it says which file answers a request, and
`gateway.py` runs the scripts of handler mappings.
"""

import json
import mimetypes
import os
import resource
import shutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

PROGRAM = "lighttpd"
FOLDERS = ("/usr/sbin", "/usr/local/sbin")
"""Where it lies beside PATH."""
MISSING = (
    "lighttpd is not installed, and static sites are served by it. Install it on the server "
    "(Debian: apt-get install lighttpd lighttpd-mod-deflate lighttpd-modules-lua), then publish again."
)
DEFAULT_DOCUMENTS = "index.html,index.htm,default.html"
TYPES = {
    ".avif": "image/avif",
    ".br": "application/x-brotli",
    ".bz2": "application/x-bzip2",
    ".gz": "application/gzip",
    ".ico": "image/x-icon",
    ".js": "text/javascript",
    ".json": "application/json",
    ".map": "application/json",
    ".md": "text/markdown",
    ".mjs": "text/javascript",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".xz": "application/x-xz",
    "apple-app-site-association": "application/json",
}
"""By suffix or name, where the machine's table says nothing or something else."""
COMPRESSED = (
    "text/",
    "application/javascript",
    "application/json",
    "application/manifest+json",
    "application/wasm",
    "application/xml",
    "application/rss+xml",
    "application/atom+xml",
    "font/ttf",
    "font/otf",
    "image/svg+xml",
    "image/x-icon",
)
"""Types that become shorter; pictures, films, archives and woff are compressed already."""
LARGEST_COMPRESSED_KB = 8 * 1024
MOST_FILES = 16 * 1024
"""Open at once; a third of them can be connections."""
IDLE_SECONDS = 4000
"""A connection without a request. The router closes its own after an hour, so no request meets one that just closes."""
GRACE_SECONDS = 25
SCRIPT_MARK = "/.script"
"""What `site.lua` puts before the path of a script."""
HEADER_BYTES = 65_000
"""What the router lets pass is smaller."""


def quoted(text: str) -> str:
    """A string of lighttpd's configuration. Raises ValueError for what none can hold."""
    if any(ord(character) < 32 for character in text):
        raise ValueError(f"{text!r} holds a control character")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def listed(texts: Iterable[str]) -> str:
    """A list of such strings."""
    return "(" + ", ".join(map(quoted, texts)) + ")"


def media_types() -> dict[str, str]:
    """Suffix → media type, with the character set of text: the table of the machine, and ours."""
    mimetypes.init()
    of_machine = {suffix.lower(): kind for suffix, kind in mimetypes.types_map.items()}
    known = {**of_machine, **TYPES, "": "text/plain"}
    return {
        suffix: f"{kind}; charset=utf-8" if kind.startswith("text/") else kind for suffix, kind in sorted(known.items())
    }


def suffixes(mappings: str) -> list[str]:
    """The suffixes of files that are scripts, as HANDLER_MAPPINGS names them, in small letters."""
    return sorted({suffix.lower() for suffix in json.loads(mappings or "{}")})


def configuration(folder: Path, environment: Mapping[str, str], scripts: list[str]) -> str:
    """lighttpd's configuration for the site in `folder`; PORT, HOST and TMPDIR are read from `environment`."""
    here = Path(__file__).resolve().parent
    scratch = environment.get("TMPDIR", "/tmp")  # noqa: S108 - of the sandbox
    types = ", ".join(f"{quoted(suffix)} => {quoted(kind)}" for suffix, kind in media_types().items())
    host = environment.get("HOST", "127.0.0.1")
    lines = [
        f"server.document-root = {quoted(str(folder))}",
        f"server.bind = {quoted(f'[{host}]' if ':' in host else host)}",
        f"server.port = {int(environment['PORT'])}",
        f"server.modules = {listed(['mod_magnet', *(['mod_scgi'] if scripts else []), 'mod_deflate'])}",
        'server.tag = ""',
        'server.follow-symlink = "disable"',
        'server.error-handler = "/"',
        f"magnet.attract-physical-path-to = {listed([str(here / 'site.lua')])}",
        f"mimetype.assign = ({types})",
        f"deflate.mimetypes = {listed(COMPRESSED)}",
        'deflate.allowed-encodings = ("gzip")',
        f"deflate.max-compress-size = {LARGEST_COMPRESSED_KB}",
        f"server.upload-dirs = {listed([scratch])}",
        f"server.max-fds = {min(MOST_FILES, resource.getrlimit(resource.RLIMIT_NOFILE)[1])}",
        f"server.max-request-field-size = {HEADER_BYTES}",
        f"server.max-keep-alive-idle = {IDLE_SECONDS}",
        "server.max-keep-alive-requests = 60000",
        f'server.feature-flags = ("server.graceful-shutdown-timeout" => {GRACE_SECONDS})',
    ]
    if scripts:
        lines += _gateway(here, scratch)
    return "\n".join(lines) + "\n"


def _gateway(here: Path, scratch: str) -> list[str]:
    """Scripts are run by a process that lighttpd starts, and starts again; it gets the body as it comes."""
    command = f"{sys.executable} -I -S {here / 'gateway.py'}"
    backend = f'"socket" => {quoted(f"{scratch}/scripts")}, "bin-path" => {quoted(command)}, "max-procs" => 1'
    return [
        "server.stream-request-body = 2",
        "server.stream-response-body = 2",
        f'scgi.server = ({quoted(SCRIPT_MARK)} => (({backend}, "tcp-fin-propagate" => "enable")))',
    ]


def find_program() -> str | None:
    """lighttpd's path; None when it is not installed."""
    return shutil.which(PROGRAM, path=os.pathsep.join((os.environ.get("PATH", os.defpath), *FOLDERS)))


def main() -> int:
    """Returns only when lighttpd cannot be run; the reason is on stderr."""
    program = find_program()
    if program is None:
        sys.stderr.write(f"{MISSING}\n")
        return 127
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    scripts = suffixes(os.environ.get("HANDLER_MAPPINGS", ""))
    os.environ.setdefault("DEFAULT_DOCUMENTS", DEFAULT_DOCUMENTS)
    os.environ["SCRIPT_SUFFIXES"] = " ".join(scripts)
    descriptor = os.memfd_create("lighttpd.conf")
    os.write(descriptor, configuration(folder, os.environ, scripts).encode())
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.dup2(descriptor, 0)
    os.execv(program, [PROGRAM, "-D", "-f", "-"])  # noqa: S606 - a list, no shell


if __name__ == "__main__":
    sys.exit(main())
