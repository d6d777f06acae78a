"""What must hold before anything runs: guardrails, separation of duties, convergence."""
