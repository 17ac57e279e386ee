"""The training queue: planted files on which checkers learn, and what they miss."""
