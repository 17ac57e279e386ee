"""What passes between an applicant and one custodian while it decides: answers, comments, changes, advice, and time."""
