"""The agent: a daemon without Django that owns the instances of one machine."""
