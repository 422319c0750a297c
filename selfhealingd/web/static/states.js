// What states mean for whoever looks: how bad they are, and the sign of each. A colour is
// never the only sign.

const UP = new Set(["RUNNING", "STARTING", "STOPPING"]);

export function up(program) {
  return UP.has(program.state);
}

// What of its own probes isn't well, and isn't told otherwise.
export function failingProbes(program) {
  return program.probes.filter(
    (probe) => probe.answer && probe.answer !== "ok" && !(program.notReady && probe.failing)
      && !program.symptoms.some((one) => one.key === probe.name),
  );
}

// How bad it is, worst first, and the sign for it.
const LEVELS = [
  [0, "bad", (p) => p.state === "FATAL" || p.breaker === "PERMANENT_OPEN"],
  [1, "bad", (p) => p.state === "BACKOFF"],
  [1, "bad", (p) => p.state === "EXITED" && (p.incident || (p.wanted && p.next))],
  [2, "warn", (p) => up(p) && p.symptoms.length > 0],
  [2, "warn", (p) => p.state === "RUNNING" && (p.incident || p.breaker !== "CLOSED")],
  [3, "busy", (p) => p.state === "STARTING" || p.state === "STOPPING"],
  [3, "warn", (p) => p.notReady || failingProbes(p).length > 0],
  [4, "warn", (p) => p.removed || p.pendingUpdate],
  [5, "good", (p) => p.state === "RUNNING"],
];

export function judge(program) {
  const found = LEVELS.find(([, , holds]) => holds(program));
  const [rank, sign] = found ?? [6, "quiet"];
  return { rank, sign, unwell: rank < 5 };
}

const SIGNS = {
  healthy: "well",
  warning: "warn",
  critical: "bad",
  CLOSED: "good",
  OPEN: "warn",
  HALF_OPEN: "busy",
  PERMANENT_OPEN: "bad",
  waiting: "good",
  running: "busy",
  paused: "quiet",
  healed: "good",
  passed: "good",
  operator: "quiet",
  superseded: "quiet",
  interrupted: "quiet",
  neutral: "quiet",
  debug: "quiet",
  info: "quiet",
  warn: "warn",
  error: "bad",
};

// Of a word that the daemon uses; what isn't known is worth a look.
export function sign(word) {
  return SIGNS[word] ?? "warn";
}

export const TITLES = { healthy: "Healthy", warning: "Warning", critical: "Critical" };
