/** What a core does at least where it has its memory to itself: the machines that limits of time are meant for. */
const USUAL_MB_PER_SECOND = 150;
const TRIES = 5;
const ROWS = 5000;

/**
 * How many times slower than usual this machine is right now; 1 when it is not. Where many share its memory, everything
 * takes several times as long, CPU time included.
 */
export function slowness(): number {
  const row = {
    id: 'task-17',
    name: 'a task like others',
    parents: [1, 2, 3],
    metadata: { tenant: 'north' },
  };
  const text = JSON.stringify(Array.from({ length: ROWS }, () => row));
  const times = Array.from({ length: TRIES }, () => {
    const beganMs = performance.now();
    JSON.parse(text);
    return performance.now() - beganMs;
  });
  const megabytesPerSecond = text.length / 1000 / Math.min(...times);
  return Math.max(1, USUAL_MB_PER_SECOND / megabytesPerSecond);
}
