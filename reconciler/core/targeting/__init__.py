"""Which keys a plan is about, and what to ask the account for them."""
