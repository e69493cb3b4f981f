import { DETAILS_MAX } from '../limits.ts';

/** Collects `"<field>: <message>"` lines until the list is full; work should stop then. */
export class ErrorList {
  readonly details: string[] = [];

  get isFull(): boolean {
    return this.details.length >= DETAILS_MAX;
  }

  get isEmpty(): boolean {
    return this.details.length === 0;
  }

  add(field: string, message: string): void {
    this.addLine(`${field}: ${message}`);
  }

  /** Adds a ready `"<field>: <message>"`. */
  addLine(line: string): void {
    if (!this.isFull) this.details.push(line);
  }
}

export type Invalid = { readonly ok: false; readonly details: string[] };
