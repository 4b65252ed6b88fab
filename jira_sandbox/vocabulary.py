"""The names of the preset site: stages, people, fields, options."""

STAGES = ("Discovery", "Requirements", "Development", "Certification", "Launch", "Live")
ENDS = ("Declined", "Cancelled")
STEP_STATUSES = ("To Do", "In Progress", "Done", "Won't Do", "Certified", "Failed")
SIMPLE_STATUSES = ("To Do", "In Progress", "Done")
NEW, DONE = ("Discovery", "To Do"), ("Live", *ENDS, "Done", "Won't Do", "Certified", "Failed")

PEOPLE = {
    "tc": "Tess Consultant",
    "integrations": "Ira Integrations",
    "integrator": "Ivo Integrator",
    "client": "Clea Client",
    "sales": "Saul Sales",
    "admin": "Ada Admin",
    "service": "Stagegate Service",
}
ROLES = {10002: "Administrators", 10003: "Members", 10004: "Viewers"}
ADMINISTRATORS, MEMBERS = 10002, 10003

SYSTEM_FIELDS = (
    ("summary", "Summary", "text"), ("description", "Description", "textarea"),
    ("issuetype", "Issue Type", "issuetype"),
    ("project", "Project", "project"), ("status", "Status", "status"), ("priority", "Priority", "priority"),
    ("resolution", "Resolution", "resolution"), ("resolutiondate", "Resolved", "moment"),
    ("labels", "Labels", "labels"),
    ("assignee", "Assignee", "assignee"), ("reporter", "Reporter", "user"), ("creator", "Creator", "creator"),
    ("created", "Created", "moment"), ("updated", "Updated", "moment"), ("duedate", "Due date", "date"),
    ("environment", "Environment", "textarea"), ("parent", "Parent", "parent"), ("subtasks", "Sub-tasks", "subtasks"),
    ("issuelinks", "Linked Issues", "issuelinks"), ("comment", "Comment", "comment"),
    ("statuscategorychangedate", "Status Category Changed", "moment"), ("issuekey", "Key", "issuekey"),
    ("workratio", "Work Ratio", "workratio"), ("progress", "Progress", "progress"),
    ("aggregateprogress", "Σ Progress", "progress"), ("watches", "Watchers", "watches"), ("votes", "Votes", "votes"),
    ("components", "Components", "list"), ("versions", "Affects versions", "list"),
    ("fixVersions", "Fix versions", "list"),
)  # fmt: skip
SYSTEM_CLAUSES = {
    "summary": ("summary",), "description": ("description",), "priority": ("priority",), "labels": ("labels",),
    "assignee": ("assignee",), "reporter": ("reporter",), "duedate": ("due", "duedate"),
    "environment": ("environment",),
}  # fmt: skip

ROLE_FIELDS = (
    ("Technical Consultant", "user"), ("Integrations Engineer", "user"), ("Integrator Contact", "user"),
    ("Client Contact", "user"), ("Sales Contact", "user"),
)  # fmt: skip
SERVICE_FIELDS = (
    ("Integration Stage", "select"), ("Gate", "select"), ("Certification Round", "number"),
    ("Certification Result", "select"), ("Rounds Failed", "number"), ("Last Refusal", "datetime"),
    ("Last Override", "datetime"),
)  # fmt: skip
PEOPLE_FIELDS = (
    ("Integration Kind", "select"), ("Project Goals", "textarea"), ("Project Scope", "textarea"),
    ("Feasibility", "select"), ("IDI Date", "date"), ("Certification Start", "date"),
    ("Certification Feedback", "textarea"), ("Failure Reasons", "multiselect"), ("Additional Fees", "select"),
    ("Go-live Date", "date"), ("Gate Override", "text"),
)  # fmt: skip
OPTIONS = {
    "Integration Stage": (*STAGES, *ENDS),
    "Gate": ("Open", "Closed"),
    "Certification Result": ("Certified", "Failed", "Withdrawn"),
    "Integration Kind": ("New", "Update"),
    "Feasibility": ("Feasible", "Not feasible"),
    "Failure Reasons": (
        "duplicate calls", "authentication", "token expiry", "error handling", "wrong flow", "other",
    ),
    "Additional Fees": ("No", "May apply", "Agreed"),
}  # fmt: skip
COMMON_SCREEN = ("summary", "issuetype", "description", "assignee", "reporter", "priority", "labels", "duedate")

LINK_TYPES = (
    ("Blocks", "is blocked by", "blocks"),
    ("Cloners", "is cloned by", "clones"),
    ("Duplicate", "is duplicated by", "duplicates"),
    ("Relates", "relates to", "relates to"),
)
