"""The processes of `up`: started in order, watched, restarted, adopted and stopped."""
