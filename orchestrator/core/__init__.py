"""Words every room uses: errors, time, identifiers, events. Imports nothing of ours."""
