import * as fs from 'node:fs';
import { dirname } from 'node:path';
import { stateDir } from './places.mjs';

/** Something of the machine stands in the way: its message is one sentence that says what to do. */
export class Problem extends Error {
  name = 'Problem';
}

/** The file that stands where a folder should be. */
function nearestFile(path) {
  for (let at = path; at !== dirname(at); at = dirname(at)) {
    try {
      return fs.statSync(at).isDirectory() ? path : at;
    } catch {
      // Below a file nothing can be asked for; further up.
    }
  }
  return path;
}

/** Turns an error of the file system into a sentence; others come back as they are. */
export function explain(error, path) {
  switch (error?.code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new Problem(`The disk that holds ${path} is full: free about 1 GB, then run the command again.`);
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new Problem(
        `${error.path ?? path} can't be written by this user: make it yours (chown -R) or delete it as the user who owns it, then run the command again.`,
      );
    case 'ENOTDIR':
    case 'EEXIST':
      if (!error.path?.startsWith(stateDir)) return error;
      return new Problem(`${nearestFile(error.path)} is in the way: delete it, then run the command again.`);
    default:
      return error;
  }
}

/**
 * npm does not always notice a full disk: it hangs, or leaves half a file and says that all is well.
 * @param needMb room that a step takes at the most
 */
export function requireRoom(path, needMb) {
  // Missing in Node before 18.15.
  const stat = fs.statfsSync?.(path);
  if (stat && stat.bavail * stat.bsize < needMb * 1024 * 1024) throw explain({ code: 'ENOSPC' }, path);
}

/** Turns the output of a failed npm or pnpm into a sentence about `what`. */
export function explainDownload(output, what, path) {
  if (/ENOSPC|EDQUOT|No space left|quota exceeded/i.test(output)) return explain({ code: 'ENOSPC' }, path);
  if (/EACCES|EPERM|EROFS|Permission denied|Read-only file system/i.test(output))
    return explain({ code: 'EACCES' }, path);
  const network =
    /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT|network|connect error|dns error|error sending request|timed? ?out/i;
  if (network.test(output)) {
    return new Problem(
      `${what} can't be fetched, since the package registry does not answer: check the network, or npm's registry and proxy settings, then run the command again.`,
    );
  }
  if (/OUTDATED_LOCKFILE|lockfile is not up to date|frozen-lockfile/i.test(output)) {
    return new Problem(
      'pnpm-lock.yaml does not fit the package.json files: run "pnpm install --no-frozen-lockfile" to bring it up to date, then run the command again.',
    );
  }
  const last = output.trim().split('\n').filter(Boolean).slice(-6).join('\n');
  return new Problem(
    `${what} can't be fetched: look at the message of the tool, then run the command again.\n${last}`,
  );
}
