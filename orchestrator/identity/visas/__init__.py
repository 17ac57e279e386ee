"""GA4GH Passport visas: what trusted issuers say of people here, and what this installation says of its grants."""
