// Says under which names an image is published: `node infra/image/image-tags.mjs IMAGE REF COMMIT` prints one a line, or
// nothing for a ref that is not published.
const COMMIT_LENGTH = 7;

const [image, ref, commit] = process.argv.slice(2);
if (image === undefined || ref === undefined || !/^[0-9a-f]{40}$/.test(commit ?? '')) {
  process.stderr.write('Say the image, the full name of the ref and the commit.\n');
  process.exit(1);
}
// Registries take no capitals, and owners of repositories may have some.
for (const tag of tagsOf(ref)) process.stdout.write(`${image.toLowerCase()}:${tag}\n`);

/** A release under all numbers that it is the newest of, but for 0, which promises nothing; main as the latest. */
function tagsOf(name) {
  if (name === 'refs/heads/main') return ['latest'];
  const version = /^refs\/tags\/v(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$/.exec(name);
  if (version === null) return [];
  const [, major, minor, patch] = version;
  return [
    `${major}.${minor}.${patch}`,
    `${major}.${minor}`,
    ...(major === '0' ? [] : [major]),
    `sha-${commit.slice(0, COMMIT_LENGTH)}`,
  ];
}
