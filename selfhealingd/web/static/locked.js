// The token where there is nothing to confirm: to look.

import { holdToken } from "./api.js";
import { byId, put } from "./dom.js";

let then = null;

export function askForToken(words, next) {
  then = next;
  put(byId("unlock-words"), words);
  byId("unlock-token").value = "";
  if (!byId("unlock").open) byId("unlock").showModal();
  byId("unlock-token").focus();
}

export function beginLock() {
  byId("unlock-form").addEventListener("submit", (event) => {
    event.preventDefault();
    holdToken(byId("unlock-token").value.trim(), byId("unlock-keep").checked);
    byId("unlock").close();
    then?.();
  });
  byId("unlock-no").addEventListener("click", () => byId("unlock").close());
}
