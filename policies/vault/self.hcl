# What every agent's and every lease's token may do with itself: live on, be looked at, end.

path "auth/token/lookup-self" {
  capabilities = ["read"]
}
path "auth/token/renew-self" {
  capabilities = ["create", "update"]
}
path "auth/token/revoke-self" {
  capabilities = ["create", "update"]
}
