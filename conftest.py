"""The fixture modules that the suites draw their world from."""

pytest_plugins = [
    "fixtures.analysis",
    "fixtures.aws",
    "fixtures.caches",
    "fixtures.cases",
    "fixtures.clusters",
    "fixtures.declaration",
    "fixtures.dr",
    "fixtures.mesh",
    "fixtures.nosql",
    "fixtures.scanning",
    "fixtures.stores",
    "fixtures.streams",
    "fixtures.workloads",
    "fixtures.callers",
    "fixtures.autoscaled",
    "fixtures.chaos",
]
