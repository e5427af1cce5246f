output "analyzer_arn" {
  description = "Analyzer of access from outside the account."
  value       = aws_accessanalyzer_analyzer.external.arn
}

output "detector_id" {
  description = "GuardDuty detector of the region."
  value       = aws_guardduty_detector.main.id
}

output "recorder_name" {
  description = "Configuration recorder of the region."
  value       = aws_config_configuration_recorder.main.name

  depends_on = [aws_config_configuration_recorder_status.main]
}
