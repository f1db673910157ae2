"""Requests to addresses that a person of the portal gave: where they may lead, and within which bounds."""
