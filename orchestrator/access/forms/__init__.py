"""Questions and forms: a bank that everybody shares, and what each custodian asks out of it and beside it."""
