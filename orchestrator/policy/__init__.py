"""Asks Cedar “may this person do this to that thing”; the only room that knows Cedar; explains every refusal."""
