variable "alarm_topic_arn" {
  description = "Topic of this region that alarms are sent to."
  type        = string
  nullable    = false
}

variable "broker_count" {
  description = "Brokers in all, the same number in each zone."
  type        = number
  nullable    = false

  validation {
    condition     = var.broker_count >= 3 && var.broker_count % 3 == 0
    error_message = "Brokers come in threes: one for each zone."
  }
}

variable "data_subnet_ids" {
  description = "Data subnets by zone."
  type        = map(string)
  nullable    = false

  validation {
    condition     = length(var.data_subnet_ids) == 3
    error_message = "Three replicas need three zones."
  }
}

variable "instance_type" {
  description = "Type of a broker."
  type        = string
  nullable    = false
}

variable "kafka_version" {
  description = "Kafka version without ZooKeeper, for example 3.9.x.kraft."
  type        = string
  nullable    = false

  validation {
    condition     = endswith(var.kafka_version, ".kraft")
    error_message = "Use a version that runs without ZooKeeper (.kraft)."
  }
}

variable "key_arns" {
  description = "Keys by purpose."
  type        = object({ logs = string, stream = string })
  nullable    = false
}

variable "log_retention_hours" {
  description = "Hours that records are kept; longer than the longest outage of the bridge."
  type        = number
  nullable    = false

  validation {
    condition     = var.log_retention_hours >= 72
    error_message = "Keep records for a long week-end at least: 72 hours."
  }
}

variable "name" {
  description = "Name of the cluster and prefix of all it needs."
  type        = string
  nullable    = false
}

variable "node_security_group_id" {
  description = "Security group of the nodes that clients run on."
  type        = string
  nullable    = false
}

variable "retention_days" {
  description = "Days that the brokers' logs are kept."
  type        = number
  nullable    = false
}

variable "topics" {
  description = "Topics by owning service. What is null is what the brokers give every topic."
  type = map(object({
    name                = string
    min_insync_replicas = optional(number)
    partitions          = optional(number)
    replication_factor  = optional(number)
  }))
  nullable = false

  validation {
    condition = alltrue([
      for topic in values(var.topics) :
      coalesce(topic.min_insync_replicas, 2) < coalesce(topic.replication_factor, 3) && coalesce(topic.min_insync_replicas, 2) >= 2
    ])
    error_message = "Two replicas in sync at least, and one that may be lost."
  }
}

variable "volume_gb" {
  description = "Disk of a broker at the start."
  type        = number
  nullable    = false
}

variable "volume_max_gb" {
  description = "Disk of a broker at most."
  type        = number
  nullable    = false
}

variable "vpc_id" {
  description = "Network of the brokers."
  type        = string
  nullable    = false
}
