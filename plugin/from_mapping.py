"""Write src/lifecycle.json, what the panel must know of a mapping: `python from_mapping.py [NAME or FILE.toml]`."""

import json
import sys
from pathlib import Path
from typing import Any

from mappings import Mapping, load

TARGET = Path(__file__).parent / "src" / "lifecycle.json"


def lifecycle(mapping: Mapping) -> dict[str, Any]:
    """Return the stages with their titles and statuses, the way through them, and the fields that the panel shows."""
    stages = {key: {"title": stage.title, "statuses": list(stage.statuses)} for key, stage in mapping.stages.items()}
    fields = {"slot": mapping.fields.get("certification_start"), "fees": mapping.fields.get("additional_fees")}
    return {
        "stages": stages,
        "way": list(mapping.way),
        "fields": {key: field.name if field else None for key, field in fields.items()},
        "fees_raised": mapping.jira.values.fees_may_apply,
    }


if __name__ == "__main__":
    named = sys.argv[1] if len(sys.argv) > 1 else "paytronix"
    found = lifecycle(load(Path(named) if named.endswith(".toml") else named))
    TARGET.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
