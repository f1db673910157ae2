"""Addresses of the portal."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from portal.accounts.views import sign_in, welcome
from portal.views import (
    api,
    assets,
    authority,
    commands,
    compare,
    custom_create,
    delete,
    health,
    kept,
    metrics,
    new,
    news,
    operations,
    rollback,
    sites,
    swap,
    visit,
)

handler400 = "portal.views.errors.bad_request"
handler403 = "portal.views.errors.forbidden"
handler404 = "portal.views.errors.not_found"
handler500 = "portal.views.errors.server_error"

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="site-list"), name="home"),
    path("favicon.ico", assets.favicon),
    path("healthz", health.healthz, name="healthz"),
    path("metrics", metrics.metrics, name="metrics"),
    path("sign-in/", include("portal.accounts.sign_in_urls")),
    path("sign-out/", sign_in.sign_out, name="sign-out"),
    path("welcome/<str:token>/", welcome.welcome, name="welcome"),
    path(".well-known/change-password", RedirectView.as_view(pattern_name="account")),
    path(".well-known/acme-challenge/<str:token>", authority.proof, name="authority-proof"),
    path("visit/", visit.visit, name="visit"),
    path("kept/discard/", kept.discard, name="kept-discard"),
    path("all/", sites.all_items, name="all-items"),
    path("sites/", sites.site_list, name="site-list"),
    path("sites/tree/", sites.toggle, name="site-tree"),
    path("new/", new.new, name="new"),
    path("new/name/", new.check_name, name="new-name"),
    path("new/custom/", custom_create.custom_create, name="new-custom"),
    path("new/web-site/", new.create, name="site-create"),
    path("new/sample/", new.create_sample, name="sample-create"),
    path("news/", news.news, name="news"),
    path("news/frame/", news.frame, name="frame"),
    path("operations/", operations.logs, name="operation-logs"),
    path("operations/export.csv", operations.export, name="operation-export"),
    path("operations/<uuid:public_id>/", operations.details, name="operation"),
    path("operations/<uuid:public_id>/restore/", operations.restore, name="operation-restore"),
    path("operations/<uuid:public_id>/dismiss/", operations.dismiss, name="operation-dismiss"),
    path("operations/<uuid:public_id>/cancel/", operations.cancel, name="operation-cancel"),
    path("sites/<str:site_name>/compare/", compare.compare_slots, name="site-compare"),
    path("sites/<str:site_name>/compare/reveal/", compare.reveal_compared, name="site-compare-reveal"),
    path("sites/<str:site_name>/<str:slot_name>/start/", commands.start, name="slot-start"),
    path("sites/<str:site_name>/<str:slot_name>/stop/", commands.stop, name="slot-stop"),
    path("sites/<str:site_name>/<str:slot_name>/restart/", commands.restart, name="slot-restart"),
    path("sites/<str:site_name>/<str:slot_name>/swap/", swap.swap, name="slot-swap"),
    path("sites/<str:site_name>/<str:slot_name>/complete/", swap.complete, name="slot-complete"),
    path("sites/<str:site_name>/<str:slot_name>/rollback/", rollback.roll_back, name="slot-rollback"),
    path("sites/<str:site_name>/<str:slot_name>/delete/", delete.delete, name="slot-delete"),
    path("sites/<str:site_name>/<str:slot_name>/enable/", commands.enable, name="site-enable"),
    path("sites/<str:site_name>/<str:slot_name>/mode/", commands.change_mode, name="site-mode"),
    path("sites/<str:site_name>/<str:slot_name>/", include("portal.site_urls")),
    path("settings/", include("portal.settings_urls")),
    path("api/v1/", include("sites.api.urls")),
    path("", include("sites.arm.urls")),
    path("api/try/", api.try_it, name="api-try"),
    path("api/try/<str:file>", api.asset, name="api-asset"),
    path("admin/login/", sign_in.admin_sign_in),
    path("admin/password_change/", RedirectView.as_view(pattern_name="account")),  # Django's own counts no tries
    path("admin/", admin.site.urls),
]
