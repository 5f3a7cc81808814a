"""How busy this machine is: CPU, memory and NVIDIA GPUs, now and over the last ten minutes."""

import csv
import shutil
import subprocess
import time
from collections import deque
from typing import Any

import psutil

HISTORY_SECONDS = 10.0
HISTORY_POINTS = 60
GPU_SECONDS = 5.0  # asking the driver takes a tenth of a second
GPU_FIELDS = ("index", "name", "utilization.gpu", "memory.used", "memory.total", "temperature.gpu")
_MEBIBYTE = 2**20


class LoadMeter:
    """Measures the machine each time it is asked; keeps a short history."""

    def __init__(self) -> None:
        self._history: deque[dict[str, Any]] = deque(maxlen=HISTORY_POINTS)
        self._history_due = 0.0
        self._driver = shutil.which("nvidia-smi")
        self._gpus: list[dict[str, Any]] = []
        self._gpus_due = 0.0

    def load(self) -> dict[str, Any]:
        """Shares in 0..1, memory in bytes, temperatures in degrees Celsius."""
        now = time.time()
        memory = psutil.virtual_memory()
        used = memory.total - memory.available
        cpu = psutil.cpu_percent() / 100
        if self._driver and now >= self._gpus_due:
            self._gpus, self._gpus_due = gpus(self._driver), now + GPU_SECONDS
        if now >= self._history_due:
            self._history_due = now + HISTORY_SECONDS
            self._history.append(
                {
                    "at": round(now, 1),
                    "cpu": round(cpu, 3),
                    "memory": round(used / memory.total, 3),
                    "gpus": [gpu["utilisation"] for gpu in self._gpus],
                }
            )
        return {
            "cpu": cpu,
            "memory_used": used,
            "memory_total": memory.total,
            "gpus": self._gpus,
            "history": list(self._history),
        }


def gpus(driver: str) -> list[dict[str, Any]]:
    """What nvidia-smi, at this path, says of each GPU; none when it does not answer."""
    command = [driver, f"--query-gpu={','.join(GPU_FIELDS)}", "--format=csv,noheader,nounits"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=GPU_SECONDS, check=True)
    except (OSError, subprocess.SubprocessError):
        return []
    return read_gpus(answer.stdout)


def read_gpus(table: str) -> list[dict[str, Any]]:
    """Rows of GPU_FIELDS as nvidia-smi prints them; what is no number there ('[N/A]') is None."""
    found = []
    for row in csv.reader(table.splitlines(), skipinitialspace=True):
        if len(row) != len(GPU_FIELDS) or not row[0].isdecimal():
            continue
        utilisation, used, total, temperature = (_number(text) for text in row[2:])
        found.append(
            {
                "index": int(row[0]),
                "name": row[1].strip(),
                "utilisation": None if utilisation is None else utilisation / 100,
                "memory_used": None if used is None else used * _MEBIBYTE,
                "memory_total": None if total is None else total * _MEBIBYTE,
                "temperature": temperature,
            }
        )
    return found


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
