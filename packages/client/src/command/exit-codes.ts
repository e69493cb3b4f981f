/** What the exit code of the command says; part of its interface. */
export const EXIT = {
  /** Done; of a batch that was watched: every task succeeded. */
  done: 0,
  /** The batch that was watched ended with tasks that failed or were canceled. */
  unsuccessful: 1,
  /** A wrong word on the command line, or a file that is not as it should be. */
  usage: 2,
  /** No such batch, task or delivery. */
  unknown: 3,
  /** The server understood and refused. */
  refused: 4,
  /** The server gave no answer, or failed. */
  away: 5,
  /** The token is missing or wrong. */
  token: 6,
  /** Ctrl-C. */
  interrupted: 130,
} as const;
