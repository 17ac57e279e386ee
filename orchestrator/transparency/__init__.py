"""What everybody may know: the public register, sheets for the data's owners, and what hubs tell one another."""
