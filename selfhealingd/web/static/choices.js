// What a deed lets one choose: the runbooks, those first that the service names itself.

import { look } from "./api.js";

let runbooks = [];

export async function fetchRunbooks() {
  runbooks = await look("runbooks");
}

// [value, words] of each, the best first.
export function runbooksFor(name) {
  const own = runbooks.filter((one) => one.services.includes(name));
  const others = runbooks.filter((one) => !one.services.includes(name));
  return [...own, ...others].map((one) => [one.name, own.includes(one) ? `${one.name} (of its remedies)` : one.name]);
}
