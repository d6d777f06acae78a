"""How text is written safely: quoting, counts, cutting to a length, CSV, SARIF."""
