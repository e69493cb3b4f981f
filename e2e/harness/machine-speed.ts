/** What it takes where Express answers a small POST in 0.2 ms of CPU: the machines that limits of time are meant for. */
const USUAL_CPU_MS = 22;
const TRIES = 5;
const NODES = 20_000;

/**
 * How many times slower than usual this machine is right now; 1 when it is not. Where many share its caches and its
 * memory, everything takes several times as long, CPU time included, and some work much more than other: so what is
 * measured is of the kind that pages and servers do, with objects, strings, a map and a sort.
 */
export function slowness(): number {
  const times = Array.from({ length: TRIES }, cpuMsOfWork).toSorted((a, b) => a - b);
  return Math.max(1, times[TRIES >> 1]! / USUAL_CPU_MS);
}

function cpuMsOfWork(): number {
  const before = process.cpuUsage();
  const nodes = Array.from({ length: NODES }, (_, index) => ({
    id: `task-${index}`,
    layer: index % 97,
    x: 0,
    parents: [`task-${index >> 1}`, `task-${index >> 2}`],
  }));
  const byId = new Map(nodes.map((node) => [node.id, node]));
  for (const node of nodes)
    node.x = node.parents.reduce((sum, parent) => sum + byId.get(parent)!.layer, 0) / 2;
  nodes.sort((a, b) => a.x - b.x || (a.id < b.id ? -1 : 1));
  JSON.parse(JSON.stringify(nodes));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
