"""Why a model gives a customer this score: features in, the contribution of each out, exact and additive."""
