"""Serves the folder it is started in: writes the configuration of lighttpd, and becomes lighttpd in the same process.

The program of static sites and of PHP, run inside the sandbox. `site.lua` beside it says which file answers a request,
and `gateway.py` runs the scripts of handler mappings. Arguments: the folder, and `--php` if PHP runs its .php files.
"""

import json
import mimetypes
import os
import resource
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from pathlib import Path

PROGRAM = "lighttpd"
SCRATCH = "/tmp"  # noqa: S108 - of the sandbox
FOLDERS = ("/usr/sbin", "/usr/local/sbin")
"""Where it lies beside PATH."""
MISSING = (
    "lighttpd is not installed, and static sites are served by it. Install it on the server "
    "(Debian: apt-get install lighttpd lighttpd-mod-deflate lighttpd-modules-lua), then publish again."
)
PHP = "php-cgi"
PHP_MISSING = "PHP is not installed. Install it on the server (Debian: apt-get install php-cgi), then publish again."
PHP_WORKERS = "8"
OF_IIS = r"/web%.[^/]*config$ /web%.config[~.][^/]*$ /app_data$ /app_data/"
"""Patterns of Lua, in small letters: what IIS gives no visitor. A site that comes from there may have secrets in it."""
BACKUPS = "bak backup old orig save tmp txt"
"""Suffixes of what people put aside. `app.config.json` is for visitors."""
SOURCES = "asax ascx compiled config cs cshtml csproj ldb ldf master mdb mdf resx vb vbhtml vbproj"
SEGMENTS = "app_browsers app_code app_globalresources app_localresources app_webreferences"
BESIDE_WEB_CONFIG = " ".join(
    (
        *(rf"%.{suffix}$" for suffix in SOURCES.split()),
        *(rf"%.config%.{suffix}$" for suffix in BACKUPS.split()),
        "%.config~$",
        *(rf"/{name}$ /{name}/" for name in SEGMENTS.split()),
        *(rf"/bin/.*%.{suffix}$" for suffix in ("dll", "exe", "pdb")),
    )
)
"""The same for a site with a web.config; elsewhere such files can be downloads."""
OF_PROJECT = r"^/vendor/ ^/composer%.json$ ^/composer%.lock$ ^/greenroom%.toml$ ^/procfile$"
"""The same for what describes a project that is served as it lies there."""
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
LARGEST_UNKEPT_KB = 128
"""The same for a site whose compressed files are not kept: each visitor has a copy in the memory of the instance."""
KEPT = "compressed"
KEPT_BYTES, KEPT_FILES = 32 * 1024 * 1024, 20_000
"""Of the files of a site whose compressed ones are kept, in the same memory."""
MAX_FILES = 16 * 1024
"""Open at once; a third of them can be connections."""
IDLE_SECONDS = 4000
"""A connection without a request. The router closes its own after an hour, so no request meets one that just closes."""
GRACE_SECONDS = 25
NO_LINKS = 'server.follow-symlink = "disable"'
SCRIPT_MARK = "/.script"
"""What `site.lua` puts before the path of a script."""
LONGEST_FOLDER = 90
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


def configuration(folder: Path, environment: Mapping[str, str], backend: Sequence[str]) -> str:
    """lighttpd's configuration for the site in `folder`, with the lines that `prepare` returned.

    PORT, HOST and TMPDIR are read from `environment`.
    """
    here = Path(__file__).resolve().parent
    scratch = environment.get("TMPDIR", SCRATCH)
    types = ", ".join(f"{quoted(suffix)} => {quoted(kind)}" for suffix, kind in media_types().items())
    host = environment.get("HOST", "127.0.0.1")
    lines = [
        f"server.document-root = {quoted(str(folder))}",
        f"server.bind = {quoted(f'[{host}]' if ':' in host else host)}",
        f"server.port = {int(environment['PORT'])}",
        'server.modules = ("mod_magnet")',
        'server.tag = ""',
        'server.error-handler = "/"',
        # A query is the site's affair, and stays as it was sent; `site.lua` finds no file for a path that no file has
        'server.http-parseopts = ("url-normalize" => "disable")',
        f"magnet.attract-physical-path-to = {listed([str(here / 'site.lua')])}",
        f"mimetype.assign = ({types})",
        f"deflate.mimetypes = {listed(COMPRESSED)}",
        'deflate.allowed-encodings = ("gzip")',
        *_kept_compressed(folder, scratch),
        f"server.upload-dirs = {listed([scratch])}",
        f"server.max-fds = {min(MAX_FILES, resource.getrlimit(resource.RLIMIT_NOFILE)[1])}",
        f"server.max-request-field-size = {HEADER_BYTES}",
        f"server.max-keep-alive-idle = {IDLE_SECONDS}",
        "server.max-keep-alive-requests = 60000",
        f'server.feature-flags = ("server.graceful-shutdown-timeout" => {GRACE_SECONDS})',
    ]
    return "\n".join([*lines, *backend, 'server.modules += ("mod_deflate")']) + "\n"


def _kept_compressed(folder: Path, scratch: str) -> list[str]:
    """Compressed files are kept, so that visitors who read slowly share one copy; not those of a large site."""
    if not _is_small(folder):
        return [f"deflate.max-compress-size = {LARGEST_UNKEPT_KB}"]
    kept = f"{scratch}/{KEPT}"  # lighttpd makes it
    return [f"deflate.cache-dir = {quoted(kept)}", f"deflate.max-compress-size = {LARGEST_COMPRESSED_KB}"]


