// Many alike that are all well are one row, which opens into them.

import { deedButton } from "./doing.js";
import { h, icon, put, set } from "./dom.js";
import { up } from "./states.js";
import { duration, full, percent, secondsSince, size } from "./words.js";

const MANY = 8;

const opened = new Set();

// What `services` are shown as: where at least so many of a kind are well, { folded, name,
// members } stands in the place of the first, and before them while it is open.
export function fold(services) {
  const kinds = new Map();
  for (const one of services.filter(quiet)) {
    const kind = kindOf(one);
    if (!kinds.has(kind)) kinds.set(kind, []);
    kinds.get(kind).push(one);
  }
  const told = new Set();
  return services.flatMap((one) => {
    const kind = quiet(one) && kindOf(one);
    const members = kinds.get(kind) ?? [];
    if (members.length < MANY) return [one];
    if (told.has(kind)) return opened.has(kind) ? [one] : [];
    told.add(kind);
    const row = { folded: kind, name: named(members), members };
    return opened.has(kind) ? [row, one] : [row];
  });
}

export function unfold(one) {
  opened.add(kindOf(one));
}

function quiet(one) {
  return up(one) && !one.judged.unwell;
}

// Copies of one program, members of one group, or names that differ in a number alone.
function kindOf(one) {
  const many = manyOf(one).at(0);
  return `${one.kind} ${many ? `of ${many}` : one.name.replace(/\d+/g, "*")}`;
}

// What stands for a service and others together wherever a name is asked for.
export function manyOf({ name, copyOf, group }) {
  return [...new Set([copyOf, group])].filter((many) => many && many !== name);
}

function named(members) {
  const [{ name, copyOf }] = members;
  if (!copyOf && manyOf(members[0]).length) return manyOf(members[0])[0];
  const names = members.map((one) => one.name);
  let common = name;
  while (!names.every((one) => one.startsWith(common))) common = common.slice(0, -1);
  return `${common.replace(/\d+$/, "")}*`;
}

export function foldedRow({ folded, members: [first] }, again) {
  const many = manyOf(first).at(0);
  const state = h("span", { class: "good" });
  const name = h("span");
  const open = h("button", { type: "button", class: "name", click: toggle }, icon("more"), name);
  const time = h("time");
  const cpu = h("span", { class: "value" });
  const memory = h("span", { class: "value" });
  const story = h("span");
  const node = h("tbody", { role: "rowgroup", class: "folded" }, h("tr", { role: "row" },
    h("td", { role: "cell", class: "is" }, h("span", { class: "state" }, icon("good"), state)),
    h("th", { role: "rowheader", scope: "row" }, open),
    h("td", { role: "cell", class: "number since" }, time),
    h("td", { role: "cell", class: "measured" }, h("span", { class: "pair" }, h("span", { class: "label" }, "cpu"), cpu, h("span", { class: "spark" }))),
    h("td", { role: "cell", class: "measured" }, h("span", { class: "pair" }, h("span", { class: "label" }, "memory"), memory, h("span", { class: "spark" }))),
    h("td", { role: "cell", class: "tells" }, h("div", { class: "story" }, story)),
    h("td", { role: "cell", class: "does" }, h("span", { class: "acts" }, many && [deedButton("rolling", many, { words: "Restart" }), deedButton("stop", many)]))));

  function update({ name: words, members }) {
    const since = members.map((one) => one.since).sort().at(-1);
    put(state, members[0].state);
    put(name, `${members.length} ${words}`);
    put(time, duration(secondsSince(since)));
    set(time, "title", `the youngest, since ${full(since)}`);
    put(cpu, sum(members, "cpu", percent));
    put(memory, sum(members, "memory", size));
    put(story, opened.has(folded) ? "each of them below" : "all well; together");
    set(open, "aria-expanded", String(opened.has(folded)));
    node.classList.toggle("open", opened.has(folded));
  }

  function toggle() {
    if (!opened.delete(folded)) opened.add(folded);
    again();
  }
  return { node, update };
}

function sum(members, metric, words) {
  const known = members.map((one) => one[metric]).filter((value) => value !== null && value !== undefined);
  return known.length ? words(known.reduce((all, value) => all + value, 0)) : "–";
}
