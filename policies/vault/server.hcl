# The embedded Vault server: loopback only, one machine, started and unsealed without a person.

ui            = false
api_addr      = "${address}"
cluster_addr  = "https://127.0.0.1:${cluster_port}"
log_level     = "warn"
default_lease_ttl = "5m"
max_lease_ttl     = "8760h"

listener "tcp" {
  address                  = "127.0.0.1:${port}"
  cluster_address          = "127.0.0.1:${cluster_port}"
  tls_disable              = true
  max_request_size         = 1048576
  max_request_duration     = "15s"
  max_request_json_strings = 1000
}

storage "raft" {
  path                   = "${directory}/raft"
  node_id                = "single"
  performance_multiplier = 1
}

seal "static" {
  current_key_id = "machine"
  current_key    = "file://${directory}/seal.key"
}

audit "file" "main" {
  options {
    file_path = "${directory}/audit.log"
    mode      = "0600"
  }
}
