// Commands to type elsewhere: a press copies them.

import { h, icon } from "./dom.js";
import { toast } from "./toast.js";

export function copyable(command) {
  const code = h("code", {}, command);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(command);
      toast("Copied.", command);
    } catch {
      // Not allowed without HTTPS: marked, it is one key away.
      getSelection().selectAllChildren(code);
      toast("Marked: copy it with Ctrl-C.", command);
    }
  };
  return h("button", { type: "button", class: "command", "aria-label": `Copy: ${command}`, click: copy }, code, icon("copy"));
}
