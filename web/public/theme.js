// Runs before the first paint, so that a chosen theme never flashes the other one. Kept in step with state/settings.ts.
try {
  var theme = JSON.parse(localStorage.getItem("fathom:settings") || "{}").theme;
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // no storage or a damaged record: the system's theme it is
}
