"""Addresses that publishing clients call, on a slot's publishing host name."""

urlpatterns: list = []
