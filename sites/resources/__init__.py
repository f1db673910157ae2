"""Databases beside a web site: what their connection strings say, and whether they answer."""