def _is_small(folder: Path) -> bool:
    """Whether the files that may be compressed take no more than KEPT_BYTES together."""
    size = count = 0
    for place, _, names in os.walk(folder):
        count += len(names)
        size += sum(os.lstat(os.path.join(place, name)).st_size for name in names if _is_compressed(name))
        if size > KEPT_BYTES or count > KEPT_FILES:
            return False
    return True


def _is_compressed(name: str) -> bool:
    suffix = os.path.splitext(name)[1].lower()
    kind = TYPES.get(suffix) or mimetypes.types_map.get(suffix, "text/plain")
    return kind.startswith(COMPRESSED)


def gateway(scratch: str) -> list[str]:
    """Scripts of handler mappings: a process that lighttpd starts, and starts again, runs them."""
    here = Path(__file__).resolve().parent
    command = f"{sys.executable} -I -S {here / 'gateway.py'}"
    return [NO_LINKS, *_backend("scgi", SCRIPT_MARK, f"{scratch}/scripts", command)]


def php(scratch: str, program: str, workers: str) -> list[str]:
    """PHP's own FastCGI, with so many processes, each for one request at a time."""
    more = f', "bin-environment" => ("PHP_FCGI_CHILDREN" => {quoted(workers)}, "PHP_FCGI_MAX_REQUESTS" => "10000")'
    links = 'server.follow-symlink = "enable"'  # the project reads what it likes, and frameworks link their uploads
    return [links, *_backend("fastcgi", ".php", f"{scratch}/php", program, more)]


def _backend(protocol: str, known_by: str, socket: str, command: str, more: str = "") -> list[str]:
    """Bodies and answers are passed on as they come."""
    options = f'"socket" => {quoted(socket)}, "bin-path" => {quoted(command)}, "max-procs" => 1{more}'
    return [
        f'server.modules += ("mod_{protocol}")',
        "server.stream-request-body = 2",
        "server.stream-response-body = 2",
        f'{protocol}.server = ({quoted(known_by)} => (({options}, "tcp-fin-propagate" => "enable")))',
    ]


def find_program() -> str | None:
    """lighttpd's path; None when it is not installed."""
    return shutil.which(PROGRAM, path=os.pathsep.join((os.environ.get("PATH", os.defpath), *FOLDERS)))


def _place_of_sockets(scratch: str) -> str:
    """The folder itself, or one with a shorter name: the path of a unix socket has at most 107 bytes."""
    return scratch if len(os.fsencode(scratch)) <= LONGEST_FOLDER else tempfile.mkdtemp(prefix="site-", dir=SCRATCH)


def _hidden_as_in_iis(folder: Path) -> str:
    _, _, names = next(os.walk(folder), ("", [], []))
    is_of_iis = "web.config" in map(str.lower, names)
    return f"{OF_IIS} {BESIDE_WEB_CONFIG}" if is_of_iis else OF_IIS


def prepare(
    arguments: list[str],
    environment: MutableMapping[str, str],
    find: Callable[[str], str | None] = shutil.which,
) -> list[str]:
    """Put notes for `site.lua` into the environment. Returns the lines of what runs scripts and of what links are.

    Raises FileNotFoundError without PHP.
    """
    scratch = _place_of_sockets(environment.get("TMPDIR", SCRATCH))
    hidden = _hidden_as_in_iis(Path(arguments[0]))
    if "--php" in arguments:
        program = find(PHP)
        if program is None:
            raise FileNotFoundError(PHP_MISSING)
        environment.update(SCRIPT_SUFFIXES=".php", SCRIPT_MARK="", FRONT_SCRIPT="/index.php")
        environment["HIDDEN_FILES"] = f"{hidden} {OF_PROJECT}" if arguments[0] == "." else hidden
        environment.setdefault("DEFAULT_DOCUMENTS", f"index.php,{DEFAULT_DOCUMENTS}")
        return php(scratch, program, environment.get("PHP_FCGI_CHILDREN", PHP_WORKERS))
    scripts = suffixes(environment.get("HANDLER_MAPPINGS", ""))
    environment.update(SCRIPT_SUFFIXES=" ".join(scripts), SCRIPT_MARK=SCRIPT_MARK, HIDDEN_FILES=hidden)
    environment.setdefault("DEFAULT_DOCUMENTS", DEFAULT_DOCUMENTS)
    return gateway(scratch) if scripts else [NO_LINKS]


def main() -> int:
    """Returns only when lighttpd cannot be run; the reason is on stderr."""
    program = find_program()
    if program is None:
        sys.stderr.write(f"{MISSING}\n")
        return 127
    arguments = sys.argv[1:] or ["."]
    try:
        backend = prepare(arguments, os.environ)
    except FileNotFoundError as error:
        sys.stderr.write(f"{error}\n")
        return 127
    descriptor = os.memfd_create("lighttpd.conf")
    os.write(descriptor, configuration(Path(arguments[0]).resolve(), os.environ, backend).encode())
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.dup2(descriptor, 0)
    os.execv(program, [PROGRAM, "-D", "-f", "-"])  # noqa: S606 - a list, no shell


if __name__ == "__main__":
    sys.exit(main())
