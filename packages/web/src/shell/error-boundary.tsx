import { Component, type ReactNode } from 'react';
import { ErrorState } from '../components/page-states.tsx';

interface Props {
  readonly children: ReactNode;
}

/** Shows what went wrong in a page instead of nothing; the shell stays. */
export class ErrorBoundary extends Component<Props, { error: unknown }> {
  override state = { error: undefined as unknown };

  static getDerivedStateFromError(error: unknown): { error: unknown } {
    return { error };
  }

  override render(): ReactNode {
    if (this.state.error === undefined) return this.props.children;
    return <ErrorState error={this.state.error} retry={() => this.setState({ error: undefined })} />;
  }
}
