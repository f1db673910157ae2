"""Django admin looks like the portal, and leads back to it."""

from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse


def test_every_page_has_our_band_styles_and_ways_back(db: None) -> None:
    administrator = Client(SERVER_NAME="localhost")
    administrator.force_login(User.objects.create_superuser("root", password="root"))
    for address in (reverse("admin:index"), reverse("admin:sites_operation_changelist")):
        page = administrator.get(address).content.decode()
        assert 'href="/static/css/admin.css"' in page and "admin/css/dark_mode.css" not in page
        assert f'href="{reverse("site-list")}"' in page and f'action="{reverse("sign-out")}"' in page
        assert " - Greenroom</title>" in page
