"""Why a user has access or not, and what would change that."""
