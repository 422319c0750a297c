// Why something was refused, in the dialog that asked for it; a screen reader says it, too.

import { byId, put, show } from "./dom.js";

// `error` is a Refused, or null where all is well so far.
export function showWrong(id, error) {
  show(byId(id), error !== null);
  put(byId(id), error && `${error.message}${error.hint ? `: ${error.hint}` : ""}`);
}
