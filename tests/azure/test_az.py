"""Unmodified az does what people can do, and a swap that it asks for costs no visitor a request."""

import os
import subprocess
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.conf import settings
from pytest_django import DjangoDbBlocker

from sites.management.welcome import administrator
from sites.models import Operation
from sites.services import access_tokens
from tests.azure.catalogue import COMMANDS, Command
from tests.live.stage import assert_unnoticed, stage, using, visitors
from tests.live.system import ROOT, System, free_port
from tools.demo.operations import monotonic, switch_of
from tools.prober.analysis import Expectation, analyse
from tools.prober.load import Load

pytestmark = pytest.mark.azure
AZ = ROOT / ".azure" / "bin" / "az"
SITES = ("contoso", "probed")
SECONDS = 300


@dataclass(frozen=True)
class Az:
    """az with a folder of its own, in which it knows this Greenroom and is signed in."""

    folder: Path
    authority: Path
    port: int

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run one command. Inside, the host names of the sites lead to this machine, as /etc/hosts would have it."""
        environment = os.environ | {
            "AZURE_CONFIG_DIR": str(self.folder / "az"),
            "REQUESTS_CA_BUNDLE": str(self.authority),
            "AZURE_CORE_COLLECT_TELEMETRY": "no",
        }
        hosts = ["--dev-bind", "/", "/", "--ro-bind", str(self.folder / "hosts"), "/etc/hosts"]
        return subprocess.run(
            ["bwrap", *hosts, str(AZ), *words], env=environment, capture_output=True, text=True, timeout=SECONDS
        )

    def sign_in(self, token: str) -> None:
        """As docs/azure-clients.md says."""
        names = [f"{site}{slot}{way}.localhost" for site in SITES for slot in ("", "-staging") for way in ("", ".scm")]
        (self.folder / "hosts").write_text(f"127.0.0.1 localhost {' '.join(names)}\n")
        cloud = f"https://localhost:{self.port}"
        for line in (
            f"cloud register --name Greenroom --endpoint-resource-manager {cloud}",
            "cloud set --name Greenroom",
            f"login --service-principal --username ci --password {token} --tenant adfs",
        ):
            done = self.run(*line.split())
            assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def system(django_db_blocker: DjangoDbBlocker) -> Iterator[System]:
    """A system with TLS."""
    system = System(settings.DATA_DIR, django_db_blocker, {"GREENROOM_TLS_PORT": str(free_port())})
    try:
        system.start()
        yield system
    finally:
        system.destroy()


@pytest.fixture
def signed_in(system: System, tmp_path: Path) -> Iterator[Callable[..., Az]]:
    """Signs az in with a new access token of these scopes."""

    def sign_in(*scopes: str) -> Az:
        token = access_tokens.create(acting_user=administrator(), name="az", scopes=scopes, days=1)[1]
        authority = system.data / "tls" / "authority.crt"
        az = Az(tmp_path, authority, int(system.environment["GREENROOM_TLS_PORT"]))
        az.sign_in(token)
        return az

    with using(system):
        yield sign_in


def test_every_command_of_the_table_works_or_is_refused_with_a_sentence(
    signed_in: Callable[..., Az], tmp_path: Path
) -> None:
    az = signed_in("administer")
    for name in ("one", "two"):
        with zipfile.ZipFile(tmp_path / f"{name}.zip", "w") as archive:
            archive.writestr("index.html", name)
    wrong = [said for command in COMMANDS if (said := fault_of(az, command, tmp_path))]
    assert not wrong, "\n\n".join(wrong)


def fault_of(az: Az, command: Command, folder: Path) -> str:
    """What came instead of what the table says; nothing if it is so."""
    done = az.run(*command.line.format(folder=folder).split())
    said = done.stderr if command.is_refused else done.stdout
    is_as_said = (done.returncode != 0) is command.is_refused and command.says in said
    return "" if is_as_said else f"az {command.line}: {done.returncode}\n{done.stdout[-500:]}{done.stderr[-800:]}"


def test_a_release_by_az_loses_no_request(system: System, signed_in: Callable[..., Az]) -> None:
    """Its token may publish and swap, and not see the publishing password."""
    az = signed_in("publish", "swap")
    site = stage(system, "probed")
    production = site.hosts[0]
    began = time.monotonic()
    slot = ("-g", "greenroom", "-n", "probed", "--slot", "staging")
    with Load(visitors(site, is_light=True)) as load:
        for words in (("--action", "preview"), ("--action", "swap")):
            done = az.run("webapp", "deployment", "slot", "swap", *slot, *words)
            assert done.returncode == 0, done.stderr
    (swap,) = [one for one in Operation.objects.filter(swap__isnull=False) if monotonic(one.created_at) > began]
    switch = switch_of(swap, monotonic(swap.created_at), {production: "2"})
    findings = analyse(load.records, Expectation(before={production: "1"}, switches=[switch]))
    assert_unnoticed(findings, at_least=200)
    package = az.folder / "next.zip"
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("index.html", "next")
    done = az.run("webapp", "deploy", *slot, "--src-path", str(package), "--type", "zip")
    assert done.returncode == 0 and '"author": "admin"' in done.stdout, done.stdout + done.stderr
