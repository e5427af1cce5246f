package meshproof.terraform.alarms_test

import data.meshproof.terraform.alarms

test_heard if {
	plan := {"resources": [
		{"address": "a.b", "type": "aws_cloudwatch_metric_alarm", "values": {"alarm_actions": ["arn:x"], "treat_missing_data": "breaching"}},
		{"address": "a.c", "type": "aws_cloudwatch_composite_alarm", "values": {"alarm_actions": ["arn:x"]}},
	]}
	deny := alarms.deny with input as plan
	undecided := alarms.undecided with input as plan
	{d.msg | some d in deny} == set()
	count(undecided) == 0
}

test_unheard if {
	plan := {"resources": [
		{"address": "a.b", "type": "aws_cloudwatch_metric_alarm", "values": {"alarm_actions": [], "treat_missing_data": "breaching"}},
		{"address": "a.c", "type": "aws_cloudwatch_metric_alarm", "values": {"alarm_actions": null, "treat_missing_data": "breaching"}},
	]}
	deny := alarms.deny with input as plan
	undecided := alarms.undecided with input as plan
	{d.msg | some d in deny} == {"has no action"}
	count(undecided) == 0
}

test_silent if {
	plan := {"resources": [
		{"address": "a.b", "type": "aws_cloudwatch_metric_alarm", "values": {"alarm_actions": ["arn:x"], "treat_missing_data": "missing"}},
	]}
	deny := alarms.deny with input as plan
	undecided := alarms.undecided with input as plan
	{d.msg | some d in deny} == {"does not say what missing data means"}
	count(undecided) == 0
}

test_unknown if {
	plan := {"resources": [
		{"address": "a.b", "type": "aws_cloudwatch_metric_alarm", "values": {"treat_missing_data": "breaching"}},
	]}
	deny := alarms.deny with input as plan
	undecided := alarms.undecided with input as plan
	{d.msg | some d in deny} == set()
	count(undecided) == 1
}
