"""Who may use what, until when: applications over several custodians, decisions, projects, members and grants."""
