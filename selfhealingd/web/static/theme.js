// Before anything is painted, so that a chosen theme never flashes in the other one.
// No module, as those wait for the page.
try {
  const theme = localStorage.getItem("theme");
  if (theme) document.documentElement.dataset.theme = theme;
} catch {
  // Storage is forbidden here: the system's colours then.
}
