"""What a checker looks through: tables a page at a time, columns in figures, differences, places of findings."""
