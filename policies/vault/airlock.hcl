# The airlock: signs release records and heads of the audit log, reads the public key, and opens the sketches of datasets
# that results are compared with. Nothing else: neither a dataset nor the making of a sketch.

path "record/sign/record" {
  capabilities = ["create", "update"]
}
path "record/keys/record" {
  capabilities = ["read"]
}

path "sketches/decrypt/+" {
  capabilities = ["create", "update"]
}
