# One dataset version in a database: draw a read-only role for a session, renew it, end it.

path "database/creds/${version_id}" {
  capabilities = ["read"]
}
path "sys/leases/renew/database/creds/${version_id}/+" {
  capabilities = ["create", "update"]
}
path "sys/leases/revoke/database/creds/${version_id}/+" {
  capabilities = ["create", "update"]
}
