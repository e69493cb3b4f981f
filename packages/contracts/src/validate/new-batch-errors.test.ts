import { describe, expect, test } from 'vitest';
import { METADATA_MAX_BYTES } from '../limits.ts';
import type { Json } from './lossless-json.ts';
import { after, details, limit, listOf, task, CALL, MATCHER } from './sample-requests.ts';

describe('what is wrong is named, all at once', () => {
  const cases: [Json, string[]][] = [
    ['x', ['body: must be an array of tasks or an object with tasks']],
    [null, ['body: must be an array of tasks or an object with tasks']],
    [{}, ['tasks: is required']],
    [{ tasks: {} }, ['tasks: must be an array']],
    [[1], ['tasks[0]: must be an object']],
    [
      [{}],
      [
        'tasks[0].id: is required',
        'tasks[0].name: is required',
        'tasks[0].kind: is required',
        'tasks[0].on_start: is required',
      ],
    ],
    [
      [task({ id: ' ', name: '\t', kind: '' })],
      [
        'tasks[0].id: must not be blank',
        'tasks[0].name: must not be blank',
        'tasks[0].kind: must not be empty',
      ],
    ],
    [[task({ id: null })], ['tasks[0].id: must be a string']],
    [
      [task({ name: 'n'.repeat(256), kind: 'k'.repeat(101) })],
      ['tasks[0].name: must have at most 255 characters', 'tasks[0].kind: must have at most 100 characters'],
    ],
    [
      [
        task({ timeout: 0 }),
        task({ id: 'b', timeout: 86401 }),
        task({ id: 'c', timeout: 1.5 }),
        task({ id: 'd', timeout: '60' }),
      ],
      [
        'tasks[0].timeout: must be at least 1',
        'tasks[1].timeout: must be at most 86400',
        'tasks[2].timeout: must be an integer',
        'tasks[3].timeout: must be an integer',
      ],
    ],
    [
      [task({ priority: 1001 }), task({ id: 'b', priority: -1001 })],
      ['tasks[0].priority: must be at most 1000', 'tasks[1].priority: must be at least -1000'],
    ],
    [
      [task({ expected_count: -1, dead_end_barrier: 1 })],
      ['tasks[0].expected_count: must be at least 0', 'tasks[0].dead_end_barrier: must be a boolean'],
    ],
    [[task(), task()], ['tasks[1].id: the id "a" is also that of tasks[0]']],
    [[after('a', 'x')], ['tasks[0].dependencies[0].id: no task of the request has the id "x"']],
    [[after('a', 'a')], ['tasks[0].dependencies[0].id: a task cannot depend on itself']],
    [[task(), after('b', 'a', 'a')], ['tasks[1].dependencies[1].id: the dependency on "a" is there twice']],
    [
      [task({ dependencies: [1, { id: 'b' }, { requires_success: 1 }] })],
      [
        'tasks[0].dependencies[0]: must be an object',
        'tasks[0].dependencies[1].requires_success: is required',
        'tasks[0].dependencies[2].id: is required',
        'tasks[0].dependencies[2].requires_success: must be a boolean',
      ],
    ],
    [
      [after('a', 'b'), after('b', 'a')],
      ['tasks[0].dependencies: the dependencies form a cycle: a -> b -> a'],
    ],
    [
      [task({ metadata: 'x'.repeat(METADATA_MAX_BYTES - 1) })],
      [`tasks[0].metadata: must be at most 65536 bytes when written compactly`],
    ],
    [
      { tasks: [], scope: '', metadata: { a: '\0' } },
      ['scope: must not be empty', 'metadata.a: must not contain the character NUL'],
    ],
    [{ tasks: [], scope: 's'.repeat(256) }, ['scope: must have at most 255 characters']],
    [
      { tasks: [], on_batch_complete: [{ kind: 'Mail' }] },
      ['on_batch_complete[0].params: is required', 'on_batch_complete[0].kind: must be one of Webhook'],
    ],
    [
      [task({ on_success: CALL, on_failure: [1] })],
      ['tasks[0].on_success: must be an array', 'tasks[0].on_failure[0]: must be an object'],
    ],
    [
      [task({ on_success: listOf(20, CALL) })],
      ['tasks[0]: has 21 actions; at most 20 are allowed, all triggers together'],
    ],
    [{ tasks: [], on_batch_complete: listOf(21, CALL) }, ['on_batch_complete: must have at most 20 entries']],
    [[task({ rules: listOf(11, limit(1)) })], ['tasks[0].rules: must have at most 10 entries']],
    [
      [task({ dedupe_strategy: listOf(11, MATCHER) })],
      ['tasks[0].dedupe_strategy: must have at most 10 entries'],
    ],
    [
      [task({ dedupe_strategy: [{ ...MATCHER, status: 'running', fields: listOf(11, 'f') }] })],
      [
        'tasks[0].dedupe_strategy[0].status: must be one of Waiting, Pending, Claimed, Running, Success, Failure, Paused, Canceled',
        'tasks[0].dedupe_strategy[0].fields: must have at most 10 entries',
      ],
    ],
    [
      [
        task({
          rules: [
            { type: 'Speed' },
            { type: 'Concurency', max_concurency: 1, matcher: { status: 'Running', fields: [1] } },
          ],
        }),
      ],
      [
        'tasks[0].rules[0].type: must be one of Concurency, Capacity',
        'tasks[0].rules[1].matcher.kind: is required',
        'tasks[0].rules[1].matcher.fields[0]: must be a string',
      ],
    ],
    [
      [task({ rules: [limit(0), limit(-1, 'other')] })],
      [
        "tasks[0].rules[0].max_concurency: must be at least 1 when the matcher's kind is the task's own",
        'tasks[0].rules[1].max_concurency: must be at least 0',
      ],
    ],
    [
      [task({ rules: [{ type: 'Concurency', max_concurency: 1, matcher: 5 }] })],
      ['tasks[0].rules[0].matcher: must be an object'],
    ],
    [
      [task({ rules: [{ type: 'Concurency', matcher: MATCHER }] })],
      ['tasks[0].rules[0].max_concurency: is required'],
    ],
    [
      [task({ rules: [{ type: 'Capacity', max_capacity: 0, matcher: { ...MATCHER, status: 'Pending' } }] })],
      [
        'tasks[0].rules[0].max_capacity: must be at least 1',
        'tasks[0].rules[0].matcher.status: must be Running in a Capacity rule',
        'tasks[0].rules[0]: a Capacity rule needs expected_count on the task',
      ],
    ],
  ];

  // proves: http/wrong-type, http/error-details, http/all-errors, http/task-fields, http/task-lists-limits,
  // http/task-blank, http/deps-errors, http/deps-cycle, rules/fields-limit, rules/concurency,
  // rules/concurency-other-kind, rules/capacity, rules/capacity-needs-count
  test.each(cases)('%#: %j', (value, expected) => {
    expect(details(value)).toEqual(expected);
  });

  // proves: http/task-metadata-limit, rules/concurency-other-kind
  test('0 is allowed where only other kinds are counted, and metadata of exactly the limit', () => {
    expect(
      details([task({ rules: [limit(0, 'other')], metadata: 'x'.repeat(METADATA_MAX_BYTES - 2) })]),
    ).toEqual([]);
    expect(details([task({ metadata: 'é'.repeat(METADATA_MAX_BYTES / 2) })])).toHaveLength(1);
  });
});
