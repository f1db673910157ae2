"""What installers of packages get in a build: the administrator's settings, caches and uv."""

import functools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from django.conf import settings

from sites.runtime.spec import Mount

UV_TARGET = "/uv"
PASSED_ON = re.compile(
    r"^(PIP_(EXTRA_)?INDEX_URL|PIP_CERT|PIP_TRUSTED_HOST|PIP_DEFAULT_TIMEOUT"
    r"|UV_(DEFAULT_INDEX|INDEX|INDEX_URL|EXTRA_INDEX_URL|INDEX_STRATEGY|NATIVE_TLS|SYSTEM_CERTS|INSECURE_HOST|HTTP_TIMEOUT|OFFLINE)"
    r"|UV_INDEX_[A-Z0-9_]+_(USERNAME|PASSWORD)|UV_PYTHON_(DOWNLOADS_JSON_URL|INSTALL_MIRROR)"
    r"|(HTTPS?|ALL|NO)_PROXY|SSL_CERT_(FILE|DIR)|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE"
    r"|NPM_CONFIG_(REGISTRY|CAFILE|STRICT_SSL)|NODE_EXTRA_CA_CERTS)$",
    re.IGNORECASE,
)
"""How an administrator tells installers where packages come from; nothing else of our environment reaches a build."""
CERTIFICATES = ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "NPM_CONFIG_CAFILE")
BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Arch
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora and its kin
    "/etc/ssl/ca-bundle.pem",  # SUSE
)
"""Where systems keep the certificates that they trust, in one file."""
SOURCES_OF_PYTHON = ("UV_PYTHON_DOWNLOADS_JSON_URL", "UV_PYTHON_INSTALL_MIRROR")
SHOWN_ANYHOW = ("/etc/ssl", "/etc/pki", "/etc/ca-certificates", "/usr")
"""Of the host, in every sandbox."""
SAME_FOR_UV = {"PIP_INDEX_URL": "UV_DEFAULT_INDEX", "PIP_EXTRA_INDEX_URL": "UV_INDEX"}


def environment() -> dict[str, str]:
    """What a build finds in its environment; the settings of a slot are not among it, for slots share builds."""
    passed = {name: value for name, value in os.environ.items() if PASSED_ON.match(name) and value}
    for name, same in SAME_FOR_UV.items():
        if name in passed:
            passed.setdefault(same, passed[name])
    return (
        _trust_of_the_system()
        | passed
        | {
            "HOME": "/tmp",  # noqa: S108  the sandbox's own, gone with it
            "UV_PROGRAM": UV_TARGET,
            "KEPT": "/cache/kept",
            "UV_CACHE_DIR": "/cache/uv",
            "UV_LINK_MODE": "copy",  # a linked file shares its bytes with the cache, which later builds can write
            "UV_PYTHON_DOWNLOADS": "never",  # interpreters are fetched by a run of their own
            "UV_NO_PROGRESS": "1",
            "PIP_CACHE_DIR": "/cache/pip",
            "npm_config_cache": "/cache/npm",
            "npm_config_update_notifier": "false",
            "npm_config_yes": "true",
            "npm_config_store_dir": "/cache/pnpm",
            "YARN_CACHE_FOLDER": "/cache/yarn",
            "YARN_GLOBAL_FOLDER": "/cache/yarn-berry",
            "YARN_NODE_LINKER": "node-modules",
            "YARN_ENABLE_TELEMETRY": "0",
            "BUN_INSTALL_CACHE_DIR": "/cache/bun",
            "COMPOSER_CACHE_DIR": "/cache/composer",
            "COREPACK_ENABLE_STRICT": "0",
            "NEXT_TELEMETRY_DISABLED": "1",
            "ASTRO_TELEMETRY_DISABLED": "1",
            "NG_CLI_ANALYTICS": "false",
            "PYTHONUNBUFFERED": "1",
            "NO_COLOR": "1",
            "CI": "1",
        }
    )


def _trust_of_the_system() -> dict[str, str]:
    """For installers that bring certificates of their own: with them, a company's proxy for TLS is trusted as by pip.

    What the administrator says goes first. Node reads this file beside its own certificates, uv in place of them.
    """
    named = os.environ.get("SSL_CERT_FILE")
    bundle = next((path for path in (named, *BUNDLES) if path and os.path.isfile(path) and os.path.getsize(path)), None)
    return {} if bundle is None else {"UV_SYSTEM_CERTS": "1", "NODE_EXTRA_CA_CERTS": bundle}


def tool_mounts(steps: tuple[str, ...]) -> tuple[Mount, ...]:
    """uv, when a step needs it, and the administrator's certificates. Raises FileNotFoundError without uv."""
    certificates = tuple(Mount(path, path, is_writable=False) for path in _certificates())
    if not any("uv " in step for step in steps):
        return certificates
    return (Mount(find_uv(), UV_TARGET, is_writable=False), *certificates)


def find_uv() -> str:
    """Path of uv: the start script's, that of the installed package, or the system's. Raises FileNotFoundError."""
    ours = (settings.BASE_DIR / ".boot" / "bin" / "uv", Path(sys.executable).parent / "uv")
    uv = next((str(one) for one in ours if one.is_file()), None) or shutil.which("uv")
    if uv is None:
        raise FileNotFoundError("uv is not installed; ./greenroom puts it into .boot")
    return str(Path(uv).resolve())


def mounts_of_sources() -> tuple[Mount, ...]:
    """Folders of this machine that the administrator names as where interpreters come from, or a catalogue in one."""
    named = {os.environ.get(name, "").removeprefix("file://") for name in SOURCES_OF_PYTHON}
    here = {path if os.path.isdir(path) else os.path.dirname(path) for path in named if path.startswith("/")}
    return tuple(Mount(path, path, is_writable=False) for path in sorted(here) if os.path.isdir(path))


def _certificates() -> list[str]:
    """Files named by the environment that a sandbox would not show."""
    named = {os.path.abspath(os.environ[name]) for name in CERTIFICATES if os.environ.get(name)}
    return sorted(
        path for path in named if os.path.isfile(path) and not any(Path(path).is_relative_to(f) for f in SHOWN_ANYHOW)
    )


@functools.lru_cache(maxsize=1)
def node_version() -> str:
    """Empty without node."""
    node = shutil.which("node")
    if node is None:
        return ""
    return subprocess.run([node, "--version"], capture_output=True, text=True, timeout=20).stdout.strip()
