"""Objects in any store that speaks AWS's S3 and STS: sealed datasets, custodians' prefixes, short-lived credentials."""
