"""The figures of a slot as a chart and as tables that say the same, with a mark for each swap."""

import json
import re
from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from portal.chart import in_unit
from sites.models import MetricSample, Slot, Swap
from tests.domain import Domain
from tests.portal.views.site_pages.conftest import Address

MONITOR = "/sites/contoso/production/monitor/"


def add(slot: Slot, moment: datetime, seconds: int = 10, **figures: object) -> None:
    began_at = datetime.fromtimestamp(moment.timestamp() // seconds * seconds, moment.tzinfo)
    MetricSample.objects.create(slot=slot, seconds=seconds, began_at=began_at, figures=figures)


def row(page: str, caption: str) -> list[str]:
    """The cells of a metric in the table."""
    found = re.search(rf'<th scope="row">{re.escape(caption)}</th>((?:<td>[^<]*</td>)+)', page)
    return re.findall(r"<td>([^<]*)</td>", found[1])[:4]


def data(page: str) -> dict:
    return json.loads(re.search(r'<script id="chart-data" type="application/json">(.*?)</script>', page)[1])


@pytest.fixture
def visited(production: Slot) -> datetime:
    """Production was visited three times in the last hour."""
    moment = timezone.now() - timedelta(minutes=30)
    add(production, moment, requests=4, cpu_ms=900, bytes_out=1536, times={"10": 4}, instances=2)
    add(production, moment, 60, requests=12, cpu_ms=1200, bytes_out=2048, times={"10": 12}, instances=2)
    add(production, moment + timedelta(seconds=20), requests=8, cpu_ms=300, bytes_out=512, times={"10": 8})
    return moment


def test_the_table_has_least_most_average_and_total_of_all_points(
    alice: Client, visited: datetime, production: Slot
) -> None:
    page = alice.get(
        MONITOR + "?range=1h&metric=requests&metric=bytes_out&metric=p50&metric=instances"
    ).content.decode()
    assert row(page, "Requests") == ["0", "8", "0.03", "12"]
    assert row(page, "Data out") == ["0 B", "1.5 KB", "5.69 B", "2 KB"]
    assert row(page, "Response time, median") == ["7.5 ms", "7.5 ms", "7.5 ms", "–"]
    assert row(page, "Instances") == ["2", "2", "2", "–"]


def test_the_chart_draws_what_the_tables_say(alice: Client, visited: datetime) -> None:
    page = alice.get(MONITOR + "?range=1h&metric=requests").content.decode()
    drawn = data(page)
    (line,) = drawn["lines"]
    assert len(drawn["times"]) == len(line["values"]) == 360
    assert sorted(filter(None, line["values"])) == [4, 8]
    assert page.count("<td>4</td>") == page.count("<td>8</td>") - 1 == 1


def test_days_and_months_come_from_minutes_and_hours_and_what_is_not_complete_from_its_parts(
    alice: Client, production: Slot
) -> None:
    now = timezone.now()
    hour = now.replace(minute=0, second=0, microsecond=0)
    minute = now.replace(second=0, microsecond=0)
    add(production, hour - timedelta(hours=30), 3600, requests=100)
    add(production, hour - timedelta(hours=2), 3600, requests=10)
    for number in range(60):
        add(production, hour - timedelta(hours=2) + timedelta(minutes=number), 60, requests=1)  # parts of the hour
    if minute > hour:
        add(production, hour, 60, requests=5)
    add(production, minute, requests=2)
    recent = 7 if minute > hour else 2
    for asked, total in (("7d", 110 + recent), ("90d", 110 + recent), ("24h", 60 + recent)):
        page = alice.get(MONITOR + f"?range={asked}&metric=requests").content.decode()
        assert row(page, "Requests")[3] == str(total), asked


def test_each_swap_is_a_mark_that_leads_to_it(
    domain: Domain, alice: Client, visited: datetime, production: Slot
) -> None:
    staging = production.site.slots.get(name="staging")
    operation = domain.swap(staging, production)
    address = f"/operations/{operation.public_id}/"
    page = alice.get(MONITOR + "?range=1h").content.decode()
    (mark,) = data(page)["swaps"]
    assert mark["address"] == address
    assert abs(mark["at"] - timezone.now().timestamp()) < 60
    assert f'<a href="{address}">' in page
    Swap.objects.update(switched_at=timezone.now() - timedelta(hours=2))
    assert data(alice.get(MONITOR + "?range=1h").content.decode())["swaps"] == []


def test_what_nobody_visited_says_so(alice: Client, production: Slot) -> None:
    page = alice.get(MONITOR + "?range=90d").content.decode()
    assert "No figures of contoso in the last 90 days. A request shows here about ten seconds after it." in page
    assert "chart-data" not in page


@pytest.mark.parametrize("asked", ["", "?range=nonsense&scale=x&metric=nothing", "?metric="])
def test_what_is_not_understood_is_the_usual_chart(alice: Client, visited: datetime, asked: str) -> None:
    page = alice.get(MONITOR + asked).content.decode()
    assert '<option value="24h" selected>' in page
    assert '<option value="relative" selected>' in page
    assert {line["caption"] for line in data(page)["lines"]} == {
        "Requests", "CPU time", "Data in", "Data out", "Http server errors",
    }  # fmt: skip


def test_a_name_from_outside_cannot_leave_the_data_of_the_script(
    domain: Domain, alice: Client, visited: datetime, production: Slot
) -> None:
    operation = domain.swap(production.site.slots.get(name="staging"), production)
    type(operation).objects.filter(pk=operation.pk).update(outcome="</script><img src=x>")
    page = alice.get(MONITOR + "?range=1h").content.decode()
    assert "<img src=x>" not in page
    assert data(page)["swaps"][0]["sentence"] == "</script><img src=x>"


def test_the_dashboard_has_the_same_chart(alice: Client, visited: datetime, address: Address, production: Slot) -> None:
    page = alice.get(address("dashboard", production)).content.decode()
    assert len(data(page)["lines"]) == 5


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (None, "bytes", "–"),
        (0, "bytes", "0 B"),
        (10742, "bytes", "10.49 KB"),
        (5 * 1024**5, "bytes", "5,120 TB"),
        (557.64, "ms", "557.64 ms"),
        (2070, "ms", "2.07 s"),
        (1234567, "", "1,234,567"),
        (0.5, "", "0.5"),
    ],
)
def test_values_are_in_the_unit_that_fits(value: float | None, unit: str, text: str) -> None:
    assert in_unit(value, unit) == text
