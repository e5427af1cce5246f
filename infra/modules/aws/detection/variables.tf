variable "config" {
  description = "Where the recorder delivers, with which key, and as whom."
  type = object({
    bucket   = string
    key_arn  = string
    role_arn = string
  })
  nullable = false
}

variable "dead_letter_queue_arn" {
  description = "Where a finding waits that the topic did not take."
  type        = string
  nullable    = false
}

variable "home" {
  description = "Whether this region gathers and reports the findings of the linked ones, and records what belongs to no region."
  type        = bool
  nullable    = false
}

variable "linked_regions" {
  description = "Regions whose findings the home region gathers."
  type        = list(string)
  nullable    = false
}

variable "name" {
  description = "Environment-wide prefix of names."
  type        = string
  nullable    = false
}

variable "region" {
  description = "Region that is watched."
  type        = string
  nullable    = false
}

variable "topic_arn" {
  description = "Topic, in the home region, of the findings that cannot wait."
  type        = string
  nullable    = false
}
