"""The tables of alerts and of where they are sent. db.tables names them too."""

from sqlalchemy import Boolean, Float, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from opdboard.db.any_float import AnyFloat
from opdboard.db.base import Table, of_run


class AlertRule(Table):
    """When to raise an alert: a scalar or a module statistic beyond a threshold, or not finite, `steps` times in a row."""

    __tablename__ = "alert_rules"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    scope: Mapped[str] = mapped_column(String(16))
    measure: Mapped[str] = mapped_column(String(128))
    comparison: Mapped[str] = mapped_column(String(16))
    threshold: Mapped[float | None] = mapped_column(Float(53))
    steps: Mapped[int] = mapped_column(Integer, default=1)
    severity: Mapped[str] = mapped_column(String(16), default="warning")
    runs: Mapped[str] = mapped_column(Text, default="")
    enabled: Mapped[bool] = mapped_column(Boolean, default=True)
    created_at: Mapped[float] = mapped_column(Float(53))


class Alert(Table):
    """Something that needs a look, at a step and, where it is about one, a module; kind: 'rule', or a failure signature.

    seq: when it was raised. others: how many more modules or measures it speaks for. cleared_step: where its condition ended, None while it holds.
    """

    __tablename__ = "alerts"
    __table_args__ = (Index("alerts_by_run", "run_id", "step"), Index("alerts_by_time", "at"))

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    run_id: Mapped[str] = of_run()
    seq: Mapped[int] = mapped_column(Integer)
    at: Mapped[float] = mapped_column(Float(53))
    step: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(String(32))
    rule_id: Mapped[int | None] = mapped_column(ForeignKey("alert_rules.id", ondelete="SET NULL"), index=True)
    severity: Mapped[str] = mapped_column(String(16))
    title: Mapped[str] = mapped_column(Text)
    message: Mapped[str] = mapped_column(Text)
    measure: Mapped[str | None] = mapped_column(String(128))
    module: Mapped[str | None] = mapped_column(String(300))
    others: Mapped[int] = mapped_column(Integer, default=0)
    value: Mapped[float | None] = mapped_column(AnyFloat)
    cleared_step: Mapped[int | None] = mapped_column(Integer)
    seen_at: Mapped[float | None] = mapped_column(Float(53))


class Webhook(Table):
    """An address that alerts are sent to; finished: and when a run has finished."""

    __tablename__ = "webhooks"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    url: Mapped[str] = mapped_column(Text)
    enabled: Mapped[bool] = mapped_column(Boolean, default=True)
    finished: Mapped[bool] = mapped_column(Boolean, default=True)
    created_at: Mapped[float] = mapped_column(Float(53))


class WebhookDelivery(Table):
    """One alert, or a run's end, on its way to one address; due_at is when to try next, None once it is delivered or given up."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (Index("webhook_deliveries_by_due", "due_at"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    webhook_id: Mapped[int] = mapped_column(ForeignKey("webhooks.id", ondelete="CASCADE"), index=True)
    alert_id: Mapped[int | None] = mapped_column(ForeignKey("alerts.id", ondelete="CASCADE"), index=True)
    run_id: Mapped[str | None] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), index=True)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    due_at: Mapped[float | None] = mapped_column(Float(53))
    delivered_at: Mapped[float | None] = mapped_column(Float(53))
    error: Mapped[str | None] = mapped_column(Text)
