output "alarm_arns" {
  description = "Alarms of the links, by link and state."
  value = {
    for key, alarm in aws_cloudwatch_metric_alarm.connection : key => alarm.arn
  }
}

output "connection_ids" {
  description = "Direct Connect connection of each link."
  value       = { for key, c in aws_dx_connection.main : key => c.id }
}

output "direct_connect_gateway_id" {
  description = "Direct Connect gateway to which both regions are associated."
  value       = aws_dx_gateway.main.id
}

output "peer_transit_gateway_id" {
  description = "Transit gateway of the peer region."
  value       = aws_ec2_transit_gateway.peer.id
}

output "transit_gateway_id" {
  description = "Transit gateway of the site."
  value       = aws_ec2_transit_gateway.main.id
}

output "virtual_interface_ids" {
  description = "Transit virtual interface of each link."
  value = {
    for key, interface in aws_dx_transit_virtual_interface.main :
    key => interface.id
  }
}
