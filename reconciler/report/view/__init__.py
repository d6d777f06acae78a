"""What a report shows, before a template spells it."""
