"""What several rooms know of one thing, put side by side for pages and commands."""
