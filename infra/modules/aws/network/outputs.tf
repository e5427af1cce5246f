output "data_route_table_ids" {
  description = "Route table of the data subnet of each zone."
  value       = { for zone, t in aws_route_table.data : zone => t.id }
}

output "data_subnet_cidrs" {
  description = "Block of the data subnet of each zone."
  value       = local._data_cidrs
}

output "data_subnet_ids" {
  description = "Subnet of the data stores in each zone."
  value       = { for zone, s in aws_subnet.data : zone => s.id }
}

output "edge_subnet_ids" {
  description = "Subnet of the public load balancer in each zone."
  value       = { for zone, s in aws_subnet.edge : zone => s.id }
}

output "endpoint_security_group_id" {
  description = "Security group of the interface endpoints."
  value       = aws_security_group.endpoints.id
}

output "flow_log_group_names" {
  description = "Flow log group of the site and of its peer."
  value = {
    main = aws_cloudwatch_log_group.flow.name
    peer = aws_cloudwatch_log_group.peer_flow.name
  }
}

output "nat_addresses" {
  description = "Public address of each NAT gateway, by zone."
  value       = { for zone, ip in aws_eip.nat : zone => ip.public_ip }
}

output "peer_data_route_table_ids" {
  description = "Route table of the data subnet of each peer zone."
  value       = { for zone, t in aws_route_table.peer_data : zone => t.id }
}

output "peer_data_subnet_ids" {
  description = "Subnet of the replicas in each peer zone."
  value       = { for zone, s in aws_subnet.peer_data : zone => s.id }
}

output "peer_transit_subnet_ids" {
  description = "Subnet of the transit gateway in each peer zone."
  value       = { for zone, s in aws_subnet.peer_transit : zone => s.id }
}

output "peer_vpc_cidr" {
  description = "Network of the peer region."
  value       = aws_vpc.peer.cidr_block
}

output "peer_vpc_id" {
  description = "VPC of the peer region."
  value       = aws_vpc.peer.id
}

output "private_route_table_ids" {
  description = "Route table of the private subnet of each zone."
  value       = { for zone, t in aws_route_table.private : zone => t.id }
}

output "private_subnet_ids" {
  description = "Subnet of the workloads in each zone."
  value       = { for zone, s in aws_subnet.private : zone => s.id }
}

output "s3_prefix_list_id" {
  description = "Prefix list of S3 in the region, for narrow egress."
  value       = aws_vpc_endpoint.s3.prefix_list_id
}

output "transit_subnet_ids" {
  description = "Subnet of the transit gateway in each zone."
  value       = { for zone, s in aws_subnet.transit : zone => s.id }
}

output "vpc_cidr" {
  description = "Network of the site."
  value       = aws_vpc.main.cidr_block
}

output "vpc_id" {
  description = "VPC of the site."
  value       = aws_vpc.main.id
}
