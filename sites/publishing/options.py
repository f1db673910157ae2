"""What clients say in the query of an address: switches, a message, an author, a path inside the web site."""

from django.http import HttpRequest

from sites.archives import Origin
from sites.content.changes import safe_path
from sites.errors import NotFound, PublicationRefused
from sites.publishing.authentication import publisher_of
from sites.services.plain_line import plain_line

ROOT = "site/wwwroot"
"""Where clients of Kudu see the content of a web site; some write /home in front of it."""
ON, OFF = ("true", "1", "yes"), ("false", "0", "no")


def option(request: HttpRequest, name: str, otherwise: str = "") -> str:
    """What the query says; clients of Kudu write a name in any case, as `Deployer`."""
    return next((value for key, value in request.GET.dict().items() if key.lower() == name.lower()), otherwise)


def is_on(request: HttpRequest, name: str, *, default: bool) -> bool:
    """A switch. Raises PublicationRefused for what is neither on nor off."""
    value = option(request, name).lower()
    if not value:
        return default
    if value not in (*ON, *OFF):
        raise PublicationRefused(f"{name}='{value}' is neither true nor false. Nothing was changed.")
    return value in ON


def message_of(request: HttpRequest, otherwise: str) -> str:
    """Names the deployment. Raises SettingRefused for a control character."""
    return plain_line(option(request, "message", otherwise), "The message of the publication")


def origin_of(request: HttpRequest, otherwise: str, deployer: str) -> Origin:
    """For the history. Raises SettingRefused for a control character."""
    return Origin(
        message=message_of(request, otherwise),
        author=plain_line(option(request, "author"), "The author") or publisher_of(request).name,
        deployer=plain_line(option(request, "deployer", deployer), "The deployer")[:32],
    )


def path_in_site(path: str) -> str:
    """A path as clients name it: 'css/site.css', '/home/site/wwwroot/css/site.css'; '' is the site itself.

    Raises PublicationRefused for another absolute path, and for one that could leave the site.
    """
    inside = path.strip("/")
    if path.startswith("/home/") or inside == "home":
        inside = inside.removeprefix("home").strip("/")
    if inside == ROOT or inside.startswith(f"{ROOT}/"):
        inside = inside.removeprefix(ROOT).strip("/")
    elif path.startswith("/home/"):
        raise PublicationRefused(f"'{path}' is no part of the web site. Nothing was changed; use /home/{ROOT}.")
    return safe_path(inside) if inside else ""


def path_below_root(path: str) -> str:
    """What follows site/wwwroot in the address of a file; a folder ends with a slash. Raises NotFound."""
    if path.rstrip("/") == ROOT:
        return ""
    if not path.startswith(f"{ROOT}/"):
        raise NotFound
    inside = path.removeprefix(f"{ROOT}/")
    return f"{safe_path(inside.rstrip('/'))}/" if inside.endswith("/") else safe_path(inside)
