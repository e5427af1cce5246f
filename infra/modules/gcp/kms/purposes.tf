# Who encrypts with which key: the agents of the services that keep the data,
# and nobody else.
locals {
  _agents = {
    backup = [
      "gcp-sa-gkebackup.iam",
    ]
    cache = [
      "gcp-sa-memorystore.iam",
    ]
    # Secrets of the API server, and the nodes' disks.
    cluster = [
      "compute-system.iam",
      "container-engine-robot.iam",
    ]
    database = [
      "gcp-sa-cloud-sql.iam",
    ]
    # Log buckets, the bucket of the audit log, topics of alarms.
    logs = [
      "gcp-sa-logging.iam",
      "gcp-sa-pubsub.iam",
      "gs-project-accounts.iam",
    ]
    registry = [
      "gcp-sa-artifactregistry.iam",
    ]
    # Pub/Sub keeps the notices of rotation.
    secrets = [
      "gcp-sa-pubsub.iam",
      "gcp-sa-secretmanager.iam",
    ]
    stream = [
      "gcp-sa-pubsub.iam",
    ]
    table = [
      "gcp-sa-bigtable.iam",
    ]
  }

  # Logging encrypts through an account of its own, named otherwise.
  _prefixes = {
    "gcp-sa-logging.iam" = "cmek-p"
  }

  _grants = merge([
    for purpose, agents in local._agents : {
      for agent in agents : "${purpose}/${trimsuffix(agent, ".iam")}" => {
        purpose = purpose
        member = join("", [
          "serviceAccount:",
          lookup(local._prefixes, agent, "service-"),
          var.project_number,
          "@${agent}.gserviceaccount.com",
        ])
      }
    }
  ]...)
}
