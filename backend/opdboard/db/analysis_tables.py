"""The tables of what jobs other than training find and say. db.tables, which holds all others, names them too."""

from typing import Any

from sqlalchemy import JSON, Boolean, Float, ForeignKey, Index, Integer, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from opdboard.db.any_float import AnyFloat
from opdboard.db.base import Table, of_run


class VariantRow(Table):
    """One set of changed weights of an analysis; see domain.records.VariantRecord.

    subject_seq: the sequence number of the run that the analysis is about, from which on its pictures show the variant.
    """

    __tablename__ = "variants"
    __table_args__ = (UniqueConstraint("run_id", "position"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    run_id: Mapped[str] = of_run()
    subject_seq: Mapped[int] = mapped_column(Integer)
    index: Mapped[int] = mapped_column("position", Integer)
    family: Mapped[str] = mapped_column(String(32))
    x: Mapped[float | None] = mapped_column(AnyFloat)
    label: Mapped[str] = mapped_column(Text)
    norm: Mapped[float | None] = mapped_column(AnyFloat)
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    scores: Mapped[list["VariantScore"]] = relationship(
        order_by="VariantScore.id", cascade="all, delete-orphan", lazy="selectin"
    )


class VariantScore(Table):
    """What a variant scored on one measure; see domain.records.ScoreRecord. per_prompt: float64, one value per prompt."""

    __tablename__ = "variant_scores"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    variant_id: Mapped[int] = mapped_column(ForeignKey("variants.id", ondelete="CASCADE"), index=True)
    measure: Mapped[str] = mapped_column(String(32))
    value: Mapped[float] = mapped_column(AnyFloat)
    low: Mapped[float] = mapped_column(AnyFloat)
    high: Mapped[float] = mapped_column(AnyFloat)
    over_base: Mapped[float] = mapped_column(AnyFloat)
    over_base_low: Mapped[float] = mapped_column(AnyFloat)
    over_base_high: Mapped[float] = mapped_column(AnyFloat)
    over_final: Mapped[float] = mapped_column(AnyFloat)
    over_final_low: Mapped[float] = mapped_column(AnyFloat)
    over_final_high: Mapped[float] = mapped_column(AnyFloat)
    recovery: Mapped[float] = mapped_column(AnyFloat)
    recovery_low: Mapped[float] = mapped_column(AnyFloat)
    recovery_high: Mapped[float] = mapped_column(AnyFloat)
    per_prompt: Mapped[bytes] = mapped_column(LargeBinary)


class CheckRow(Table):
    """What was found of the run's pair and data before any step of its latest attempt; see domain.check.Check."""

    __tablename__ = "checks"

    run_id: Mapped[str] = mapped_column(String(32), ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    document: Mapped[dict[str, Any]] = mapped_column(JSON)


class PlaygroundRow(Table):
    """What a playground's page and its worker tell each other besides talk; about: see domain.playground.About.

    beats: signs of life of pages that show it. left_at_beat: at which of them one said that it closes.
    """

    __tablename__ = "playgrounds"

    run_id: Mapped[str] = mapped_column(String(32), ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    beats: Mapped[int] = mapped_column(Integer, default=0)
    left_at_beat: Mapped[int | None] = mapped_column(Integer)
    about: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


class QuestionRow(Table):
    """A question of a playground; see domain.playground.Question. done_at is None until all its voices have ended."""

    __tablename__ = "questions"
    __table_args__ = (Index("questions_by_run", "run_id", "id"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    run_id: Mapped[str] = of_run()
    question: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[float] = mapped_column(Float(53))
    done_at: Mapped[float | None] = mapped_column(Float(53))
    stop_asked: Mapped[bool] = mapped_column(Boolean, default=False)


class PieceRow(Table):
    """A piece of an answer; see domain.playground.Piece. Several tokens each: one row per token would be too many.

    Readers ask for ids above the last they know, so that of a deleted piece is never given again.
    """

    __tablename__ = "answer_pieces"
    __table_args__ = (Index("answer_pieces_by_run", "run_id", "id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    run_id: Mapped[str] = of_run()
    question_id: Mapped[int] = mapped_column(ForeignKey("questions.id", ondelete="CASCADE"), index=True)
    piece: Mapped[dict[str, Any]] = mapped_column(JSON)
