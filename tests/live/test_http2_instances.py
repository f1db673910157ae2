"""An application that speaks HTTP/2 and nothing else: published, warmed up, swapped and visited."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sites.general_settings import HTTP2
from sites.management.welcome import administrator
from sites.models import Category
from sites.services.settings import Entry, save_settings
from tests.live.archives import WEB, probed, zipped
from tests.live.stage import stage, using, versions
from tests.live.system import System
from tools.demo.operations import wait_for
from tools.demo.staged_site import StagedSite

pytestmark = pytest.mark.live
APPLICATION = Path(__file__).parent / "h2c" / "app.py"


@pytest.fixture
def staged(system: System) -> Iterator[StagedSite]:
    with using(system):
        yield stage(system, "tailspin", instances=1, is_marked=False, archive=probed)


def test_it_is_warmed_up_and_swapped_beside_one_of_http_1(system: System, staged: StagedSite) -> None:
    entries = [Entry(HTTP2, "on")]
    wait_for(
        save_settings(acting_user=administrator(), slot=staged.staging, category=Category.GENERAL, entries=entries)
    )
    assert versions(system, staged) == ("1", "2"), "what runs goes on as it was published"
    archive = zipped(app__py=APPLICATION.read_text(), Procfile=WEB)
    wait_for(staged.publish(staged.staging, archive, "speaks HTTP/2"))
    assert told(system, f"{staged.name}-staging") == "by HTTP/2"
    wait_for(staged.request_swap())
    assert told(system, staged.name) == "by HTTP/2"
    with system.client(f"{staged.name}-staging") as client:
        assert client.get("/").headers["X-Version"] == "1"


def told(system: System, name: str) -> str:
    with system.client(name) as client:
        answer = client.get("/")
        assert answer.status_code == 200, answer.text
        return answer.text
