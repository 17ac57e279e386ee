# The controller: makes keys, policies, token roles and database roles for granted datasets, and issues and revokes
# leases. It can wrap a new data key but never unwrap one, and it can neither sign nor change its own policy.
# What it may write under tre-version-* and tre-database-* is limited by name, not by content: whoever holds this
# identity can issue access to any dataset. That is why its credentials are one process's alone.

path "versions/keys/+" {
  capabilities      = ["create", "update", "read"]
  denied_parameters = {
    "exportable"             = []
    "allow_plaintext_backup" = []
  }
}
path "versions/datakey/plaintext/+" {
  capabilities = ["create", "update"]
}

# Sketches of datasets, with which the airlock compares results: made here, opened by the airlock alone.
path "sketches/keys/+" {
  capabilities      = ["create", "update", "read"]
  denied_parameters = {
    "exportable"             = []
    "allow_plaintext_backup" = []
  }
}
path "sketches/datakey/plaintext/+" {
  capabilities = ["create", "update"]
}

path "sys/policies/acl/tre-version-*" {
  capabilities = ["create", "update", "read"]
}
path "sys/policies/acl/tre-database-*" {
  capabilities = ["create", "update", "read"]
}

# One role per lease: it bounds how long the lease's token can be renewed.
path "auth/token/roles/tre-*" {
  capabilities = ["create", "update", "read"]
}
path "auth/token/create/tre-*" {
  capabilities = ["create", "update"]
}
path "auth/token/accessors" {
  capabilities = ["list", "sudo"]
}
path "auth/token/accessors/" {
  capabilities = ["list", "sudo"]
}
path "auth/token/lookup-accessor" {
  capabilities = ["create", "update"]
}
path "auth/token/revoke-accessor" {
  capabilities = ["create", "update"]
}

# On a cluster: one role per awake project, by which its agent logs in (docs/how-to/vault-on-kubernetes.md). The content
# is limited too: a role can admit accounts named “agent” only, and give them nothing but to look after themselves.
path "auth/kubernetes/role" {
  capabilities = ["list"]
}
path "auth/kubernetes/role/" {
  capabilities = ["list"]
}
path "auth/kubernetes/role/+" {
  capabilities        = ["create", "update", "read", "delete"]
  allowed_parameters  = {
    "bound_service_account_names"      = [["agent"]]
    "bound_service_account_namespaces" = []
    "audience"                         = ["vault"]
    "token_policies"                   = [["tre-self"]]
    "token_no_default_policy"          = [true]
    "token_type"                       = ["service"]
    "token_ttl"                        = []
    "token_explicit_max_ttl"           = []
  }
}

path "database/config" {
  capabilities = ["list"]
}
path "database/config/+" {
  capabilities = ["create", "update", "read"]
}
path "database/rotate-root/+" {
  capabilities = ["create", "update"]
}
path "database/roles/+" {
  capabilities = ["create", "update", "read"]
}

path "record/keys/record" {
  capabilities = ["read"]
}
