"""Hubs tell one another what they have, whom they accredited and what their data are used for, by signed documents."""
