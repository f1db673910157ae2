"""Pages of the account that stand on a sheet before the portal."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic.base import ContextMixin, TemplateResponseMixin, View


def sheet_context(back: str) -> dict[str, Any]:
    """What the templates of sheets need; closing leads to `back`."""
    return {"section": "settings", "settings_tab": "account", "base_template": "base.html", "back": back}


class OnSheet(TemplateResponseMixin, ContextMixin, View):
    """Beside a view of allauth's: the portal's frame, and 400 for what is not taken."""

    http_method_names = ["get", "head", "post"]

    @method_decorator([never_cache, sensitive_post_parameters()])
    def dispatch(self, request: HttpRequest, *args: Any, **more: Any) -> HttpResponseBase:
        """Never kept by a browser, and never shown in a report of a fault; then as allauth's view has it."""
        return super().dispatch(request, *args, **more)

    def get_context_data(self, **more: Any) -> dict[str, Any]:
        """With what the frame needs."""
        return {**super().get_context_data(**more), **sheet_context(reverse("account"))}

    def form_invalid(self, form: Any) -> HttpResponse:
        """The sheet once more."""
        return self.render_to_response(self.get_context_data(form=form), status=400)
