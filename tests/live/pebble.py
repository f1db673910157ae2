"""Pebble, the authority that Let's Encrypt wrote for tests, on ports of its own; it asks a DNS server of the tests."""

import json
import os
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from sites.tls.authority import CERTIFICATE, open_authority
from tests.live.system import free_port, wait_for

BINDING_ID, BINDING_KEY = "kid-1", "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"


@dataclass(frozen=True)
class Pebble:
    """One that runs."""

    directory: str
    trust: Path
    """The certificate by which its HTTPS is trusted."""
    management: str

    @property
    def root(self) -> str:
        """The certificate (PEM) of the authority that signs what it issues."""
        return self.ask(f"{self.management}/roots/0").text

    def ask(self, address: str) -> httpx.Response:
        """Get what is there."""
        context = ssl.create_default_context(cafile=str(self.trust))
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        return httpx.get(address, verify=context, trust_env=False)

    @property
    def settings(self) -> dict[str, str]:
        """Of an installation that orders there."""
        return {
            "ACME_DIRECTORY": self.directory,
            "ACME_TRUST": str(self.trust),
            "ACME_CONTACT": "tls@fabrikam.example",
            "ACME_BINDING_ID": BINDING_ID,
            "ACME_BINDING_KEY": BINDING_KEY,
        }


@contextmanager
def pebble(folder: Path, *, http_port: int, dns: str) -> Iterator[Pebble]:
    """It looks for proofs by HTTP at `http_port` of whatever address the DNS server at `dns` says."""
    folder.mkdir()
    chain, key = open_authority(folder, encrypt=str, decrypt=str).issue("127.0.0.1", "localhost")
    (folder / "server.pem").write_text(chain)
    (folder / "server.key").write_text(key)
    port, management = free_port(), free_port()
    config = {
        "listenAddress": f"127.0.0.1:{port}",
        "managementListenAddress": f"127.0.0.1:{management}",
        "certificate": str(folder / "server.pem"),
        "privateKey": str(folder / "server.key"),
        "httpPort": http_port,
        "tlsPort": free_port(),
        "ocspResponderURL": "",
        "externalAccountBindingRequired": True,
        "externalAccountMACKeys": {BINDING_ID: BINDING_KEY},
    }
    (folder / "pebble.json").write_text(json.dumps({"pebble": config}))
    authority = Pebble(f"https://127.0.0.1:{port}/dir", folder / CERTIFICATE, f"https://127.0.0.1:{management}")
    environment = {"PATH": os.environ["PATH"], "PEBBLE_VA_NOSLEEP": "1", "PEBBLE_AUTHZREUSE": "0"}
    with (folder / "pebble.log").open("wb") as log:
        process = subprocess.Popen(
            ["pebble", "-config", str(folder / "pebble.json"), "-dnsserver", dns, "-strict"],
            env=environment,
            stdout=log,
            stderr=log,
        )
    try:
        wait_for(lambda: _answers(authority), 60, "pebble answers")
        yield authority
    finally:
        process.kill()
        process.wait()


def _answers(authority: Pebble) -> bool:
    try:
        return authority.ask(authority.directory).status_code == 200
    except httpx.HTTPError:
        return False
