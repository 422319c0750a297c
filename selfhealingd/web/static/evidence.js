// All that was kept of an incident, where what is empty is left out: what programs wrote
// stands here as they wrote it.

import { h } from "./dom.js";
import { size } from "./words.js";

export function evidence(found) {
  return h("div", {},
    block("How it ended", [found.end, found.core, found.oom].filter(Boolean)),
    block("Telling lines", found.telling),
    (found.output ?? []).map((said) => block(`${said.path}${said.cut ? " (its end)" : ""}`, said.lines)),
    block("Changed before", found.changed),
    block("Kernel", found.kernel),
    block("Kernel stack", found.kernelStack),
    block("Python stack", found.pythonStack),
    block("Processes", found.tree?.map((one) => `${one.pid} ${one.state} ${one.memory === null ? "" : size(one.memory)} ${one.command || one.name}`)),
    found.files && block(`Open files: ${found.files.open}${found.files.limit ? ` of ${found.files.limit}` : ""}`, found.files.most.map((one) => `${one.count} × ${one.what}`)),
    block("Process", pairs(found.process)),
    block("Limits", pairs(found.limits)),
    block("Host", pairs(found.host)),
    block("Missing", pairs(found.missing)),
  );
}

function block(title, lines) {
  return lines && lines.length > 0 && [h("h3", {}, title), h("pre", { tabindex: "0", "aria-label": title }, lines.join("\n"))];
}

function pairs(table) {
  return table && Object.entries(table).map(([name, value]) => `${name}: ${value}`);
}
