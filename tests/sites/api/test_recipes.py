"""The script of docs/pipelines.md that asks for an access token, run as jobs of GitHub Actions and GitLab CI run it."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from sites.identities import issuers
from sites.services import trusts
from tests.domain import Domain, make_domain
from tests.fakes.token_issuer import TokenIssuer, running_issuer
from tests.sites.api.program import Program

PAGE = Path(__file__).resolve().parents[3] / "docs" / "pipelines.md"
FILE = re.compile(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", re.S)
CLAIMS = {"repository": "acme/site", "ref": "refs/heads/main"}


@pytest.fixture
def issuer(settings: Settings) -> Iterator[TokenIssuer]:
    with running_issuer() as one:
        settings.TRUST_HOSTS = [one.issuer.removeprefix("http://")]
        issuers.forget()
        yield one
        issuers.forget()


@pytest.fixture
def served(transactional_db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Domain:
    return make_domain(tmp_path, monkeypatch)


def test_a_job_shows_who_it_is_and_gets_a_token_of_its_site(
    served: Domain, issuer: TokenIssuer, live_server: LiveServer, tmp_path: Path
) -> None:
    server = live_server.url.replace("127.0.0.1", "localhost")
    claims = "\n".join(f"{name}={value}" for name, value in CLAIMS.items())
    trusts.create(
        acting_user=served.alice,
        site=served.create("contoso"),
        name="deploy",
        issuer=issuer.issuer,
        audience=server,
        claims=claims,
        scopes=["publish", "swap"],
    )
    recipes = dict(FILE.findall(PAGE.read_text()))
    (tmp_path / "identity.sh").write_text(recipes["identity.sh"])
    (tmp_path / "deploy.sh").write_text('printf %s "$GREENROOM_TOKEN"\n')
    (github,) = re.findall(r"^ +- run: (.+)$", recipes[".github/workflows/deploy-trusted.yml"], re.M)
    (gitlab,) = re.findall(r"^ +- (GREENROOM.+)$", recipes["trusted.gitlab-ci.yml"], re.M)
    issuer.answers["/request"] = {"value": issuer.token(**CLAIMS, aud=server, jti="1")}
    job = {"PATH": "/usr/local/bin:/usr/bin:/bin", "GREENROOM_SERVER": server, "SITE": "contoso"}
    of_github = {
        "ACTIONS_ID_TOKEN_REQUEST_URL": f"{issuer.issuer}/request?api-version=2",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "of the job",
    }
    of_gitlab = {"GREENROOM_ID_TOKEN": issuer.token(**CLAIMS, aud=server, jti="2")}
    for line, more in ((github, of_github), (gitlab, of_gitlab)):
        done = subprocess.run(
            ["sh", "-c", line], cwd=tmp_path, env=job | more, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
        assert Program(done.stdout).get("/me").json()["site"] == "contoso"
    assert f"audience={server}" in unquote(issuer.asked[0])
