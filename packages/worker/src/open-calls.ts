import type { WorkerLoad } from '@arcrun/database';
import { Gathered } from './gathered.ts';

/** A call that is open for so long hangs. */
const HANGING_MS = 2000;

/** Calls to an origin that has never answered: a task whose on_start fails is lost, and it may be a wrong address. */
const FIRST_CALLS_MAX = 8;

/** Origins without open calls that are remembered. */
const IDLE_ORIGINS_MAX = 100;

/** Of the origins that are full, those called last are told. */
const FULL_ORIGINS_TOLD = 100;

/**
 * Room is told of when so many places have become free, or so long after the first: a round costs nearly as much for
 * one as for many, and a full worker would take one at each end of a call.
 */
const WORTH_A_ROUND = 32;
const WORTH_A_ROUND_AFTER_MS = 5;

/** One call of a task or a notification; of a task that was handed back there may be two. */
interface OpenCall {
  readonly id: string;
  readonly origin: string;
  /** Those to its origin, of which it is one while it has a place. */
  calls: OriginCalls;
  over: Promise<void>;
}

/** The place that a call takes up, for one that is made again after a pause. */
export interface CallSlot {
  /** Nothing is open for a while; others may have the place. What is known of the origin is known of it at once. */
  pause(answered: boolean): void;
  /** Takes a place again; false when there is none. */
  resume(): boolean;
  /** Whether it has a place, or could have one. */
  readonly hasRoom: boolean;
}

interface OriginCalls {
  /** When each open call began, the oldest first. */
  readonly beganMs: Map<OpenCall, number>;
  hasAnswered: boolean;
  /** Whether the call that ended last got an answer. */
  answeredLast: boolean;
}

export interface OpenCallsOptions {
  readonly max: number;
  /** There is room again after there was none. */
  readonly onRoom: () => void;
  /** There is room again for an origin after there was none for it. */
  readonly onOriginRoom: () => void;
}

/**
 * The calls that a worker has open, up to a bound: it takes no more work than it can call at once.
 *
 * One origin gets at most half of the places. Those that have not answered yet, did not answer last, or whose oldest
 * call hangs, share one half: each gets half of what the others have left of it, and at least one. So many dead
 * receivers at once do not own the worker before anything is known of them, and one that is merely slow has its
 * share. One that has never answered gets few.
 */
export class OpenCalls {
  readonly #max: number;
  readonly #half: number;
  readonly #room: Gathered;
  readonly #originRoom: Gathered;
  readonly #open = new Set<OpenCall>();
  /** As many as there are places; what pauses beyond that keeps its place. */
  readonly #paused = new Set<OpenCall>();
  readonly #origins = new Map<string, OriginCalls>();

  constructor({ max, onRoom, onOriginRoom }: OpenCallsOptions) {
    this.#max = max;
    this.#half = Math.max(1, Math.floor(max / 2));
    // At once where few are all that there are.
    const enough = Math.min(WORTH_A_ROUND, Math.max(1, Math.floor(max / 2)));
    this.#room = new Gathered(enough, WORTH_A_ROUND_AFTER_MS, onRoom);
    this.#originRoom = new Gathered(enough, WORTH_A_ROUND_AFTER_MS, onOriginRoom);
  }

  get room(): number {
    return this.#max - this.#open.size;
  }

