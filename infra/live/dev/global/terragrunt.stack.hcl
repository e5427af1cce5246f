stack "platform" {
  source = "../../../stacks/global"
  path   = "platform"
}
