"""The guard: whom Envoy asks before it lets a visitor into a slot that is not open to everybody."""
