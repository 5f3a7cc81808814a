"""What an alert is: its kinds, how grave each is, and what the built-in failure signatures look for."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Severity(StrEnum):
    """How soon somebody should look."""

    WARNING = "warning"
    CRITICAL = "critical"


class AlertKind(StrEnum):
    """A user's rule, or a built-in failure signature."""

    RULE = "rule"
    NOTHING_TO_LEARN = "nothing_to_learn"
    LENGTH_COLLAPSE = "length_collapse"
    KL_SPIKE = "kl_spike"
    FROZEN_MODULE = "frozen_module"
    EXPLODING_MODULE = "exploding_module"
    RANK_COLLAPSE = "rank_collapse"
    FORGETTING = "forgetting"
    NOT_FINITE = "not_finite"
    NOTHING_CHANGED = "nothing_changed"
    ONLY_ROUNDING = "only_rounding"
    PARTLY_WATCHED = "partly_watched"
    SKIPPED_UPDATE = "skipped_update"
    VOCABULARY_MISMATCH = "vocabulary_mismatch"
    RUN_FAILED = "run_failed"
    STALLED = "stalled"
    DAMAGED_CHECKPOINT = "damaged_checkpoint"
    DAMAGED_SNAPSHOT = "damaged_snapshot"
    OTHER_VERSIONS = "other_versions"


@dataclass(frozen=True)
class Signature:
    """A built-in kind: its title, what it looks for (with its thresholds), and what to do about it.

    momentary: it tells of what happened at a step, and not of what goes on from there.
    """

    kind: AlertKind
    title: str
    severity: Severity
    looks_for: str
    advice: str
    momentary: bool = False


