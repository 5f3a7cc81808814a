"""The training and analysis engine: trainers, rollouts, checkpoint analysis and the numerics under them."""
