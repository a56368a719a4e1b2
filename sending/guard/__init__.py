"""The guard against a restored or copied database: nothing is sent from one that an owner has not confirmed."""
