"""Pipelines as docs/pipelines.md has them, run against a real system while visitors use the site."""

import io
import re
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from sites.models import AccessToken, Operation
from sites.services import access_tokens
from tests.live import archives
from tests.live.chromium import OpenPage
from tests.live.stage import assert_unnoticed, stage, using, versions, visitors
from tests.live.system import ROOT, System
from tools.demo.operations import monotonic, switch_of
from tools.demo.staged_site import StagedSite
from tools.prober.analysis import Expectation, analyse
from tools.prober.load import Load

pytestmark = pytest.mark.live

PAGE = ROOT / "docs" / "pipelines.md"
FILE = re.compile(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", re.S)


@pytest.fixture
def site(system: System) -> Iterator[StagedSite]:
    with using(system):
        yield stage(system, "pipeline")


@pytest.fixture
def token(site: StagedSite) -> str:
    """For this site, to publish and to swap."""
    scopes = ["publish", "swap"]
    return access_tokens.create(acting_user=site.user, name="ci", scopes=scopes, days=1, site_name=site.name)[1]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """The files of the page, and a `greenroom` on the search path."""
    for name, text in FILE.findall(PAGE.read_text()):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin/greenroom"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} {ROOT / "manage.py"} "$@"\n')
    program.chmod(0o755)
    return tmp_path


def release(repository: Path, version: str) -> None:
    """What the repository has to publish."""
    with zipfile.ZipFile(io.BytesIO(archives.probed(version))) as archive:
        archive.extractall(repository / "site")


def run(system: System, repository: Path, token: str, script: str) -> str:
    """What a step of a pipeline prints; it has to end well."""
    environment = {
        "PATH": f"{repository / 'bin'}:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(repository),
        "GREENROOM_SERVER": f"http://localhost:{system.port}",
        "GREENROOM_TOKEN": token,
        "SITE": "pipeline",
    }
    line = ["sh", "-c", script]
    done = subprocess.run(line, cwd=repository, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def steps(repository: Path, name: str, pattern: str) -> list[str]:
    """The shell lines of a recipe."""
    found = re.findall(pattern, (repository / name).read_text(), re.M)
    assert found
    return found


def test_pipelines_publish_swap_and_roll_back_and_no_request_is_lost(
    system: System, site: StagedSite, token: str, repository: Path
) -> None:
    production = site.hosts[0]
    (github,) = steps(repository, ".github/workflows/deploy.yml", r"^ +- run: (.+)$")
    gitlab, roll_back = steps(repository, ".gitlab-ci.yml", r"^ +- (sh .+)$")
    client = (repository / "with-the-client.sh").read_text()
    served = ["3", "4", "3", "5"]
    began = time.monotonic()
    with Load(visitors(site, is_light=True)) as load:
        for script, version in zip((github, gitlab, roll_back, client), served, strict=True):
            release(repository, version)
            assert version in (run(system, repository, token, script) and versions(system, site)[0])
    moved = [one for one in Operation.objects.filter(swap__isnull=False, site__name=site.name) if one.ended_at]
    recent = sorted((one for one in moved if monotonic(one.created_at) > began), key=lambda one: one.created_at)
    switches = [
        switch_of(one, monotonic(one.created_at), {production: version})
        for one, version in zip(recent, served, strict=True)
    ]
    findings = analyse(load.records, Expectation(before={production: "1"}, switches=switches))
    assert_unnoticed(findings, at_least=200)
    assert {one.actor_name for one in recent} == {site.user.get_username()}


def test_requests_at_once_with_one_key_are_one_swap_and_waiting_takes_no_thread(
    system: System, site: StagedSite, token: str
) -> None:
    count = Operation.objects.filter(kind="swap").count()
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "at once"}

    def swap(_: int) -> httpx.Response:
        with system.client() as client:
            return client.post(f"/api/v1/sites/{site.name}/swap", json={"preview": True}, headers=headers)

    with ThreadPoolExecutor(12) as threads:
        answers = list(threads.map(swap, range(12)))
        assert {answer.status_code for answer in answers} == {202}, [answer.text for answer in answers]
        assert len({answer.headers["Location"] for answer in answers}) == 1
        assert Operation.objects.filter(kind="swap").count() == count + 1
        where = answers[0].headers["Location"]

        def wait(_: int) -> str:
            with system.client() as client:
                return str(client.get(f"{where}?wait=25", headers=headers).json()["state"])

        assert set(threads.map(wait, range(12))) == {"waiting"}  # prepared: more of them than threads of the API
        with system.client() as client:
            client.post(f"{where}/cancel", headers=headers | {"Idempotency-Key": "cancel"}).raise_for_status()
        assert set(threads.map(wait, range(12))) == {"cancelled"}


def test_every_method_and_body_comes_through_the_router_and_the_door(
    system: System, site: StagedSite, token: str
) -> None:
    path = f"/api/v1/sites/{site.name}"
    with system.client() as client:
        client.headers["Authorization"] = f"Bearer {token}"
        production = client.get(path).json()["slots"][0]["deployment"]["id"]
        assert client.put(f"{path}/production", json={"deployment": production}).json()["state"] == "already"
        settings = f"{path}/slots/staging/settings"
        answers = [
            client.patch(settings, json={"app_settings": {"KEY": "x"}}),
            client.patch(settings, content=b"x" * 3_000_000),
            client.delete(f"{path}?typed_name={site.name}"),
            client.get(path, headers={"Authorization": "Bearer wrong", "Cookie": "; ".join(system.cookies())}),
        ]
    told = [(answer.status_code, answer.json()["code"]) for answer in answers]
    assert told == [(403, "ScopeMissing"), (413, "RequestTooLarge"), (403, "ScopeMissing"), (401, "TokenRefused")]


def test_the_api_is_tried_on_a_page_of_our_own_under_the_portals_policy(
    open_page: OpenPage, system: System, site: StagedSite, token: str
) -> None:
    page = open_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("request", lambda request: said.append(request.url))
    page.goto("/api/try/")
    page.click("button.authorize")
    page.fill(".auth-container input", token)
    page.click(".auth-btn-wrapper button[type=submit]")
    page.click(".btn-done")
    page.click("#operations-web_sites-me .opblock-summary-control")
    page.click("text=Try it out")
    page.click("button.execute")
    page.wait_for_selector(".live-responses-table")
    assert '"person"' in page.inner_text(".live-responses-table")
    ours = (f"http://{system.host()}/", "data:")
    assert not [one for one in said if not one.startswith(ours)]
    assert AccessToken.objects.filter(name="ci").latest("created_at").used_at
