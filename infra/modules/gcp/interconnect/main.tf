resource "google_compute_router" "main" {
  project = var.project
  name    = var.name
  region  = var.region
  network = var.network_id

  # Links are encrypted below IP; this is about IPsec.
  encrypted_interconnect_router = false

  bgp {
    asn                = var.asn
    keepalive_interval = 20
    advertise_mode     = "CUSTOM"
    advertised_groups  = []

    dynamic "advertised_ip_ranges" {
      for_each = var.advertised_cidrs
      content {
        description = advertised_ip_ranges.key
        range       = advertised_ip_ranges.value
      }
    }
  }

  # AWS makes the key of each session; it is set out of band, for it is a secret.
  lifecycle {
    ignore_changes = [md5_authentication_keys]
  }
}

resource "google_compute_interconnect" "main" {
  for_each = var.links

  project              = var.project
  name                 = "${var.name}-${each.key}"
  description          = "Dedicated link ${each.key} to the primary"
  location             = each.value.location
  customer_name        = var.customer_name
  noc_contact_email    = var.noc_contact_email
  interconnect_type    = "DEDICATED"
  link_type            = "LINK_TYPE_ETHERNET_10G_LR"
  requested_link_count = 1
  requested_features   = ["IF_MACSEC"]
  admin_enabled        = true
  macsec_enabled       = true

  macsec {
    fail_open = false

    pre_shared_keys {
      name       = each.value.macsec_key.name
      start_time = each.value.macsec_key.start_time
    }
  }

  # A port is a contract with a cable on it.
  lifecycle {
    prevent_destroy = true
  }
}

resource "google_compute_interconnect_attachment" "main" {
  for_each = var.links

  project       = var.project
  name          = "${var.name}-${each.key}"
  description   = "Link ${each.key} to the primary"
  region        = var.region
  router        = google_compute_router.main.id
  interconnect  = google_compute_interconnect.main[each.key].id
  type          = "DEDICATED"
  admin_enabled = true
  bandwidth     = var.bandwidth
  encryption    = "NONE"
  mtu           = "1500"
  stack_type    = "IPV4_ONLY"
  subnet_length = 29

  candidate_subnets = [each.value.bgp_range]
  vlan_tag8021q     = each.value.vlan_tag
}

resource "google_compute_router_interface" "main" {
  for_each = var.links

  project                 = var.project
  name                    = "${var.name}-${each.key}"
  region                  = var.region
  router                  = google_compute_router.main.name
  interconnect_attachment = google_compute_interconnect_attachment.main[each.key].id
  ip_range                = "${cidrhost(each.value.bgp_range, 1)}/29"
}

resource "google_compute_router_peer" "main" {
  for_each = var.links

  project         = var.project
  name            = "${var.name}-${each.key}"
  region          = var.region
  router          = google_compute_router.main.name
  interface       = google_compute_router_interface.main[each.key].name
  enable          = true
  peer_asn        = var.peer_asn
  ip_address      = cidrhost(each.value.bgp_range, 1)
  peer_ip_address = cidrhost(each.value.bgp_range, 2)
  advertise_mode  = "DEFAULT"

  # Equal on both: they share the load, and either may be lost.
  advertised_route_priority = 100

  bfd {
    session_initialization_mode = "ACTIVE"
    min_receive_interval        = var.bfd.interval_ms
    min_transmit_interval       = var.bfd.interval_ms
    multiplier                  = var.bfd.multiplier
  }

  lifecycle {
    ignore_changes = [md5_authentication_key]
  }
}
