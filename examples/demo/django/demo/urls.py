"""Addresses of the demonstration."""

from django.urls import path

from demo import views

urlpatterns = [
    path("", views.index),
    path("slow", views.slow),
    path("sign-in", views.sign_in),
    path("whoami", views.who_am_i),
    path("note", views.note),
]
