"""Headers that Envoy takes from the requests of visitors, and from the answers of instances, each with the reason.

A proxy says in headers who the visitor is, how and where the visitor came in, or which request is meant. Applications
believe them, for behind a router only the router could have said so. Nothing in front of this router is trusted, so
whatever a visitor sends of the kind is removed before a route is chosen; what the router itself says, it adds
afterwards. Names with an underscore are dropped by Envoy altogether: CGI and WSGI read them as the ones with a hyphen.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Family:
    """Headers of one kind; a name that ends with '*' stands for all that begin so."""

    reason: str
    names: tuple[str, ...]

    @property
    def pattern(self) -> str:
        """A regular expression (RE2) for the names, which are in lower case."""
        return "|".join(re.escape(name.removesuffix("*")) + (".*" if name.endswith("*") else "") for name in self.names)


def _family(reason: str, names: str) -> Family:
    return Family(reason, tuple(names.split()))


FORWARDING = _family(
    "how and from where the visitor came in (RFC 7239 and its forerunners)",
    "forwarded forwarded-* x-forwarded x-forwarded-* x-forward x-forward-* via front-end-https https x-https x-ssl "
    "x-scheme x-url-scheme x-host x-http-host-override x-real-ip x-real-port x-real-proto x-proto",
)
"""What a later setting may leave in requests from the address of a trusted proxy."""

TLS_VERSION_HEADER = "x-greenroom-tls-version"
"""Which version of TLS a visitor speaks, between the listener and the routes; no instance gets it."""

SCOPE_HEADER = "x-greenroom-scope"
"""By which host name the routes are found, between the listener and the routes; no instance gets it."""
ADMITTED_HEADER = "x-greenroom-admitted"
"""The slot into which the guard has let a request, between it and the routes; no instance gets it."""
BETWEEN = (TLS_VERSION_HEADER, SCOPE_HEADER, ADMITTED_HEADER)

REQUEST_HEADERS = (
    FORWARDING,
    _family(
        "the visitor's address, as proxies and content delivery networks say it",
        "client-ip x-client-ip x-client-address true-client-* x-true-* x-cluster-client-ip x-originating-* "
        "x-custom-ip-authorization remote-addr x-remote-addr x-remote-ip cdn-src-ip cdn-real-ip ali-cdn-real-ip "
        "do-connecting-ip fastly-client* fly-* cf-* cloudfront-* akamai-* x-akamai-* incap-* x-sucuri-* x-nf-* "
        "x-vercel-* x-azure-* x-appengine-* appengine-* x-gfe-* x-cdn-* proxy-client-ip wl-proxy-* x-proxyuser-ip",
    ),
    _family(
        "who the visitor is, as signing-in proxies say it",
        "remote-* x-remote-* x-webauth-* x-auth-request-* x-authenticated-* authenticated-* x-authz-* x-authentik-* "
        "auth-user* auth-groups auth-mail auth-cn x-auth-user* x-auth-id x-auth-name x-auth-given-name "
        "x-auth-family-name x-auth-preferred-username x-auth-email x-auth-group* x-auth-role* x-auth-subject "
        "x-auth-audience x-auth-expiresin x-auth-client* x-user x-user-name x-user-group* x-user-role* x-user-dn "
        "x-username x-userprincipalname x-preferred-username x-email x-groups x-roles x-userinfo x-identity* "
        "x-logged-in-* x-real-user impersonate-* x-impersonate-* x-vouch-* x-pomerium-* tailscale-* x-tailscale-* "
        "teleport-* x-goog-iap-* x-goog-authenticated-user-* x-endpoint-api-userinfo x-apigateway-* x-amzn-oidc-* "
        "x-ms-client-principal* x-ms-token-* x-jwt-assertion x-consumer-* x-credential-* x-anonymous-consumer "
        "x-proxy-user oidc-* x-oidc-* openid-* x-openid-* saml-* x-saml-* mellon-* x-mellon-* cas-* x-cas-* "
        "x-ldap-* x-okta-* x-keycloak-* x-spiffe-* shib-* shibboleth-* eppn sm-* iv-* ajp-*",
    ),
    _family(
        "the visitor's certificate, as whoever ends TLS says it (RFC 9440 and its forerunners)",
        "client-cert client-cert-* x-client-cert* x-client-dn x-client-s-dn x-client-i-dn "
        "x-client-verify x-client-subject* x-client-issuer* ssl-* x-ssl-* x-tls-* tls-client-* mtls-* x-mtls-* "
        "x-cert-* x-certificate-* x-peer-cert* x-subject-dn x-issuer-dn x-amzn-mtls-* x-arr-*",
    ),
    _family(
        "another request than the one that was sent",
        "x-original-* x-rewrite-* x-waws-* disguised-host was-default-hostname x-script-name script-name x-envoy-*",
    ),
    _family("what a server is to do with files on its disk", "x-accel-* x-sendfile*"),
    _family("a proxy of the application's own requests: CGI reads it as HTTP_PROXY", "proxy proxy-*"),
    _family("where the visitor lives, as proxies look it up", "x-geoip-* geoip-* x-geo-* x-country x-country-code"),
    _family("orders to the tracing of the application: which requests it must keep, and as whose", "b3 x-b3-*"),
    _family("the site and slot, which only this router says", "x-website-* x-greenroom-*"),
)

LEFT_IN_REQUESTS = _family(
    "senders other than proxies say these, and they state nothing that an application may rely on: traces as W3C has "
    "them begin in browsers, the method meant by a form, names that come with a key or token which the application "
    "checks itself",
    "traceparent tracestate baggage uber-trace-id x-amzn-trace-id x-cloud-trace-context "
    "x-correlation-id x-http-method-override x-auth-token x-auth-key x-access-token x-api-key x-user-id x-user-email "
    "x-user-token x-subject-token x-requested-with x-csrftoken x-client-info x-client-version authorization cookie "
    "origin referer user-agent accept-language "
    "cdn-loop max-forwards",
)

RESPONSE_HEADERS = (
    _family("which server software answers, and its version", "server"),
    _family("orders to this router, and what it knows of itself", "x-envoy-*"),
)


BY_TRUSTED_PROXIES = ("for", "proto")
"""What a trusted proxy says in X-Forwarded-…: the visitor's address, and how the visitor came in. The host stands in
Host. Anything else may have passed it unread: nginx, for one, hands on what a visitor sends."""
_FROM_TRUSTED = _family(FORWARDING.reason, " ".join(name for name in FORWARDING.names if name != "x-forwarded-*"))


def pattern_behind_proxies() -> str:
    """As `pattern_of` for all request headers but those two, for requests of a trusted proxy."""
    others = pattern_of((_FROM_TRUSTED, *REQUEST_HEADERS[1:]))
    return f"{others}|x-forwarded-(?:{other_than(BY_TRUSTED_PROXIES)})"


def other_than(words: tuple[str, ...]) -> str:
    """A regular expression for every text but these words; RE2 has no lookahead."""
    prefixes = sorted({word[:length] for word in words for length in range(len(word) + 1)})
    parts = []
    for prefix in prefixes:
        following = "".join(sorted({word[len(prefix)] for word in words if word.startswith(prefix) and word != prefix}))
        parts.append(f"{prefix}[^{following}].*" if following else f"{prefix}.+")
        if prefix not in words:
            parts.append(prefix)
    return "|".join(parts)


def pattern_of(families: tuple[Family, ...]) -> str:
    """One regular expression (RE2) for all names of the families."""
    return "|".join(family.pattern for family in families)
