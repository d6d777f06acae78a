"""An in-memory 4me, pure: used by tests, by the convergence check, and by the sandbox."""
