stack "platform" {
  source = "../../../stacks/primary"
  path   = "platform"
}
