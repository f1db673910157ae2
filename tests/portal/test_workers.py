"""Where nobody does what was asked for, the bar and the pages say so, and what to do."""

import pytest
import redis
from django.test import Client

from portal import workers
from sites.models import Operation, Site, Step
from sites.services import custom_sites
from sites.supervisor import heartbeat
from tests.domain import Domain
from tests.portal.conftest import HTMX


@pytest.fixture
def _nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "has_worker", lambda queue: False)


@pytest.mark.usefixtures("_nobody")
@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "bar"])
def test_a_swap_that_nobody_takes_says_so_at_once(alice: Client, contoso: Site, headers: dict[str, str]) -> None:
    answer = alice.post("/sites/contoso/staging/swap/", headers=headers)
    text = answer.content.decode() or alice.get(answer["Location"]).content.decode()
    assert "Swapping the deployments of &#x27;contoso&#x27;: no worker has reported for 15 s." in text
    assert "Nothing has been changed yet; it begins automatically" in text and "./greenroom status" in text
    operation = Operation.objects.latest("pk")
    assert "no worker has reported" in alice.get(f"/operations/{operation.public_id}/").content.decode()
    assert "no worker has reported" in alice.get("/sites/contoso/staging/dashboard/").content.decode()


@pytest.mark.usefixtures("_nobody")
def test_it_says_what_holds_at_each_step_and_nothing_of_what_has_ended(
    domain: Domain, alice: Client, contoso: Site
) -> None:
    alice.post("/sites/contoso/staging/swap/")
    operation = Operation.objects.latest("pk")
    for step, said in (
        (Step.WARMING, "No address has been switched yet"),
        (Step.ROUTES_ACKNOWLEDGED, "stays switched"),
    ):
        operation.step = step
        assert said in workers.away_sentence(operation)
    assert workers.away_sentence(domain.work(operation)) == ""


def test_each_operation_asks_for_the_worker_that_does_it(
    alice: Client, contoso: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(workers, "has_worker", lambda queue: asked.append(queue) is None)
    alice.post("/sites/contoso/staging/swap/")
    operation = Operation.objects.latest("pk")
    for kind in ("swap", "publish"):
        operation.kind = kind
        assert workers.away_sentence(operation) == ""
    assert asked == ["control", "work"]


def test_a_creation_with_an_upload_asks_for_the_worker_that_builds_at_every_step(
    domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(workers, "has_worker", lambda queue: asked.append(queue) is None)
    operation = custom_sites.create_custom_site(
        acting_user=domain.alice,
        subscription=domain.subscription,
        name="fabrikam",
        mode="standard",
        instance_count=1,
        beginning=custom_sites.Beginning.UPLOAD,
        archive=domain.archive("one"),
        has_staging=False,
    )
    for step in (Step.REQUESTED, Step.BUILDING, Step.STARTING, Step.ROUTES_ACKNOWLEDGED):
        operation.step = step
        workers.away_sentence(operation)
    assert set(asked) == {"work"}


def test_without_redis_nobody_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()

    class Away:
        def get(self, key: str) -> str | None:
            raise redis.ConnectionError(key)

    class There:
        def get(self, key: str) -> str | None:
            return "4711" if key == heartbeat.heartbeat_key("work") else None

    monkeypatch.setattr(workers, "redis_client", lambda **_: Away())
    assert not workers.has_worker("work")
    monkeypatch.setattr(workers, "redis_client", lambda **_: There())
    assert workers.has_worker("work") and not workers.has_worker("control")
