"""What clients read before they know anybody: the endpoints of this cloud, and where one signs in to it."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from sites.arm import TENANT

NAME = "Greenroom"


@require_safe
def endpoints(request: HttpRequest, **_: str) -> HttpResponse:
    """The cloud, as `az cloud register --endpoint-resource-manager` asks for it. All of it is this server."""
    here = request.build_absolute_uri("/").rstrip("/")
    return JsonResponse(
        {
            "name": NAME,
            "portal": here,
            "authentication": {
                "loginEndpoint": f"{here}/{TENANT}",
                "audiences": [here],
                "tenant": TENANT,
                "identityProvider": "ADFS",
            },
            "resourceManager": here,
            "appServiceResourceId": here,
            "graph": here,
            "graphAudience": here,
            "microsoftGraphResourceId": here,
            "media": here,
            "gallery": here,
            "batch": here,
            "suffixes": {"storage": request.get_host(), "keyVaultDns": request.get_host()},
        }
    )


@require_safe
def openid_configuration(request: HttpRequest, **_: str) -> HttpResponse:
    """Where the token endpoint is (OpenID Connect Discovery 1.0). There is no page on which to sign in for a client."""
    login = request.build_absolute_uri(f"/{TENANT}")
    return JsonResponse(
        {
            "issuer": login,
            "token_endpoint": f"{login}/oauth2/token",
            "authorization_endpoint": f"{login}/oauth2/authorize",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
            "grant_types_supported": ["client_credentials"],
        }
    )
