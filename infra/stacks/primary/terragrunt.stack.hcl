unit "kms" {
  source = "../../units/aws/kms"
  path   = "kms"
}

unit "network" {
  source = "../../units/aws/network"
  path   = "network"
}

unit "cluster" {
  source = "../../units/aws/cluster"
  path   = "cluster"
}

unit "workload-identity" {
  source = "../../units/aws/workload-identity"
  path   = "workload-identity"
}

unit "database" {
  source = "../../units/aws/database"
  path   = "database"
}

unit "cache" {
  source = "../../units/aws/cache"
  path   = "cache"
}

unit "table" {
  source = "../../units/aws/table"
  path   = "table"
}

unit "stream" {
  source = "../../units/aws/stream"
  path   = "stream"
}

unit "secrets" {
  source = "../../units/aws/secrets"
  path   = "secrets"
}

unit "registry" {
  source = "../../units/aws/registry"
  path   = "registry"
}

unit "ingress" {
  source = "../../units/aws/ingress"
  path   = "ingress"
}

unit "interconnect" {
  source = "../../units/aws/interconnect"
  path   = "interconnect"
}

unit "observability" {
  source = "../../units/aws/observability"
  path   = "observability"
}

unit "backup" {
  source = "../../units/aws/backup"
  path   = "backup"
}

unit "detection" {
  source = "../../units/aws/detection"
  path   = "detection"

  values = {
    home = false
  }
}
