"""The load generator: clients that never retry, and the analysis of what they were answered."""
