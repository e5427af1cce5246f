"""The kind target: one Kubernetes cluster per site in Docker, which takes what is declared."""
