import type { ReactElement } from 'react';
import { writeJson } from '../../api/lossless-json.ts';
import { CopyButton } from '../../components/copy-button.tsx';

/** JSON on many lines, with every digit that came. */
export function JsonView({ value, label }: { value: unknown; label: string }): ReactElement {
  const text = writeJson(value, 2);
  return (
    <div className="json">
      {/* It scrolls, so keys must reach it. */}
      <pre tabIndex={0} role="region" aria-label={label}>
        {text}
      </pre>
      <CopyButton text={text} />
    </div>
  );
}
