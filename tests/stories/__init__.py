"""Stories: what people do in Jira, and what the service makes of it. They read as documentation of the process."""
