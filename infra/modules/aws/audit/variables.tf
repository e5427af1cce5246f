variable "access_log_bucket" {
  description = "Bucket that takes the S3 access logs of this region."
  type        = string
  nullable    = false
}

variable "account_id" {
  description = "AWS account of the environment."
  type        = string
  nullable    = false
}

variable "environment" {
  description = "Environment whose deeds are recorded."
  type        = string
  nullable    = false
}

variable "log_days" {
  description = "How long the trail can be searched in CloudWatch; the bucket keeps it longer."
  type        = number
  nullable    = false
}

variable "name" {
  description = "Environment-wide prefix of names."
  type        = string
  nullable    = false
}

variable "region" {
  description = "Home region of the trail."
  type        = string
  nullable    = false
}

variable "retention_days" {
  description = "How long a record can be deleted by nobody."
  type        = number
  nullable    = false

  validation {
    condition     = var.retention_days >= 1
    error_message = "A record is kept for one day at least."
  }
}

variable "ticket_topic_arn" {
  description = "Topic of the alarms that can wait for the morning."
  type        = string
  nullable    = false
}

variable "topic_arn" {
  description = "Topic of the alarms that cannot wait."
  type        = string
  nullable    = false
}
