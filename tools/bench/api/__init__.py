"""What the API costs its server, and what visitors feel of swaps that a program asks for."""
