"""What is read of Envoy's statistics, and by which question."""

import re
from urllib.parse import parse_qs, urlsplit

from sites.router.statistics import STATISTICS, parse

ANSWER = """\
cluster.r12.upstream_cx_rx_bytes_total: 3400
cluster.r12.upstream_cx_tx_bytes_total: 120
cluster.r12.upstream_rq_active: 3
vhost.contoso.example.org.route.s7.upstream_rq_200: 2
vhost.contoso.localhost.route.s7.upstream_rq_200: 3
vhost.contoso.localhost.route.s7.upstream_rq_404: 1
vhost.contoso.localhost.route.s7.upstream_rq_time: B0.5(0,0) B1(1,2) B5(nan,3) B1e+06(0,1)
vhost.contoso-staging.localhost.route.s8.upstream_rq_time: No recorded values
something else
"""


def test_answers_and_their_times_are_counted_by_slot_and_bytes_by_revision() -> None:
    found = parse(ANSWER, process="first")
    assert found.process == "first"
    assert found.codes == {7: {"200": 5, "404": 1}}
    assert found.times == {7: {"1": 2, "5": 3, "1e+06": 1}, 8: {}}
    assert (found.received, found.sent) == ({12: 3400}, {12: 120})
    assert found.active == {12: 3}


def test_the_question_asks_for_nothing_else() -> None:
    pattern = re.compile(parse_qs(urlsplit(STATISTICS).query)["filter"][0])
    names = [line.partition(":")[0] for line in ANSWER.splitlines()]
    assert [name for name in names if not pattern.search(name)] == ["something else"]
    for name in (
        "cluster.portal.upstream_cx_rx_bytes_total",
        "server.uptime",
        "vhost.contoso.localhost.route.s7.upstream_rq_2xx",
        "vhost.contoso.localhost.vcluster.other.upstream_rq_200",
    ):
        assert not pattern.search(name)
