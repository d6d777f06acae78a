"""The command line: wires the rooms together, prints, and turns errors into exit codes. Decides nothing."""
