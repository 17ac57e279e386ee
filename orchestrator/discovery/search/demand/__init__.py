"""What is looked for and not found, told only where enough people looked for it."""
