"""opdboard: launch, watch, steer and compare on-policy distillation runs."""
