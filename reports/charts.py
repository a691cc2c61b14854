"""Bar charts for the Chart.js that the console ships."""

import json
from collections.abc import Sequence
from typing import Any

# Grey that can be read on the light page and on the dark one; the grid's colour
# follows the theme by itself.
_INK = "#757c8a"
_FONT_SIZE = 11


def bars(*, title: str, labels: Sequence[str], values: Sequence[str]) -> dict[str, str]:
    """Return title, data and options of a bar chart; values are decimal strings."""
    data = {
        "labels": list(labels),
        "datasets": [
            {
                "label": title,
                "data": list(values),
                "backgroundColor": "var(--color-primary-600)",
                "borderRadius": 3,
                "maxBarThickness": 28,
            }
        ],
    }
    return {"title": title, "data": json.dumps(data), "options": json.dumps(_options())}


def _options() -> dict[str, Any]:
    ticks = {"color": _INK, "font": {"size": _FONT_SIZE}, "maxRotation": 0, "autoSkip": True}
    return {
        "animation": False,
        "responsive": True,
        "maintainAspectRatio": False,
        "plugins": {"legend": {"display": False}},
        "scales": {
            "x": {
                "ticks": {**ticks, "autoSkipPadding": 14},
                "grid": {"display": False},
                "border": {"display": False},
            },
            "y": {
                "beginAtZero": True,
                "ticks": {**ticks, "maxTicksLimit": 5, "precision": 0},
                "grid": {"drawTicks": False},
                "border": {"display": False},
            },
        },
    }
