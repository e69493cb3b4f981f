import type { ReactElement } from 'react';
import { DemoForm } from './demo-form.tsx';
import { Samples } from './samples.tsx';

/** What is seen before there is any batch: how to make one. */
export function FirstBatch(): ReactElement {
  return (
    <section className="first-batch" aria-labelledby="first-batch">
      <div>
        <h2 id="first-batch">No batches yet</h2>
        <p className="faint">
          A batch is a set of tasks that depend on one another. You post it; ArcRun calls each task’s{' '}
          <code>on_start</code> when its parents are done and its rules allow it, and the receiver reports the
          end on the <code>handle</code> that it is given.
        </p>
      </div>
      <Samples />
      <div className="card">
        <h2>Or see one run</h2>
        <DemoForm />
      </div>
    </section>
  );
}
