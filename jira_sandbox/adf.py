"""Text in REST v3: a small Atlassian document to wiki text and back, paragraph by paragraph."""

from typing import Any

from jira_sandbox.errors import FieldRefused

NOT_A_DOCUMENT = "Operation value must be an Atlassian Document (see the Atlassian Document Format)"


def from_text(text: str | None) -> dict[str, Any] | None:
    """Make a document with one paragraph a line."""
    if text is None:
        return None
    paragraphs = [
        {"type": "paragraph", "content": [{"type": "text", "text": line}] if line else []} for line in text.split("\n")
    ]
    return {"type": "doc", "version": 1, "content": paragraphs}


def to_text(document: Any) -> str | None:
    """Read a document's text; raise FieldRefused for anything else, a plain string above all."""
    if document is None:
        return None
    if not isinstance(document, dict) or document.get("type") != "doc":
        raise FieldRefused(NOT_A_DOCUMENT)
    return "\n".join(_text(block) for block in document.get("content", []))


def _text(node: dict[str, Any]) -> str:
    if node.get("type") == "text":
        return str(node.get("text", ""))
    if node.get("type") == "hardBreak":
        return "\n"
    return "".join(_text(child) for child in node.get("content", []))
