/** Something of the machine stands in the way. The message is one sentence that says what to do; no stack is shown. */
export class StartupError extends Error {
  override readonly name = 'StartupError';
}

/** Turns a full disk or a missing permission into a sentence; other errors come back as they are. */
export function explainSystemError(error: unknown, path: string): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new StartupError(`The disk that holds ${path} is full: free some space, then start again.`);
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new StartupError(
        `${path} can't be written by this user: make it yours (chown -R) or delete it as the user who owns it, then start again.`,
      );
    default:
      return error;
  }
}
