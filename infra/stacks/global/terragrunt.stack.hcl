unit "state" {
  source = "../../units/aws/state"
  path   = "state"
}

unit "ci" {
  source = "../../units/aws/ci"
  path   = "ci"
}

unit "dns" {
  source = "../../units/aws/dns"
  path   = "dns"
}

unit "audit" {
  source = "../../units/aws/audit"
  path   = "audit"
}

unit "cost" {
  source = "../../units/aws/cost"
  path   = "cost"
}

unit "failover" {
  source = "../../units/aws/failover"
  path   = "failover"
}

unit "incident" {
  source = "../../units/aws/incident"
  path   = "incident"
}

unit "detection" {
  source = "../../units/aws/detection"
  path   = "detection"

  values = {
    home = true
  }
}
