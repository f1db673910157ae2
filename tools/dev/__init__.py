"""Greenroom for those who change it."""
