"""Every text that users of Jira see, in one place. Reasons are plain text; comments are wiki markup.

What comes from people (summaries, values, names) is escaped where it enters a comment.
"""

from collections.abc import Iterable, Sequence
from collections.abc import Mapping as MappingOf
from datetime import date
from itertools import accumulate

from mappings.model import Override
from sync_service.lifecycle.wiki import escape, fill

Words = dict[str, str]
"""The `text` and the `remedy` of a reason."""

LONGEST_VALUE = 100
LONGEST_LIST = 20_000
"""How many characters the value of a field gets in a reason, and all reasons in a comment."""

CUT = "\n_… (the rest is left out, for Jira takes no longer text)_"
"""How a text ends that would be too long for Jira."""


def plain(template: str, **words: str) -> str:
    """Return a template's text without markup."""
    return fill(template, words)


def who_may(override: Override, people: MappingOf[str, str]) -> str:
    """Name those who may override gates and waive steps; `people` are the names behind accounts. Empty if nobody may.

    Nobody knows a person by an account id, so an account without a name is left out where anything else is named.
    """
    named = [
        *(f"someone with the project role {role}" for role in override.roles),
        *(f"someone in the group {group}" for group in override.groups),
        *(people[account] for account in override.accounts if account in people),
    ]
    return " or ".join(named or override.accounts)


# --- Reasons: what keeps a gate closed, and what would open it -------------------------------------------------------


NOBODY_MAY = "Nobody may override here."


def no_such_move(source: str, target: str, skipped: Sequence[str], who: str) -> Words:
    """Say that the lifecycle has no such way, or that it skips stages; `who` may override."""
    if skipped:
        remedy = f"Go to {skipped[0]} first" + (f", or ask {who} for an override." if who else ".")
        return {"text": f"{source} → {target} skips {_and(skipped)}.", "remedy": remedy}
    remedy = f"Ask {who} for an override if it must be." if who else NOBODY_MAY
    return {"text": f"There is no way from {source} to {target}.", "remedy": remedy}


def back_move(source: str, target: str, who: str) -> Words:
    """Say that moves back need an override here; `who` may give it."""
    remedy = f"Ask {who} for one." if who else NOBODY_MAY
    return {"text": f"Moving back from {source} to {target} needs an override.", "remedy": remedy}


def no_feedback(number: int, field: str, owner: str) -> Words:
    """Say that a failed round needs its feedback."""
    text = (
        f"Certification round {number} has begun, so moving back means that it failed; "
        f"{field} has no feedback on it; owner: {owner}."
    )
    return {"text": text, "remedy": f"Write into {field} what must change, then move the issue again."}


def field_empty(name: str) -> Words:
    """Say that a field is empty."""
    return {"text": f"{name} is empty.", "remedy": "Fill it."}


def field_needed(name: str, step: str, owner: str) -> Words:
    """Say that a step needs a field."""
    return {"text": f"{name} is empty; {step} needs it; owner: {owner}.", "remedy": "Fill it."}


def field_value(name: str, value: object, wanted: Sequence[str]) -> Words:
    """Say that a field holds another value than the gate asks for."""
    told = str(value)
    told = told if len(told) <= LONGEST_VALUE else f"{told[:LONGEST_VALUE]}…"
    found = f"is {told}" if value else "is empty"
    return {"text": f"{name} {found}; it must be {' or '.join(wanted)}.", "remedy": "Decide it, then set the field."}


def blocked_by(key: str) -> Words:
    """Say that an open issue blocks this one."""
    return {"text": f"{key} blocks this issue and is open.", "remedy": f"Resolve {key}, or remove the link."}


def round_not_begun(key: str, owner: str) -> Words:
    """Say that testing hasn't begun."""
    return {
        "text": f"The certification round has not begun; owner: {owner}.",
        "remedy": f"Begin testing: move {key or 'its sub-task'} on.",
    }


def round_failed(number: int, back: str) -> Words:
    """Say that the round's sub-task says *failed*."""
    return {"text": f"Certification round {number} failed.", "remedy": f"Move the issue back to {back}."}


def step_missing(summary: str, owner: str) -> Words:
    """Say that a step has no sub-task (yet)."""
    return {"text": f"“{summary}” has no sub-task yet; owner: {owner}.", "remedy": "It is made at the next look."}


def step_open(key: str, summary: str, owner: str, standing: str, blamed: str, *, caught_up: bool) -> Words:
    """Say why a step doesn't count; `caught_up`: what it was done before, `blamed`, is done by now."""
    named = f"{key} “{summary}”"
    match standing:
        case "not counted" if blamed:
            return {
                "text": f"{named} was done before {blamed} was; owner: {owner}.",
                "remedy": f"Close {key} again." if caught_up else f"Close {key} again once {blamed} is done.",
            }
        case "not counted":
            return {"text": f"{named} is done, but doesn't count; owner: {owner}.", "remedy": "See its comments."}
        case "superseded":
            text = f"{named} was closed when the project left its stage; owner: {owner}."
            return {"text": text, "remedy": "Go back to that stage first."}
    return {"text": f"{named} is open; owner: {owner}.", "remedy": "Finish it."}


def request_open(key: str, summary: str, title: str, owner: str) -> Words:
    """Say that a request is open."""
    return {"text": f"{key} “{summary}” ({title}) is open; owner: {owner}.", "remedy": "Close it."}


# --- Comments on the project issue -----------------------------------------------------------------------------------


def refusal(source: str, target: str, reasons: Iterable[object], *, moved: str) -> str:
    """Tell why a move is refused. `moved` is what becomes of the issue: back, already, stuck or held."""
    return "\n".join(
        [f"*The move from {escape(source)} to {escape(target)} is refused:*", *_list(reasons), _fate(moved, source)]
    )


