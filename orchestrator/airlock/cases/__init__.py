"""What goes beyond votes: overrides, appeals, sign-offs, recalls and holds."""
