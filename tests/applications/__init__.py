"""Real applications, published as their generators and indexes give them: `./greenroom test --applications`."""
