stack "platform" {
  source = "../../../stacks/standby"
  path   = "platform"
}