  get ids(): string[] {
    return [...this.#open, ...this.#paused].map(({ id }) => id);
  }

  /** Room for each origin that something is known of, and for any other. */
  rooms(): { readonly rooms: ReadonlyMap<string, number>; readonly originRoom: number } {
    const nowMs = performance.now();
    const doubtful = this.#doubtfulCalls(nowMs);
    const rooms = Array.from(
      this.#origins,
      ([origin, calls]) => [origin, this.#roomOf(calls, nowMs, doubtful)] as const,
    );
    return { rooms: new Map(rooms), originRoom: Math.min(this.#share(doubtful), FIRST_CALLS_MAX) };
  }

  /** What there is no room for. */
  load(): WorkerLoad {
    const full = [...this.rooms().rooms].filter(([, room]) => room <= 0);
    return { isFull: this.room <= 0, fullOrigins: full.slice(-FULL_ORIGINS_TOLD).map(([origin]) => origin) };
  }

  /** Begins a call. `run` handles its own errors and resolves to whether the origin answered. */
  begin(id: string, origin: string, run: (slot: CallSlot) => Promise<boolean>): void {
    const call: OpenCall = { id, origin, calls: this.#callsTo(origin), over: Promise.resolve() };
    this.#occupy(call);
    call.over = run(this.#slotOf(call)).then((answered) => this.#end(call, answered));
    this.#forgetIdleOrigins();
  }

  /** Resolves when all calls that are open now have ended. */
  async drained(): Promise<void> {
    await Promise.allSettled(Array.from([...this.#open, ...this.#paused], ({ over }) => over));
  }

  #slotOf(call: OpenCall): CallSlot {
    const hasRoom = () => !this.#paused.has(call) || (this.room > 0 && this.#hasRoom(call.calls));
    return {
      get hasRoom() {
        return hasRoom();
      },
      pause: (answered) => {
        if (this.#paused.size >= this.#max) return;
        this.#free(call, answered);
        this.#paused.add(call);
      },
      resume: () => {
        // It may have been forgotten meanwhile, and called anew.
        call.calls = this.#callsTo(call.origin);
        if (!hasRoom()) return false;
        if (this.#paused.delete(call)) this.#occupy(call);
        return true;
      },
    };
  }

  /** What is known of an origin that is called now: those called last are at the end. */
  #callsTo(origin: string): OriginCalls {
    const calls = this.#origins.get(origin) ?? {
      beganMs: new Map(),
      hasAnswered: false,
      answeredLast: false,
    };
    this.#origins.delete(origin);
    this.#origins.set(origin, calls);
    return calls;
  }

  #occupy(call: OpenCall): void {
    call.calls.beganMs.set(call, performance.now());
    this.#open.add(call);
  }

  #end(call: OpenCall, answered: boolean): void {
    if (!this.#paused.delete(call)) this.#free(call, answered);
  }

  /** Gives the place of an open call to others. */
  #free(call: OpenCall, answered: boolean): void {
    const { calls } = call;
    const wasFull = this.room <= 0;
    const hadRoom = this.#hasRoom(calls);
    this.#open.delete(call);
    calls.beganMs.delete(call);
    calls.answeredLast = answered;
    calls.hasAnswered ||= answered;
    if (wasFull || this.#room.isGathering) this.#room.add();
    if ((!hadRoom && this.#hasRoom(calls)) || this.#originRoom.isGathering) this.#originRoom.add();
  }

  #hasRoom(calls: OriginCalls): boolean {
    return this.#roomOf(calls, performance.now()) > 0;
  }

  /** @param doubtful calls of all origins in doubt, where they have been counted */
  #roomOf(calls: OriginCalls, nowMs: number, doubtful?: number): number {
    const open = calls.beganMs.size;
    const most = isDoubtful(calls, nowMs)
      ? this.#share((doubtful ?? this.#doubtfulCalls(nowMs)) - open)
      : this.#half;
    return (calls.hasAnswered ? most : Math.min(most, FIRST_CALLS_MAX)) - open;
  }

  /** What an origin in doubt may have open when the others have so many calls. */
  #share(others: number): number {
    return Math.max(1, Math.floor((this.#half - others) / 2));
  }

  /** Open calls of all origins in doubt. */
  #doubtfulCalls(nowMs: number): number {
    let count = 0;
    for (const calls of this.#origins.values()) if (isDoubtful(calls, nowMs)) count += calls.beganMs.size;
    return count;
  }

  #forgetIdleOrigins(): void {
    if (this.#origins.size <= IDLE_ORIGINS_MAX) return;
    for (const [origin, { beganMs }] of this.#origins) {
      if (beganMs.size === 0) this.#origins.delete(origin);
      if (this.#origins.size <= IDLE_ORIGINS_MAX) return;
    }
  }
}

function isDoubtful({ answeredLast, beganMs }: OriginCalls, nowMs: number): boolean {
  const [oldestMs] = beganMs.values();
  return !answeredLast || (oldestMs !== undefined && nowMs - oldestMs > HANGING_MS);
}
