const START_OF_TEST = /^[ \t]*(?:test|it|describe)(?:\.\w+)*(?:<[^(]*>)?(?=\()/;
const TEXT = /^\(\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|`((?:[^`\\]|\\.)*)`)/;

/**
 * The title of the test that the source begins with: `test('title', …)`, or `test.each(table)('title', …)`.
 * Undefined when it begins with something else.
 */
export function readTitle(source: string): string | undefined {
  const start = START_OF_TEST.exec(source);
  if (start === null) return undefined;
  const end = endOfParentheses(source, start[0].length);
  const call = source[end] === '(' ? end : start[0].length;
  const title = TEXT.exec(source.slice(call));
  return title
    ?.slice(1)
    .find((text) => text !== undefined)
    ?.replaceAll(/\\(['"`\\])/g, '$1');
}

/** Where the parentheses that open here have been closed; texts are passed over, and so are comments. */
function endOfParentheses(source: string, open: number): number {
  const token = /'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`|\/\/.*|[()]/g;
  token.lastIndex = open;
  let depth = 0;
  for (let found = token.exec(source); found !== null; found = token.exec(source)) {
    if (found[0] === '(') depth++;
    else if (found[0] === ')' && --depth === 0) return token.lastIndex;
  }
  return source.length;
}
