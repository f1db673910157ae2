"""One line for whoever watches the installation."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from sites.supervisor.health import health


@never_cache
@require_safe
@login_not_required
def healthz(request: HttpRequest) -> HttpResponse:
    """200 or 503, and what is missing."""
    is_well, line = health()
    return HttpResponse(f"{line}\n", status=200 if is_well else 503, content_type="text/plain; charset=utf-8")
