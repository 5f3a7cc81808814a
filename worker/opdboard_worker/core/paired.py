"""Student-t interval of a paired difference: is a candidate better on the same examples, or just lucky?"""

from __future__ import annotations

import math

import torch
from torch import Tensor


def paired_interval(gain_N: Tensor, confidence: float = 0.95) -> tuple[float, float, float]:
    """Mean of per-example gains with its two-sided interval: mean -+ t sqrt(s^2 / N), t with N - 1 degrees of freedom.

    gain_N are differences on the same examples, in float64. One example says nothing about the spread: (gain, -inf,
    inf); none at all: (nan, -inf, inf). Equal gains have spread 0, and the interval is the mean itself.
    """
    count = gain_N.numel()
    gain_N = gain_N.double()
    mean = float(gain_N.mean()) if count else math.nan
    if count < 2:
        return mean, -math.inf, math.inf
    if bool((gain_N == gain_N[0]).all()):
        return float(gain_N[0]), float(gain_N[0]), float(gain_N[0])
    half_width = t_quantile(0.5 + confidence / 2, count - 1) * float(torch.std(gain_N)) / math.sqrt(count)
    return mean, mean - half_width, mean + half_width


def t_quantile(probability: float, degrees: int) -> float:
    """The t with P(T <= t) = probability for Student's T, to about 12 digits; by bisection, O(degrees) per halving."""
    if not 0.0 < probability < 1.0 or degrees < 1:
        raise ValueError(f"need a probability between 0 and 1 and degrees >= 1, got {probability} and {degrees}")
    if probability < 0.5:
        return -t_quantile(1.0 - probability, degrees)
    central = 2.0 * probability - 1.0
    low, high = 0.0, math.pi / 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _central_probability(middle, degrees) < central else (low, middle)
    return math.sqrt(degrees) * math.tan((low + high) / 2)


def _central_probability(theta: float, degrees: int) -> float:
    """P(|T| <= sqrt(degrees) tan theta): Abramowitz and Stegun 26.7.3-4, a finite sum for whole degrees of freedom."""
    sine, cosine = math.sin(theta), math.cos(theta)
    odd = degrees % 2
    term = cosine if odd else 1.0
    total = term if degrees > 1 else 0.0
    for j in range(2 + odd, degrees - 1, 2):
        term *= cosine * cosine * (j - 1) / j
        total += term
    return 2.0 / math.pi * (theta + sine * total) if odd else sine * total
