"""What YAML may declare: users, groups, filters, mappings, tenants, guardrails and notifiers."""
