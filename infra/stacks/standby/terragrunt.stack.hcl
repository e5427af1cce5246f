unit "kms" {
  source = "../../units/gcp/kms"
  path   = "kms"
}

unit "network" {
  source = "../../units/gcp/network"
  path   = "network"
}

unit "cluster" {
  source = "../../units/gcp/cluster"
  path   = "cluster"
}

unit "workload-identity" {
  source = "../../units/gcp/workload-identity"
  path   = "workload-identity"
}

unit "database" {
  source = "../../units/gcp/database"
  path   = "database"
}

unit "cache" {
  source = "../../units/gcp/cache"
  path   = "cache"
}

unit "table" {
  source = "../../units/gcp/table"
  path   = "table"
}

unit "stream" {
  source = "../../units/gcp/stream"
  path   = "stream"
}

unit "secrets" {
  source = "../../units/gcp/secrets"
  path   = "secrets"
}

unit "registry" {
  source = "../../units/gcp/registry"
  path   = "registry"
}

unit "ingress" {
  source = "../../units/gcp/ingress"
  path   = "ingress"
}

unit "interconnect" {
  source = "../../units/gcp/interconnect"
  path   = "interconnect"
}

unit "observability" {
  source = "../../units/gcp/observability"
  path   = "observability"
}

unit "backup" {
  source = "../../units/gcp/backup"
  path   = "backup"
}

unit "dns" {
  source = "../../units/gcp/dns"
  path   = "dns"
}

unit "audit" {
  source = "../../units/gcp/audit"
  path   = "audit"
}

unit "cost" {
  source = "../../units/gcp/cost"
  path   = "cost"
}
