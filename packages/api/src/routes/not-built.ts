import { Router } from 'express';
import { notBuilt } from '../http/errors.ts';

/** Calls of the contract that a later release brings: refused by name, never ignored. */
const CALLS = [['post', '/batch/:id/rerun']] as const;

export function notBuiltRoutes(): Router {
  const router = Router();
  for (const [method, path] of CALLS) {
    router[method](path, () => {
      throw notBuilt([`${method.toUpperCase()} ${path}: is not built yet`]);
    });
  }
  return router;
}
