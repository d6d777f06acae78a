"""The types of the YAML contract: users, groups, filters, mappings, tenants, guardrails and notifiers."""
