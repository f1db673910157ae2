"""The real az and its libraries against a real Greenroom: `./greenroom test --azure`."""
