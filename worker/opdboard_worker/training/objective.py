"""From the configured objective to the one of core."""

from opdboard.domain import objectives as configured
from opdboard_worker.core.objectives import FullVocabulary, JensenShannon, Objective, SampledToken, TopK


def objective_of(config: configured.Objective) -> Objective:
    """The loss against a teacher that a configuration names. Raises TypeError for RL and SFT, which have none."""
    match config:
        case configured.FullVocabulary():
            return FullVocabulary(reward_scale=config.reward_scale)
        case configured.SampledToken():
            return SampledToken(importance_cap=config.importance_cap, reward_scale=config.reward_scale)
        case configured.TopK():
            return TopK(k=config.k, support=config.support)
        case configured.JensenShannon():
            return JensenShannon(beta=config.beta)
        case _:
            raise TypeError(f"'{config.kind}' is no distillation")