SIGNATURES: Mapping[AlertKind, Signature] = {
    signature.kind: signature
    for signature in (
        Signature(
            AlertKind.NOTHING_TO_LEARN,
            "The student does not move towards the teacher",
            Severity.WARNING,
            "Between the first and the last 16 of at least 48 measurements after warm-up, overlap_ratio moved by less than "
            "0.02 (healthy runs climb from about 0.72 to 0.91) and entropy_gap by less than 10 %, and the median gradient "
            "norm is below a tenth of the clipping norm (1 where nothing is clipped).",
            "Where the overlap is high the teacher has nothing new to teach on these prompts: choose harder ones or a stronger "
            "teacher. Where it is low the two do not fit: start from a student that was fine-tuned on the teacher's answers.",
        ),
        Signature(
            AlertKind.LENGTH_COLLAPSE,
            "Length collapse: responses run on and repeat themselves",
            Severity.CRITICAL,
            "Over the last 5 measurements the median truncated_share is 0.25 and the median repetition_rate 0.15 above the older "
            "half of the last 256.",
            "Stop and go on from a checkpoint before the rise, with a lower learning rate or a shorter "
            "budget.max_response_tokens; read the samples of this step.",
        ),
        Signature(
            AlertKind.KL_SPIKE,
            "KL spike",
            Severity.WARNING,
            "reverse_kl is above the median of the 16 measurements before it by a factor of 2, by 6 standard deviations of its "
            "logarithm (robust, from the changes between up to 32 measurements), and by 0.02 nats/token.",
            "If it does not come down again, take the last jump back or go on from the last checkpoint with a lower learning rate.",
        ),
        Signature(
            AlertKind.FROZEN_MODULE,
            "A module stands still",
            Severity.WARNING,
            "step_norm at most a thousandth of the median module's, 5 measurements in a row.",
            "Look whether the matrix is meant to be frozen; in bfloat16 a small learning rate may round every change away.",
        ),
        Signature(
            AlertKind.EXPLODING_MODULE,
            "A module runs away",
            Severity.CRITICAL,
            "step_norm more than 10 times the median module's, and this ratio more than 10 times its own median over up to 16 "
            "(at least 8) earlier measurements.",
            "Look at the module's gradient norm; lower the learning rate or the clipping norm and go on from the last checkpoint.",
        ),
        Signature(
            AlertKind.RANK_COLLAPSE,
            "The update's effective rank collapses",
            Severity.WARNING,
            "effective_rank below a quarter of its own median over the up to 8 (at least 3) snapshots before, from step 8 on.",
            "One direction swallows the update: look at its spectrum, and whether the last jump or one odd batch made it.",
        ),
        Signature(
            AlertKind.FORGETTING,
            "The student forgets what it is not trained on",
            Severity.WARNING,
            "On an evaluation set that is marked as a forgetting set, avg@n is below the base weights' on the same prompts, and "
            "the 95% interval of the paired difference excludes 0; by chance alone about one scoring in forty is.",
            "Look at the set's curve: where it stays down, go on from a checkpoint before the fall with a lower learning rate, or "
            "train an adapter (LoRA), which moves less.",
        ),
        Signature(
            AlertKind.NOT_FINITE,
            "A measure is not finite",
            Severity.CRITICAL,
            "NaN or an infinity in a scalar, or in a module's update, step, gradient or spectral norm. eval/gap_recovery is left "
            "out: it is NaN where the student starts level with its teacher.",
            "Stop, and go on from the last checkpoint with a lower learning rate or in float32; look at the named measure first.",
        ),
        Signature(
            AlertKind.NOTHING_CHANGED,
            "A checkpoint does not differ from its base",
            Severity.WARNING,
            "In an import, update_norm is 0 in every module of a checkpoint behind step 0.",
            "Look whether it is the base itself, or a merge that merged nothing: the log names an adapter that lies beside it. Import "
            "the adapter in its place.",
        ),
        Signature(
            AlertKind.ONLY_ROUNDING,
            "The update is nothing but a change of the floating-point type",
            Severity.WARNING,
            "In an import, base and checkpoint have values of different types (bfloat16, float16, float32), no weight differs by more "
            "than a rounding, and the norm of the update is within 0.8 and 1.25 of that which rounding alone gives.",
            "What is shown is the rounding and no training: take the base in the type that training began from, or a later checkpoint.",
        ),
        Signature(
            AlertKind.PARTLY_WATCHED,
            "Much of the model is not watched",
            Severity.WARNING,
            "Attention, mixer and MLP matrices hold less than 90 % of the parameters in the model's blocks "
            "(matrices_share_of_blocks).",
            "Pictures of modules, and jumps of the matrices alone, leave the rest out: the log names it. Let a strategy move all "
            "parameters where it matters.",
        ),
        Signature(
            AlertKind.SKIPPED_UPDATE,
            "An update was skipped",
            Severity.WARNING,
            "skipped_updates rose: a loss or a gradient was not finite, and the weights were left as they were. Three in a row end "
            "the run.",
            "One odd batch does no harm; when it comes again, lower the learning rate or train in float32. The log names the module.",
        ),
        Signature(
            AlertKind.VOCABULARY_MISMATCH,
            "Student and teacher do not share a tokenizer",
            Severity.CRITICAL,
            "The check before training found a text that the two tokenizers write otherwise.",
            "Choose two models with the same tokenizer.",
            momentary=True,
        ),
        Signature(
            AlertKind.RUN_FAILED,
            "The run failed",
            Severity.CRITICAL,
            "A run ends as failed, for whatever reason.",
            "Read the end of the log, put right what it names, then resume from the last checkpoint.",
            momentary=True,
        ),
        Signature(
            AlertKind.DAMAGED_CHECKPOINT,
            "A checkpoint was damaged",
            Severity.WARNING,
            "On resuming, a checkpoint's files are missing, cannot be read or differ from their checksums.",
            "Nothing needs to be done for the run: it does the steps since its newest whole checkpoint again. Look at the disk.",
            momentary=True,
        ),
        Signature(
            AlertKind.DAMAGED_SNAPSHOT,
            "A snapshot of the update's directions was damaged",
            Severity.WARNING,
            "On resuming, a snapshot that later steps are aligned with cannot be read or differs from its checksum.",
            "The training is not concerned. Alignment of later steps with that one is left out; look at the disk.",
            momentary=True,
        ),
        Signature(
            AlertKind.OTHER_VERSIONS,
            "The run goes on with other versions",
            Severity.WARNING,
            "On resuming, a version of software, the weights or a data file are not those of the attempt before.",
            "Numbers from here on may differ for that reason alone. Both sets of versions are kept with the run; to rule it out, "
            "resume in the old environment or clone the run.",
            momentary=True,
        ),
        Signature(
            AlertKind.STALLED,
            "The run is alive but makes no progress",
            Severity.WARNING,
            "No step was finished for OPDBOARD_STALL_SECONDS (900), or for three times the run's slowest step where that is "
            "longer, while its process is there.",
            "Look at the end of the log and at the machine's load. Stop ends its process after OPDBOARD_STOP_GRACE_SECONDS; "
            "resumed, the run goes on from its last checkpoint.",
        ),
    )
}


class Subject(NamedTuple):
    """What a verdict is about: a measure, of one module (its index) or of the whole run."""

    measure: str
    module: int | None = None


@dataclass(frozen=True)
class Sighting:
    """The value that fired, and the sentence that says so."""

    value: float
    sentence: str


def odd(value: float) -> str:
    """A value that is not finite, in words."""
    return "not a number" if math.isnan(value) else f"{'+' if value > 0 else '-'}infinity"


@dataclass(frozen=True)
class Verdict:
    """What the newest measurements say. A subject that neither fires nor is clear stays as it was: no flicker at a threshold."""

    firing: Mapping[Subject, Sighting]
    is_clear: Callable[[Subject], bool]


UNDECIDED = Verdict({}, lambda _subject: False)
