# One dataset version: unwrap its data key. Filled in with the version's identifier.

path "versions/decrypt/${version_id}" {
  capabilities = ["create", "update"]
}
