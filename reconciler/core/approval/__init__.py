"""What reviewers approved, what of it still holds, and what an apply leaves open."""
