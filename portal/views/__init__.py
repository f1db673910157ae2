"""The portal's views: decorators, access gate, form, service, answer."""
