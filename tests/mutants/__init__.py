"""Hand-made mistakes in the core, each of which the suite must notice: `make mutants`."""
