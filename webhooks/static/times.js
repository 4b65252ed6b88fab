// Tells each moment in the reader's own zone; the exact time in the project's zone stays on hover. Days are left alone.
for (const shown of document.querySelectorAll("time[datetime]:not([data-day])")) {
  const at = new Date(shown.dateTime);
  if (!Number.isNaN(at.getTime())) {
    shown.textContent = at.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
  }
}
