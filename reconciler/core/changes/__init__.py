"""The closed set of changes; plans, outcomes and notifications, and their redaction."""
