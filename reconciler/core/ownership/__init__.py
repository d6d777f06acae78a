"""Who is ours and who left: the record of applies, the evidence of git, and the verdict on each live user. Pure."""
