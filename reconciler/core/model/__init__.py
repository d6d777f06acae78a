"""What users, groups, keys and states are, and how two values are compared and matched."""
