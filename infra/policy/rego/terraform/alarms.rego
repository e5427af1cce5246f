# METADATA
# title: An alarm reaches somebody, and silence is an alarm
# description: >-
#   An alarm without an action is a light in an empty room. What happens when its metric stops is stated: the data
#   of a dead site is missing, not zero.
# related_resources:
# - ref: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
# custom:
#   id: TF-010
#   severity: medium
package meshproof.terraform.alarms

import data.meshproof.lib.terraform

alarms := terraform.resources({"aws_cloudwatch_composite_alarm", "aws_cloudwatch_metric_alarm"})

deny contains terraform.finding("TF-010", alarm, "has no action") if {
	some alarm in alarms
	terraform.known(alarm, "alarm_actions")
	count(object.get(alarm.values, "alarm_actions", [])) == 0
}

deny contains terraform.finding("TF-010", alarm, "has no action") if {
	some alarm in alarms
	alarm.values.alarm_actions == null
}

deny contains terraform.finding("TF-010", alarm, "does not say what missing data means") if {
	some alarm in terraform.resources({"aws_cloudwatch_metric_alarm"})
	terraform.known(alarm, "treat_missing_data")
	alarm.values.treat_missing_data in {null, "missing"}
}

undecided contains terraform.finding("TF-010", alarm, "its actions are known only after apply") if {
	some alarm in alarms
	terraform.unknown(alarm, "alarm_actions")
}
