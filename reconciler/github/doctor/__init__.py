"""Asks GitHub which protections a repository has, and explains what each lacking one leaves open. Changes nothing."""
