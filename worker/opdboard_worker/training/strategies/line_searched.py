"""Line-searched OPD, our own strategy: a search along the update whose outcome also sets the learning rate.

At its looks, with A the weights kept at the look before:
    1  D = W_t - A, what the optimizer did since
    2  the best factor f of W_t + f D by core.bracketing: teacher KL on the answers that W_t gives on D_v, forward when
       the way was too short, backward when it was too long, kept only if the paired test and the candidate's own
       answers hold
    3  the learning rate is multiplied by 1 + f where f > 0: had the optimizer taken steps so much longer, it would be
       there now. Where f < 0 it is multiplied by sqrt(1 + f): half-way on a logarithmic scale

3 is what sets it apart from extrapolation. A jump of f = 20 says that the rate is twenty times too small *now*;
EffOPD goes on at the old rate and has to find out again at each trigger. With it the rate that was configured is but
the first guess of a search. Down only half-way, because a search is greedy: with noisy gradients the way that pays
most at once is shorter than the one that pays most over the next steps (arXiv:1803.02021), so a rate that follows each
search all the way down ends too low. docs/strategies.md has the variants measured.

Compare stochastic line search (arXiv:1905.09997), which searches along each minibatch's gradient on that minibatch;
here the direction is what Adam made of one or several batches, and the test is on examples that it has not seen.
"""

import math

from typing_extensions import override

from opdboard.domain.strategies.linesearch import LineSearch
from opdboard_worker.core.bracketing import bracketed_search
from opdboard_worker.core.extrapolation import AcceptanceRule, Search, direction
from opdboard_worker.training.strategies.strategy import Look, Proposal, Strategy, Surroundings, follows


@follows(LineSearch)
class LineSearched(Strategy[LineSearch]):
    """Remembers nothing of its own: the rate is kept by the optimizer, the anchor by the lookahead."""

    def __init__(self, settings: LineSearch, surroundings: Surroundings) -> None:
        super().__init__(settings, AcceptanceRule("negative_reverse_kl", "significant", settings.max_kl))
        self._updater = surroundings.updater

    @override
    def propose(self, look: Look) -> Proposal:
        scored = look.candidates
        return Proposal(
            direction(look.start, look.anchor),
            lambda line: bracketed_search(
                lambda f: scored.on_start_answers(line, f),
                lambda f: scored.sampled(line, f),
                max_kl=self.settings.max_kl,
            ),
        )

    @override
    def decided(self, look: Look, search: Search) -> None:
        """The rate follows the factor kept: up all the way, down half-way."""
        length = 1.0 + search.accepted_factor
        if self.settings.adapt_rate and length != 1.0:
            self._updater.scale_learning_rate(length if length > 1.0 else math.sqrt(length))
