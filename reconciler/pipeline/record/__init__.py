"""The past of a tenant: its record of applies, the applied states, and the evidence of ownership."""
