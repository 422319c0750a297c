// The last minutes of each service's cpu and memory, and their pictures.

import { set, svg } from "./dom.js";
import { count, now, percent, size } from "./words.js";

const POINTS = 60;
const WIDTH = 72;
const HEIGHT = 18;
const EDGE = 1.5;

// One point of a picture is the most of one step; steps are numbered from `begin` on.
let step = 5000;
let begin = 0;

// Of each service, by metric: the values of its steps.
const kept = new Map();

function steps(name, metric) {
  const key = `${metric} ${name}`;
  if (!kept.has(key)) kept.set(key, new Map());
  return kept.get(key);
}

// What the daemon remembers: the answer of `history`, whose steps are ours from here on.
export function remember(history) {
  kept.clear();
  step = history.step * 1000;
  begin = Date.parse(history.times[0]);
  for (const { name, cpu, memory } of history.services) {
    cpu.forEach((value, place) => keep(name, "cpu", value, place));
    memory.forEach((value, place) => keep(name, "memory", value, place));
  }
}

export function note(name, metric, value) {
  keep(name, metric, value, current());
}

function current() {
  return Math.floor((now() - begin) / step);
}

function keep(name, metric, value, place) {
  if (value === null || value === undefined) return;
  const points = steps(name, metric);
  points.set(place, Math.max(value, points.get(place) ?? -Infinity));
  for (const old of points.keys()) if (old <= place - POINTS) points.delete(old);
}

export function forget(names) {
  for (const key of kept.keys()) {
    if (!names.has(key.slice(key.indexOf(" ") + 1))) kept.delete(key);
  }
}

// A picture of `metric`: { node, update(name) }. Time goes to the right and ends now;
// what wasn't measured is a gap.
export function sparkline(metric) {
  const area = svg("path", { class: "area" });
  const line = svg("path", { class: "line" });
  const box = { class: `spark ${metric}`, viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img" };
  const node = svg("svg", box, area, line);
  let drawn = "";

  function update(name) {
    const points = steps(name, metric);
    const last = current();
    const mark = `${last} ${begin} ${points.size} ${points.get(last)}`;
    if (mark === drawn) return;
    drawn = mark;
    const values = [...points.values()];
    const most = Math.max(0, ...values);
    const least = Math.min(most, ...values);
    set(node, "aria-label", described(metric, values.length, least, most));
    const picture = draw(points, last, scale(metric, least, most));
    set(line, "d", picture.line);
    set(area, "d", picture.area);
  }
  return { node, update };
}

function described(metric, number, least, most) {
  if (number < 2) return `${metric}: too early for a picture`;
  const words = metric === "cpu" ? percent : size;
  const minutes = count(Math.max(1, Math.round((POINTS * step) / 60_000)), "minute");
  return `${metric} in the last ${minutes}: between ${words(least)} and ${words(most)}`;
}

// Small numbers stay small: 0.2 % of cpu is no mountain, nor is 1 % more memory.
function scale(metric, least, most) {
  if (metric === "cpu") return { low: 0, high: Math.max(most, 10) };
  const high = Math.max(most, least * 1.2, 1);
  return { low: least - (high - least) * 0.25, high };
}

function draw(points, last, { low, high }) {
  const x = (place) => (WIDTH - EDGE - ((last - place) * (WIDTH - 2 * EDGE)) / (POINTS - 1)).toFixed(1);
  const y = (value) => (HEIGHT - EDGE - ((value - low) / (high - low)) * (HEIGHT - 2 * EDGE)).toFixed(1);
  let line = "";
  let area = "";
  for (const stretch of stretches(points, last)) {
    const path = stretch.map(([place, value]) => `${x(place)} ${y(value)}`).join("L");
    line += `M${path}h0.1`;
    area += `M${path}V${HEIGHT}H${x(stretch[0][0])}Z`;
  }
  return { line, area };
}

// Until what sweeps measure is a step late, there is no gap.
function stretches(points, last) {
  const found = [];
  let before = -Infinity;
  for (const point of [...points].sort(([a], [b]) => a - b)) {
    if (point[0] <= last - POINTS) continue;
    if (point[0] - before > 2) found.push([]);
    found.at(-1).push(point);
    before = point[0];
  }
  return found;
}
