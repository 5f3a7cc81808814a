"""What analyses find, with known values, of every kind."""

from collections.abc import Sequence

import numpy as np

from opdboard.db.database import Database
from opdboard.domain.analysis_config import AnalysisConfig
from opdboard.domain.records import Batch, Estimate, ScoreRecord, VariantRecord
from opdboard.lifecycle import births, claims, recording
from opdboard.lifecycle.births import NewRun

PARAMETERS = {"seed": 0, "step": 16, "early_step": 2, "steps": [4, 8, 16]}
SERIES_OF: dict[str, dict[str, Sequence[float]]] = {
    "evaluate": {"base": (0,), "teacher": (0,), "checkpoint": (8, 16)},
    "scale_final": {"scaled": (0.25, 0.5, 0.75)},
    "norm_vs_score": {"checkpoint": (4, 8)},
    "rescale_early": {"beta": (0.0, 0.6, 1.0, 1.4)},
    "rank": {"top": (5, 10, 50, 100), "bottom": (5, 10, 50, 100)},
    "sliding_window": {"mlp": (0, 1, 2), "attention": (0, 1, 2)},
    "reset_embeddings": {"reset": (0, 1, 2)},
    "embedding_shift": {"input": (0,), "output": (0,)},
    "rank_one_trajectory": {"module": (0, 1, 2)},
    "lm_eval": {"checkpoint": (0, 4, 16)},
    "export_model": {"written": (0,)},
    "export_gguf": {"written": (0,)},
    "export_adapter": {"written": (0,)},
}
_OBSERVED = ("embedding_shift", "lm_eval", "rank_one_trajectory", "export_model", "export_gguf", "export_adapter")


def variant(kind: str, index: int, family: str, x: float, number: int) -> VariantRecord:
    """Its accuracy is 0.1, 0.9 at the trained weights, and otherwise in between, rising with the index."""
    value = {"base": 0.1, "final": 0.9}.get(family, 0.1 + index * 0.05)
    at = value + number / 100
    unknown = Estimate(np.nan, np.nan, np.nan)
    over_final = unknown if family == "base" else around(at - 0.9)
    scores = [
        ScoreRecord("accuracy", around(at), around(at - 0.1), over_final, around((at - 0.1) / 0.8), [0.0, 1.0]),
        ScoreRecord("reverse_kl", around(1 - at), around(0.1 - at), over_final, around((at - 0.1) / 0.8), [0.5, 0.7]),
    ]
    labels = {"mlp": "mlp of layers 0 to 2", "attention": "attention of layers 0 to 2", "reset": f"part {index} reset"}
    details: dict[str, object] = {}
    if kind == "rank_one_trajectory":
        details = {"steps": [1, 2, 4], "x": [-1.0, 0.0, 1.0], "y": [0.2, -0.4, None], "evr": 0.9}
        details |= {"tsne_x": [3.0, -1.0, -2.0], "tsne_y": [0.0, 1.0, -1.0], "kind": "q", "layer": int(x)}
    if kind == "embedding_shift":
        details = {"tokens": ["1", "<eos>"], "counts": [9, 3], "one_minus_cosine": [1e-4, None], "distinct": 2}
        details |= {"unused_one_minus_cosine": [1e-6], "vocabulary": 3}
    if kind == "export_adapter":
        details = {"rank": 3, "missed": 0.1, "missed_by_rank": [0.5, 0.2, 0.1], "left_out": 0.04}
    if kind == "lm_eval":
        metric = {"metric": "acc", "filter": "none", "value": at, "better": "higher", "examples": 40, "version": 1.0}
        metrics = [
            metric | {"task": "arc", "stderr": 0.02},
            metric | {"task": "sums", "filter": "strict", "stderr": None},
        ]
        details = {"version": "0.4.13", "metrics": metrics}
    if family == "written":
        details |= {"folder": "runs/x/model", "bytes": 1000}
    scored = [] if kind in _OBSERVED else scores
    return VariantRecord(index, family, x, labels.get(family, f"{family} {x:g}"), index * 0.1, scored, details)


def answered(number: int = 0, *, fingerprint: str = "f") -> list[VariantRecord]:
    """An evaluation on the sets 'sums' and 'facts', the latter forgotten: base 0.2, teacher 0.9, checkpoints in between.

    number: adds so many hundredths.
    """
    records: list[VariantRecord] = []
    voices = [("base", 0.0, 0.2), ("teacher", None, 0.9), ("checkpoint", 8.0, 0.5), ("checkpoint", 16.0, 0.7)]
    for family, x, value in voices:
        for name in ("sums", "facts"):
            at = (value if name == "sums" else 1 - value) + number / 100
            gain = at - (0.2 if name == "sums" else 0.8) - number / 100
            measures = {"avg": at, "pass@1": at, "pass@2": at + 0.05, "maj": at, "truncated": 0.1, "length": 4.0}
            unknown = Estimate(np.nan, np.nan, np.nan)
            scores = [
                ScoreRecord(measure, around(one), around(gain), unknown, unknown, [one - 0.1, one + 0.1])
                for measure, one in measures.items()
            ]
            details = {
                "set": name,
                "forgetting": name == "facts",
                "samples": 2,
                "prompts": 2,
                "fingerprint": fingerprint,
            }
            details |= {"temperature": 1.0, "max_response_tokens": 8, "judged": 2, "trained_on": 0, "too_long": 0}
            label = {"base": "base weights", "teacher": "teacher: demo teacher"}.get(family, f"checkpoint of step {x}")
            records.append(VariantRecord(len(records) + 1, family, x, label, None, scores, details))
    return records


def around(value: float) -> Estimate:
    """An estimate with an interval of 0.1."""
    return Estimate(value, value - 0.05, value + 0.05)


def found(kind: str, number: int = 0) -> list[VariantRecord]:
    """Base and trained weights, then each variant; of kinds that only look, what they saw."""
    if kind == "evaluate":
        return answered(number)
    references = [] if kind in _OBSERVED else [("base", 0.0), ("final", 16.0 if kind == "norm_vs_score" else 1.0)]
    places = [*references, *((family, float(x)) for family, every in SERIES_OF[kind].items() for x in every)]
    return [variant(kind, index, family, x, number) for index, (family, x) in enumerate(places, 1)]


def analyse(database: Database, run_id: str, kind: str) -> str:
    """An analysis of the run, done."""
    with database.write() as session:
        analysis = births.add(session, NewRun(AnalysisConfig(kind=kind, run_id=run_id, parameters=PARAMETERS))).id
        attempt = claims.claim(session, analysis, "host:1:0")
        assert attempt is not None
        variants = found(kind)
        recording.record(session, analysis, attempt, Batch(step=len(variants), at=0.0, variants=variants))
    return analysis