def _fate(moved: str, source: str) -> str:
    stage = escape(source)
    return {
        "back": f"The issue goes back to {stage}. Move it again when nothing is missing any more.",
        "already": f"The project stays in {stage}.",
        "stuck": f"The workflow offers no way back to {stage}, so the status stays; the project counts as in {stage} "
        "until the gate opens or somebody moves the issue back.",
        "held": "It was refused three times within an hour, so it is not moved back any more. Some automation may keep "
        f"moving this issue: please stop it. The project counts as in {stage} until the gate opens.",
    }[moved]


def warning(source: str, target: str, reasons: Iterable[object]) -> str:
    """Tell what was missing at a move that is accepted all the same."""
    head = f"*The move from {escape(source)} to {escape(target)} is accepted, although something is missing:*"
    return "\n".join([head, *_list(reasons)])


def override_refused(field: str, stage: str, who: str) -> str:
    """Tell that whoever filled the override may not; `who` may."""
    return (
        f"_{escape(field)}_ was filled by someone who may not open the gate of {escape(stage)}, so it is cleared. "
        + (f"Please ask {escape(who)}." if who else NOBODY_MAY)
    )


def fees_may_apply(number: int, free: int, field: str) -> str:
    """Tell that a round is beyond the free ones."""
    return (
        f"This is certification round {number}. {_free(free)}, so additional fees may apply: "
        f"_{escape(field)}_ says so now. Please review them before the launch."
    )


def next_round_may_cost(free: int) -> str:
    """Tell after the last free round failed that the next may cost."""
    return f"Certification round {free} failed. {_free(free)}: *additional fees may apply to the next one.*"


def _free(count: int) -> str:
    return "No round is free" if count == 0 else "1 round is free" if count == 1 else f"{count} rounds are free"


def feedback_wanted(number: int, field: str, back: str) -> str:
    """Ask for the feedback of a failed round."""
    return (
        f"Certification round {number} is marked as failed. Please write into _{escape(field)}_ what must change; "
        f"the issue then goes back to {escape(back)} by itself."
    )


def way_back_closed(number: int, back: str, reasons: Iterable[object]) -> str:
    """Tell what else keeps a failed round's project from going back by itself."""
    head = f"*The way back to {escape(back)} after certification round {number} is closed while something is missing:*"
    return "\n".join([head, *_list(reasons)])


def slot_given_up(start: date) -> str:
    """Tell that the slot passed without the materials."""
    return (
        f"The certification slot of {start} has begun, but the materials are not in, so the slot is given up. "
        "The next free one is proposed as soon as they are."
    )


def status_unknown(status: str, stage: str) -> str:
    """Tell that the status belongs to no stage."""
    return (
        f"The status “{escape(status)}” belongs to no stage of this lifecycle. The project counts as in "
        f"{escape(stage)}, and nothing is checked until the issue has one of its statuses again."
    )


# --- Comments on a step ----------------------------------------------------------------------------------------------


def reopened_for_order(blamed: str) -> str:
    """Tell that the step came before its turn."""
    return (
        f"Reopened: {escape(blamed)} comes before this step, and was not done, or was done again since. "
        "Please check and close it again."
    )


def reopened_for_waiver(who: str) -> str:
    """Tell that whoever waived the step may not; `who` may."""
    if not who:
        return "Reopened: a required step can't be waived here. Please do it."
    return (
        "Reopened: a required step is waived only by those who may override a gate. "
        f"Please do it, or ask {escape(who)}."
    )


def reopened_for_approver(title: str) -> str:
    """Tell that somebody else approved."""
    return f"Reopened: this approval counts only from the {escape(title)} of the project."


def reopened_for_slot() -> str:
    """Tell that the slot must be agreed anew."""
    return (
        "Reopened: the slot was given up because the materials were not in. "
        "Please agree the next one once it is proposed."
    )


def overdue(due: date) -> str:
    """Remind of a due date."""
    return f"This was due on {due}. Please finish it, or set the day on which it will be done."


# --- In the description of a step ------------------------------------------------------------------------------------


def rest_in_field(name: str) -> str:
    """Tell where the rest of a text stands that is too long to be repeated."""
    return f"\n_… (the rest stands in the field {escape(name)})_"


# --- For the operator ------------------------------------------------------------------------------------------------


def foreign_edit(field: str, author: str | None, value: str | None, right: object) -> str:
    """Tell the operator that somebody else wrote a field that the service keeps."""
    found, kept = (repr(str(text)) if text is not None else "empty" for text in (value, right))
    return f"{author or 'somebody'} set {field!r} to {found}; it is put right to {kept}: let only the service edit it"


def unread(subtasks: Sequence[str]) -> str:
    """Tell the operator that nothing is decided while sub-tasks can't be read."""
    return (
        f"sub-tasks {', '.join(subtasks)} are listed but can't be read, so nothing is decided now; "
        "if that stays so, let the service's account see them"
    )


def no_way_on(number: int, outcome: str, stage: str) -> str:
    """Tell the operator that the workflow doesn't let the service carry a round's result out."""
    return (
        f"certification round {number} is {outcome}, but the workflow offers the service no transition to {stage!r}; "
        "add one, or move the issue by hand"
    )


def _list(reasons: Iterable[object]) -> list[str]:
    lines = [f"* {escape(str(reason))}" for reason in reasons]
    ends = accumulate(len(line) + 1 for line in lines)
    kept = [line for line, end in zip(lines, ends, strict=True) if end <= LONGEST_LIST]
    left = len(lines) - len(kept)
    return [*kept, f"* … and {left} more: see the open sub-tasks and the issues that block."] if left else kept


def _and(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
