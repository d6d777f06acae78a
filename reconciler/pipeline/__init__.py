"""What every command is made of: desired state, past, account, plan and apply. Knows no command line."""
