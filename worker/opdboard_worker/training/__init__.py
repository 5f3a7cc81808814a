"""The trainer process: rollout, loss, update, strategy, measurement, checkpoint."""
