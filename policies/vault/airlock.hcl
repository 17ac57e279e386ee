# The airlock: signs release records and heads of the audit log, and reads the public key. Nothing else.

path "record/sign/record" {
  capabilities = ["create", "update"]
}
path "record/keys/record" {
  capabilities = ["read"]
}
