"""Programs that run in the machine, with the product's Python and without a library of the tests."""
