"""What the resources of a site say."""

from envoy.config.route.v3 import route_pb2, scoped_route_pb2

from sites.router.table import HostRoute, Maintenance, Page
from sites.router.xds.pages import CONTENT_TYPE
from sites.router.xds.resource import Resource
from sites.router.xds.routes import portal_routes, routes_name, routes_resource, scope_resource, site_of_routes
from tests.sites.router.tables import table


def routes_of(resource: Resource) -> route_pb2.RouteConfiguration:
    return route_pb2.RouteConfiguration.FromString(resource.message.resource.value)


def headers(options: object) -> dict[str, str]:
    return {option.header.key: option.header.value for option in options}  # type: ignore[attr-defined]


def test_each_host_name_leads_to_its_cluster_and_says_its_slot() -> None:
    production, staging = routes_of(routes_resource(table(1))).virtual_hosts
    assert {route.route.cluster for route in production.routes} == {"r-1"}
    assert {route.route.cluster for route in staging.routes} == {"r-2"}
    assert headers(staging.request_headers_to_add) == {
        "X-Website-Site-Name": "site1",
        "X-Website-Slot-Name": "staging",
        "X-Website-Hostname": "site1-staging.localhost",
    }
    assert headers(staging.response_headers_to_add) == {"X-Robots-Tag": "noindex"}
    assert headers(production.response_headers_to_add) == {}


def test_only_what_may_be_done_twice_is_sent_again_after_a_reset() -> None:
    web_socket, safe, other = routes_of(routes_resource(table(1))).virtual_hosts[0].routes
    assert safe.match.headers[0].string_match.safe_regex.regex == "GET|HEAD|OPTIONS"
    assert safe.route.retry_policy.retry_on == "connect-failure,refused-stream,reset"
    for route in (web_socket, other):
        assert route.route.retry_policy.retry_on == "connect-failure,refused-stream,reset-before-request"
    for route in (web_socket, safe, other):
        assert route.route.timeout.ToSeconds() == 0
    assert web_socket.route.HasField("idle_timeout")
    assert not safe.route.HasField("idle_timeout")


def test_a_slot_without_web_sockets_refuses_them() -> None:
    host = HostRoute("a.localhost", "production", "r-1", allows_web_sockets=False)
    first, *_ = routes_of(routes_resource(table(1, hosts=(host,)))).virtual_hosts[0].routes
    assert first.match.headers[0].name == "upgrade"
    assert first.direct_response.status == 403


def test_pages_stand_in_for_instances() -> None:
    hosts = tuple(HostRoute(f"{page}.localhost", "production", None, page) for page in Page)
    found = routes_of(routes_resource(table(1, hosts=hosts))).virtual_hosts
    stopped, starting = (host.routes[0] for host in found)
    assert (stopped.direct_response.status, starting.direct_response.status) == (403, 503)
    assert headers(stopped.response_headers_to_add)["content-type"] == CONTENT_TYPE
    assert headers(starting.response_headers_to_add)["retry-after"] == "2"


def test_maintenance_stands_in_for_everything_but_the_way_to_https() -> None:
    maintenance = Maintenance("<h1>100%</h1>", 60)
    host = HostRoute("a.localhost", "production", "r-1", https_only_port=443, slot_id=7, maintenance=maintenance)
    to_https, page = routes_of(routes_resource(table(1, hosts=(host,)))).virtual_hosts[0].routes
    assert to_https.HasField("redirect")
    assert (page.direct_response.status, page.direct_response.body.inline_string) == (503, "<h1>100%</h1>")
    assert headers(page.response_headers_to_add)["retry-after"] == "60"
    assert (page.match.prefix, page.stat_prefix) == ("/", "s7")


def test_an_authority_is_answered_before_everything_else_and_at_its_host_name_alone() -> None:
    wanted = HostRoute("a.example", "production", None, Page.STOPPED, https_only_port=443, proofs=(("token", "proof"),))
    other = HostRoute("b.example", "staging", "r-2", slot_id=7)
    first, second = routes_of(routes_resource(table(1, hosts=(wanted, other)))).virtual_hosts
    assert first.routes[0].match.path == "/.well-known/acme-challenge/token"
    assert first.routes[0].direct_response.body.inline_string == "proof"
    assert not any(route.match.path for route in [*first.routes[1:], *second.routes])


def test_what_keeps_browsers_to_https_is_said_by_https_alone_and_after_the_application() -> None:
    host = HostRoute("a.example", "production", "r-1", https_only_port=443, hsts_days=30)
    redirect, *others = routes_of(routes_resource(table(1, hosts=(host,)))).virtual_hosts[0].routes
    assert redirect.redirect.https_redirect and not redirect.response_headers_to_add
    assert {headers(route.response_headers_to_add)["strict-transport-security"] for route in others} == {
        "max-age=2592000"
    }
    (option,) = others[0].response_headers_to_add
    assert option.append_action == option.ADD_IF_ABSENT


def test_the_version_of_a_table_is_no_part_of_its_routes() -> None:
    assert routes_resource(table(1)).version == routes_resource(table(2)).version
    assert routes_resource(table(1)).version != routes_resource(table(1, "r-2", "r-1")).version


def test_a_scope_is_loaded_on_demand_and_ignores_the_port() -> None:
    scope = scope_resource("a.localhost", routes_name(3))
    message = scoped_route_pb2.ScopedRouteConfiguration.FromString(scope.message.resource.value)
    assert message.on_demand
    assert message.route_configuration_name == "site-3"
    assert message.key.fragments[0].string_key == "a.localhost"
    assert routes_of(portal_routes(["[::1]"])).ignore_port_in_host_matching


def test_route_names_lead_back_to_their_site() -> None:
    assert site_of_routes(routes_name(42)) == 42
    assert [site_of_routes(name) for name in ("portal", "site-", "site-x")] == [None, None, None]


def test_requests_to_the_portal_are_not_traced_because_its_addresses_hold_links_for_one_use() -> None:
    for route in routes_of(portal_routes(["localhost"])).virtual_hosts[0].routes:
        assert route.HasField("tracing") and route.tracing.HasField("overall_sampling")
        assert route.tracing.overall_sampling.numerator == route.tracing.random_sampling.numerator == 0
        assert [(tag.tag, tag.value) for tag in route.tracing.custom_tags] == [("url.path", "-")]
    for route in routes_of(routes_resource(table(1))).virtual_hosts[0].routes:
        assert not route.HasField("tracing")
