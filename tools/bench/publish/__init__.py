"""What it costs to publish, and to serve a static site: `./greenroom bench publish`."""
