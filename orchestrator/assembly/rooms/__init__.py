"""The rooms, opened a wing at a time, each wing on those below it."""
