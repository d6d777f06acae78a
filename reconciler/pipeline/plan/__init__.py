"""From the desired state, the past and the account to a plan whose changes name their lines."""
