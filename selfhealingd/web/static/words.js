// Numbers and times as people read them; the same forms as selfhealctl's.

// Milliseconds by which the daemon's clock is ahead of this one. What is told by the
// header of one answer is good to a second, so less than two are taken to be none.
let ahead = 0;

export function setClock(date) {
  const off = Date.parse(date) - Date.now();
  if (Number.isFinite(off)) ahead = Math.abs(off) < 2000 ? 0 : off;
}

// While nothing is known of what goes on, ages stand still.
let stopped = null;

export function stopClock(at) {
  stopped = at;
}

export function now() {
  return stopped ?? Date.now() + ahead;
}

export function secondsSince(time) {
  return (now() - Date.parse(time)) / 1000;
}

// The two largest units, such as 3h 12m.
export function duration(seconds) {
  let left = Math.max(0, Math.floor(seconds));
  const parts = [];
  for (const [size, unit] of [[86400, "d"], [3600, "h"], [60, "m"], [1, "s"]]) {
    const count = Math.floor(left / size);
    left %= size;
    if (count || parts.length || unit === "s") parts.push(`${count}${unit}`);
  }
  return parts.slice(0, 2).join(" ");
}

export function size(bytes) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let number = bytes;
  while (number >= 999.5 && units.length > 1) {
    number /= 1024;
    units.shift();
  }
  const digits = units[0] === "B" || number >= 99.95 ? 0 : 1;
  return `${number.toFixed(digits)} ${units[0]}`;
}

export function percent(number) {
  return `${number.toFixed(number < 99.95 ? 1 : 0)} %`;
}

export function count(number, one, many = `${one}s`) {
  return `${number} ${number === 1 ? one : many}`;
}

const HOUR = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const DAY = new Intl.DateTimeFormat([], { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

// Local time: that of today alone, else with its day.
export function moment(time) {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return time;
  const today = new Date(now()).toDateString() === date.toDateString();
  return (today ? HOUR : DAY).format(date);
}

export function full(time) {
  return new Date(time).toString();
}

// "restart, attempt 3, in 3.6 s" was true when it was told: count on from there.
const SPAN = /\d+(?:\.\d+)? (?:s|min|h|d)(?: \d+ (?:s|min|h))?(?![\s\S]*\d (?:s|min|h|d)\b)/;

export function counting(words, at) {
  if (!words || !at) return words;
  const left = Math.max(0, -secondsSince(at));
  return words.replace(SPAN, left < 10 ? `${left.toFixed(0)} s` : duration(left));
}

// A recommendation is several, "see why: selfhealctl show web; then: …": each as
// { words, command }, either of which may be empty.
const COMMAND = /^(?:(.*?):\s+)?((?:selfhealctl|systemctl|journalctl|echo|kill|cat|df|ps|chmod|chown|ls|tail) .+)$/;

export function steps(recommendation) {
  return recommendation.split(/;\s+/).map((part) => {
    const found = COMMAND.exec(part);
    return found ? { words: found[1] ?? "", command: found[2] } : { words: part, command: "" };
  });
}
