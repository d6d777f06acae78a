"""Plan and apply the desired state of a 4me account, declared as YAML in git, over SCIM."""

__version__ = "0.1.0"
