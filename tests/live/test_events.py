"""Events of a real system: a stream that a client takes up again, and signed requests to a receiver that was away."""

import json
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from django.db.models import F
from django.test import override_settings

from sites.management.welcome import administrator
from sites.models import Alert, Category, Delivery, EndpointCheck, Event
from sites.publishing import webhooks as receiving
from sites.services import access_tokens, alert_rules, event_targets, swaps
from sites.services.endpoints import endpoints_of
from sites.services.settings import Entry, save_settings
from sites.tasks import ask_endpoints, take_metrics
from tests.fakes.receiver import receiver
from tests.live.stage import stage, using
from tests.live.system import System, wait_for
from tools.demo.operations import wait_for as wait_until_ended

pytestmark = pytest.mark.live

TYPES = ["swap.succeeded", "preview.waiting"]


def number_of(name: str, lines: Iterator[str]) -> int:
    """Of the first event of that type in a stream."""
    number = 0
    for line in lines:
        if line.startswith("id: "):
            number = int(line.removeprefix("id: "))
        elif line.startswith("data: ") and json.loads(line.removeprefix("data: "))["type"] == name:
            return number
    raise AssertionError(f"the stream has ended without {name}")


def test_a_program_is_told_by_stream_and_webhook_and_misses_nothing(system: System) -> None:
    with using(system), override_settings(WEBHOOK_HOSTS=["127.0.0.1"]), receiver() as told:
        site = stage(system, "told", instances=1, is_marked=False)
        told.answers = [(503, "not yet"), (200, "thank you")]
        target = event_targets.create(
            acting_user=administrator(),
            subscription=site.staging.site.subscription,
            site=site.staging.site,
            title="told",
            url=told.url(),
            types=TYPES,
        )
        _, token = access_tokens.create(acting_user=administrator(), name="told", scopes=["read"], days=1)
        headers = {"Authorization": f"Bearer {token}"}
        stream = f"http://localhost:{system.port}/api/v1/events/stream?site=told"

        with httpx.Client(headers=headers, timeout=60) as client:
            with client.stream("GET", stream) as followed:
                lines = followed.iter_lines()
                assert next(lines).startswith("retry: ")
                preview = swaps.request_swap(
                    acting_user=administrator(), source=site.staging, target=site.production, with_preview=True
                )
                number = number_of("greenroom.preview.waiting", lines)
            wait_until_ended(swaps.complete_swap(acting_user=administrator(), operation=preview), limit_seconds=60)
            with client.stream("GET", stream, headers={"Last-Event-ID": str(number)}) as followed:
                assert number_of("greenroom.swap.succeeded", followed.iter_lines()) > number

        received = told.wait(3)
        for request in received:
            given = {name.title(): value for name, value in request.headers.items()}
            receiving.ensure_signed(given, request.body, str(target.secret))
        ids = [request.headers["webhook-id"] for request in received]
        assert len(set(ids)) == 2 and ids.count(ids[0]) == 2, "what was not taken came again, with its id"
        own = Delivery.objects.filter(target=target)
        wait_for(lambda: set(own.values_list("state", flat=True)) == {"succeeded"}, 60, "both are delivered")
        assert {
            str(one) for one in Event.objects.filter(deliveries__in=own).values_list("public_id", flat=True)
        } == set(ids)
        event_targets.remove(acting_user=administrator(), target=target)


def test_a_flood_of_errors_is_told_and_a_swap_takes_its_rule_along(system: System) -> None:
    with using(system), override_settings(WEBHOOK_HOSTS=["127.0.0.1"]), receiver() as told:
        site = stage(system, "told", instances=1, is_marked=False)
        text = "5xx above 5 for 1 min"
        wait_until_ended(
            save_settings(
                acting_user=administrator(),
                slot=site.staging,
                category=Category.MONITORING,
                entries=[
                    Entry("alert:Errors", text),
                    Entry("endpoint_1", "http://told.localhost/"),
                    Entry("endpoint_2", "http://localhost:1/"),
                ],
            )
        )
        site.swap()
        ask_endpoints.apply_async(queue="work")
        target = event_targets.create(
            acting_user=administrator(),
            subscription=site.production.site.subscription,
            site=site.production.site,
            title="alerted",
            url=told.url(),
            types=["alert.fired", "alert.ended"],
        )
        own = Alert.objects.filter(slot=site.production, rule=text)

        with system.client("told") as visitor:

            def is_met() -> bool:
                assert {visitor.get("/fails").status_code for _ in range(10)} == {500}
                take_metrics.delay()
                return own.exists()

            wait_for(is_met, 60, "a look has seen the errors", interval=1.0)
        checks = EndpointCheck.objects.filter(slot=site.production)
        wait_for(lambda: checks.count() == 2, 60, "both web endpoints were asked")
        assert [check.status for check in checks] == [200, None], "its own host name, and a port of this machine"
        own.update(turned_at=F("turned_at") - timedelta(minutes=1))  # nobody waits for a minute
        take_metrics.delay()
        (fired,) = [json.loads(request.body) for request in told.wait(1)]
        assert (fired["type"], fired["subject"]) == ("greenroom.alert.fired", "told")
        assert "Http server errors stayed above 5 a minute for 1 min" in fired["data"]["message"]

        site.swap()
        take_metrics.delay()
        ended = json.loads(told.wait(2)[1].body)
        assert (ended["type"], ended["subject"]) == ("greenroom.alert.ended", "told")
        assert "its rule is not in force here any more" in ended["data"]["message"]
        assert [one.rule.text for one in alert_rules.standings_of(site.staging)] == [text]
        assert [one.url for one in endpoints_of(site.staging)] == ["http://told.localhost/", "http://localhost:1/"]
        event_targets.remove(acting_user=administrator(), target=target)
