"""One address for clients of Azure: its methods with their scopes, the version, and the one form of every refusal."""

import logging
import re
from collections.abc import Callable
from datetime import date

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern
from django.urls.resolvers import RegexPattern
from django.views.decorators.csrf import csrf_exempt

from sites.arm.asked import Asked
from sites.arm.authentication import person_of
from sites.arm.problems import problem
from sites.errors import (
    AddressNotOffered,
    GreenroomError,
    NoSpaceLeft,
    NotAllowed,
    NotFound,
    RequestRefused,
    VersionRefused,
    is_disk_full,
)
from sites.models import Scope

logger = logging.getLogger(__name__)
View = Callable[[Asked], HttpResponse]
OLDEST = date(2015, 8, 1)
"""The first version with slots in this form."""
_VERSION = re.compile(r"(\d{4}-\d{2}-\d{2})(-preview|-alpha|-beta)?")
_PLACE = re.compile(r"\{(\w+)\}")


def route(template: str, **methods: tuple[Scope, View]) -> URLPattern:
    """The address `template` with what answers each method, and the scope that it needs.

    `{name}` is a part of the path; what stands in brackets may be left out. Upper and lower case are the same, and a
    slash at the end changes nothing.
    """
    pattern = _PLACE.sub(r"(?P<\1>[^/]+)", template.replace("[", "(?:").replace("]", ")?"))
    return in_any_case(rf"^{pattern}/*\Z", _view_of(methods))


def anything(beginning: str) -> URLPattern:
    """Whatever else begins so: nothing is offered there."""
    return in_any_case(rf"^{beginning}(?:/.*)?\Z", _view_of({}))


def in_any_case(pattern: str, view: Callable[..., HttpResponse]) -> URLPattern:
    """As re_path, with upper and lower case alike. With a flag inside the pattern Django could reverse no address."""
    return URLPattern(_AnyCase(pattern), view)


class _AnyCase(RegexPattern):
    def __init__(self, pattern: str) -> None:
        super().__init__(pattern, is_endpoint=True)
        self.regex = re.compile(pattern, re.IGNORECASE)


def _view_of(methods: dict[str, tuple[Scope, View]]) -> Callable[..., HttpResponse]:
    @csrf_exempt
    def answer(request: HttpRequest, **names: str) -> HttpResponse:
        try:
            return _answer(request, methods, names)
        except GreenroomError as error:
            if isinstance(error, NotAllowed):
                logger.warning("%s %s was refused to %s: %s", request.method, request.path, request.user, error)
            return problem(error)
        except Http404:
            return problem(NotFound())
        except BadRequest as error:
            return problem(RequestRefused(f"The request cannot be read: {error}. Nothing was changed."))
        except Exception as error:
            if not is_disk_full(error):
                raise
            return problem(NoSpaceLeft(what="What you asked for", holds="Nothing was changed."))

    return answer


def _answer(request: HttpRequest, methods: dict[str, tuple[Scope, View]], names: dict[str, str]) -> HttpResponse:
    method = "GET" if request.method == "HEAD" else str(request.method)
    scope, view = methods.get(method, (Scope.READ, None))
    user = person_of(request, scope)
    request.user = user
    if view is None:
        raise AddressNotOffered(method=request.method, path=request.path)
    _check_version(request)
    named = {name: value for name, value in names.items() if value is not None}
    answer = view(Asked(request, user, named))
    if method != "GET":
        logger.info("%s %s by %s: %d", request.method, request.path, user.get_username(), answer.status_code)
    return answer


def _check_version(request: HttpRequest) -> None:
    """Raises VersionRefused. Newer versions than are known are taken: what they add is refused where it is sent."""
    given = request.GET.get("api-version", "")
    found = _VERSION.fullmatch(given)
    try:
        if found and date.fromisoformat(found[1]) >= OLDEST:
            return
    except ValueError:
        pass
    said = f"the api-version '{given[:40]}', which there is not" if given else "no api-version"
    raise VersionRefused(version=said, oldest=OLDEST.isoformat())
