"""Tests of the portal's views."""
