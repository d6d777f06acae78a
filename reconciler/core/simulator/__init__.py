"""An in-memory 4me, pure: the oracle of tests and of convergence, and the heart of the sandbox."""
