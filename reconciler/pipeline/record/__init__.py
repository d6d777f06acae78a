"""The past of a tenant: its record of applies, the states that were applied, and the evidence of who was ours."""
