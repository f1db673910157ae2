"""The demonstration: two real applications, swapped under load, and what that proved."""
