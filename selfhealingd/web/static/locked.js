// The token where there is nothing to confirm: to look.

import { Refused, forgetToken, holdToken } from "./api.js";
import { byId, put, set } from "./dom.js";
import { showWrong } from "./wrong.js";

let attempt = null;

// `next` does what the token is for, and throws Refused where it is not the one: then the
// dialog says so, and stays.
export function askForToken(words, next) {
  attempt = next;
  put(byId("unlock-words"), words);
  byId("unlock-token").value = "";
  fail(null);
  if (!byId("unlock").open) byId("unlock").showModal();
  byId("unlock-token").focus();
}

function fail(error) {
  showWrong("unlock-error", error);
  set(byId("unlock-token"), "aria-invalid", error !== null && "true");
}

async function unlock() {
  const token = byId("unlock-token");
  fail(null);
  byId("unlock-yes").disabled = true;
  holdToken(token.value.trim(), byId("unlock-keep").checked);
  try {
    await attempt();
    byId("unlock").close();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    forgetToken();
    fail(error);
    token.focus();
    token.select();
  } finally {
    byId("unlock-yes").disabled = false;
  }
}

export function beginLock() {
  byId("unlock-form").addEventListener("submit", (event) => {
    event.preventDefault();
    unlock();
  });
  byId("unlock-no").addEventListener("click", () => byId("unlock").close());
}
