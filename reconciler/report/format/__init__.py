"""Text that is safe to show: quoting, sentences about plans, cutting to a length, CSV, SARIF."""
